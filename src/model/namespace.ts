import { dnsLabel } from './schema/field.ts';
import { defineKind } from './schema/kind.ts';
import type { ObjectMeta } from './schema/object-meta.ts';

/** A namespace, declared for its labels: gateways choose by them whose routes may attach. */
export interface Namespace {
  readonly apiVersion: 'v1';
  readonly kind: 'Namespace';
  readonly metadata: ObjectMeta;
}

export const namespaceKind = defineKind({
  name: 'Namespace',
  description: 'A namespace and the labels that gateways select it by.',
  apiVersions: ['v1'],
  scope: 'Cluster',
  metadataName: dnsLabel(),
  fields: {},
  ignoredFields: ['spec'],
});
