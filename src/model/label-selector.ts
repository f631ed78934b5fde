import * as z from 'zod';
import type { DeepReadonly } from './schema/freeze.ts';
import { labels, labelValue, qualifiedKey } from './schema/field.ts';
import { rule } from './schema/rule.ts';

const requirement = z
  .strictObject({
    key: qualifiedKey().describe('Label that the requirement is about.'),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('How the label relates to the values.'),
    values: z.array(labelValue()).default([]).describe('Values for In and NotIn; empty for the others.'),
  })
  .check(
    rule(['operator', 'values'], function* ({ operator, values }) {
      const wantsValues = operator === 'In' || operator === 'NotIn';
      if (wantsValues && values.length === 0) {
        yield { path: ['values'], message: `operator ${operator} needs a value`, expected: 'at least 1 item' };
      }
      if (!wantsValues && values.length > 0) {
        yield { path: ['values'], message: `operator ${operator} takes no values`, expected: 'an empty list' };
      }
    }),
  );

/** Chooses resources by their labels; every condition must hold. */
export const labelSelector = () =>
  z.strictObject({
    matchLabels: labels().default({}).describe('Labels that must have exactly these values.'),
    matchExpressions: z.array(requirement).default([]).describe('Further conditions on labels.'),
  });

/** Chooses resources by their labels. An empty selector chooses all. */
export type LabelSelector = DeepReadonly<z.output<ReturnType<typeof labelSelector>>>;

/** Tells whether labels satisfy a selector. */
export function selectsLabels(selector: LabelSelector, actual: Readonly<Record<string, string>>): boolean {
  return (
    Object.entries(selector.matchLabels).every(([key, value]) => actual[key] === value) &&
    selector.matchExpressions.every(({ key, operator, values }) => {
      const value = actual[key];
      switch (operator) {
        case 'In':
          return value !== undefined && values.includes(value);
        case 'NotIn':
          // A label that is absent is not in the list either, as in Kubernetes.
          return value === undefined || !values.includes(value);
        case 'Exists':
          return value !== undefined;
        case 'DoesNotExist':
          return value === undefined;
      }
    })
  );
}
