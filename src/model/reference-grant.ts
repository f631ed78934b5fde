import * as z from 'zod';
import { group, kindName, namespaceName, objectName } from './schema/field.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';

const fields = {
  spec: z.strictObject({
    from: z
      .array(
        z.strictObject({
          group: group().describe('API group of the referring resources; empty for the core group.'),
          kind: kindName().describe('Kind of the referring resources, as in HTTPRoute or Gateway.'),
          namespace: namespaceName().describe('Namespace of the referring resources.'),
        }),
      )
      .min(1)
      .max(16)
      .describe('Who may refer: any one of these.'),
    to: z
      .array(
        z.strictObject({
          group: group().describe('API group of the referents; empty for the core group.'),
          kind: kindName().describe('Kind of the referents, as in Service or Secret.'),
          name: objectName().optional().describe('One referent; absent: all of the kind in this namespace.'),
        }),
      )
      .min(1)
      .max(16)
      .describe('What may be referred to: any one of these, in the namespace of the grant.'),
  }),
};

/** Permission for resources of other namespaces to refer to resources of this one. */
export type ReferenceGrant = ResourceWith<'ReferenceGrant', 'gateway.networking.k8s.io/v1', typeof fields>;

export const referenceGrantKind = defineKind({
  name: 'ReferenceGrant',
  description: 'Permission for resources of other namespaces to refer to resources of this one.',
  apiVersions: ['gateway.networking.k8s.io/v1', 'gateway.networking.k8s.io/v1beta1'],
  fields,
});
