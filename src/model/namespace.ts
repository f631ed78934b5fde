import { dnsLabel } from './schema/field.ts';
import { defineKind, type ResourceWith } from './schema/kind.ts';

/** A namespace, declared for its labels: gateways choose by them whose routes may attach. */
export type Namespace = ResourceWith<'Namespace', 'v1', Record<never, never>>;

export const namespaceKind = defineKind({
  name: 'Namespace',
  description: 'A namespace and the labels that gateways select it by.',
  apiVersions: ['v1'],
  scope: 'Cluster',
  metadataName: dnsLabel(),
  fields: {},
  ignoredFields: ['spec'],
});
