import * as z from 'zod';
import { objectName, sectionName } from '../schema/field.ts';
import { rule } from '../schema/rule.ts';
import { quote } from '../schema/wording.ts';

/** The API group of each kind that authorization can be for. */
const groups = {
  Gateway: 'gateway.networking.k8s.io',
  HTTPRoute: 'gateway.networking.k8s.io',
  GRPCRoute: 'gateway.networking.k8s.io',
  Service: '',
} as const;

type TargetKind = keyof typeof groups;

/** What an AuthorizationPolicy is for. */
export const authorizationTarget = () =>
  z
    .strictObject({
      group: z
        .enum(['gateway.networking.k8s.io', ''])
        .optional()
        .describe(
          'API group of the kind: gateway.networking.k8s.io, or empty for Service; absent: as the kind needs it.',
        ),
      kind: z
        .enum(Object.keys(groups) as [TargetKind, ...TargetKind[]])
        .describe('Gateway, HTTPRoute, GRPCRoute or Service.'),
      name: objectName().describe('Name of the target, in the namespace of the policy.'),
      sectionName: sectionName()
        .optional()
        .describe('Listener of the Gateway, or rule of the route; absent: all. A Service has none.'),
    })
    .check(
      rule(['group', 'kind', 'sectionName'], function* ({ group, kind, sectionName: section }) {
        if (!Object.hasOwn(groups, kind)) return;
        if (group !== undefined && group !== groups[kind])
          yield { path: ['group'], message: `${kind} is not of group ${quote(group)}`, expected: quote(groups[kind]) };
        if (kind === 'Service' && section !== undefined) {
          const expected = 'no sectionName (rules can ask for ports)';
          yield { path: ['sectionName'], message: 'a Service is protected as a whole', expected };
        }
      }),
    );

/** Says the group that a kind is of, where the reference leaves it open. */
export function withGroup<T extends { kind: TargetKind; group?: string | undefined }>(
  ref: T,
): T & { group: (typeof groups)[TargetKind] } {
  return { ...ref, group: groups[ref.kind] };
}
