import * as z from 'zod';
import { exactPath } from './policy/authorization-pattern.ts';
import { mtlsMode } from './policy/mtls-mode.ts';
import { targetsTellApart } from './policy/target-ref.ts';
import { objectName, sectionName } from './schema/field.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';
import { distinct } from './schema/rule.ts';

const targetRef = z.strictObject({
  group: z.literal('').default('').describe('API group of Service: empty.'),
  kind: z.literal('Service').default('Service').describe('Service.'),
  name: objectName().describe('Name of the Service, in the namespace of the policy.'),
  sectionName: sectionName()
    .optional()
    .describe('Name of a port of the Service; absent: all that no policy of their own is for.'),
});

const fields = {
  spec: z.strictObject({
    targetRefs: z
      .array(targetRef)
      .min(1)
      .max(16)
      .check(targetsTellApart)
      .describe('Services, or single ports of them; a policy for a port is in place of that for its Service.'),
    mtls: z
      .strictObject({ mode: mtlsMode() })
      .optional()
      .describe('What is taken from callers; absent: what the Mesh says.'),
    exemptPaths: z
      .array(exactPath())
      .max(16)
      .check(distinct)
      .default([])
      .describe(
        'Exact paths that anybody may ask for with GET and HEAD, without an identity and past the policies: of health probes.',
      ),
  }),
};

/** Who may call the workloads of a Service without showing who they are. */
export type PeerAuthentication = ResourceWith<'PeerAuthentication', 'selvage.dev/v1alpha1', typeof fields>;

export const peerAuthenticationKind = defineKind({
  name: 'PeerAuthentication',
  description: 'Who may call the workloads of a Service without showing who they are.',
  apiVersions: ['selvage.dev/v1alpha1'],
  fields,
  *cautionsOf({ spec }) {
    if (spec.mtls === undefined && spec.exemptPaths.length === 0)
      yield { path: ['spec'], message: 'a policy that says nothing has no effect', expected: 'mtls or exemptPaths' };
  },
});
