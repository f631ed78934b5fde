import * as z from 'zod';
import { group, kindName, namespaceName, objectName, port } from '../schema/field.ts';
import { rule } from '../schema/rule.ts';

/** The fields of every reference to something that requests can be sent to. */
export const backendRefFields = {
  group: group().default('').describe('API group: empty for Service, selvage.dev for Backend.'),
  kind: kindName().default('Service').describe('Service or Backend.'),
  name: objectName().describe('Name of the referent.'),
  namespace: namespaceName()
    .optional()
    .describe('Namespace of the referent; another one than the own needs a ReferenceGrant.'),
  port: port().optional().describe('Port of the Service; required for one.'),
};

/**
 * The share that one of several references gets.
 *
 * @param what is shared out
 */
export const weight = (what: 'requests' | 'connections') =>
  z
    .int()
    .min(0)
    .max(1_000_000)
    .default(1)
    .describe(`Share of ${what}, relative to the sum of all weights of the rule; 0: none.`);

interface Reference {
  readonly group: string;
  readonly kind: string;
  readonly port?: number | undefined;
}

/** A Service may have many ports: which one is meant must be said. */
export const servicePortGiven = rule<Reference>(['group', 'kind', 'port'], function* (reference) {
  if (reference.group === '' && reference.kind === 'Service' && reference.port === undefined) {
    yield {
      path: ['port'],
      message: 'required field is missing',
      expected: 'the port of the Service, an integer from 1 to 65535',
    };
  }
});
