import * as z from 'zod';
import type { DeepReadonly } from './freeze.ts';
import { dnsSubdomain, ignored, labels, namespaceName, qualifiedKey } from './field.ts';

/** What every resource says about itself. */
export interface ObjectMeta {
  readonly name: string;
  /** `default` where the document does not say; empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339; among routes that match alike the oldest wins. */
  readonly creationTimestamp?: string;
  readonly generation?: number;
  readonly uid?: string;
}

/** How far a kind's names reach. */
export type Scope = 'Namespaced' | 'Cluster';

/** kubectl keeps the whole applied document here, secrets in clear included: it stays out of the model. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

const rfc3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[-+]\d\d:\d\d)$/;

/**
 * Makes the schema of `metadata`. Fields that the Kubernetes API adds on export are known and ignored.
 *
 * @param name what this kind's names look like
 */
export function objectMetaSchema(scope: Scope, name: z.ZodString = dnsSubdomain()) {
  return z.strictObject({
    name: name.describe('Name, unique among the resources of this kind in the namespace.'),
    namespace:
      scope === 'Namespaced'
        ? namespaceName().default('default').describe('Namespace that the resource belongs to.')
        : z
            .string()
            .regex(/^$/, 'none: this kind is cluster-scoped')
            .default('')
            .describe('Must be absent: this kind belongs to no namespace.'),
    labels: labels().default({}).describe('Labels that selectors choose by.'),
    annotations: z.record(qualifiedKey(), z.string()).default({}).describe('Notes for people and tools.'),
    creationTimestamp: z
      .string()
      .regex(rfc3339, 'a time such as 2026-01-31T12:00:00Z')
      .optional()
      .describe('When the resource was created (RFC 3339); among equal routes the oldest wins.'),
    generation: z
      .int()
      .min(0)
      .optional()
      .describe('How often the declaration was changed, as the Kubernetes API counts.'),
    uid: z.string().max(128).optional().describe('Identity given by the Kubernetes API.'),
    generateName: ignored(),
    deletionTimestamp: ignored(),
    deletionGracePeriodSeconds: ignored(),
    finalizers: ignored(),
    managedFields: ignored(),
    ownerReferences: ignored(),
    resourceVersion: ignored(),
    selfLink: ignored(),
  });
}

/** Keeps what the model has. */
export function objectMetaOf(declared: z.output<ReturnType<typeof objectMetaSchema>>): DeepReadonly<ObjectMeta> {
  const { [lastApplied]: _, ...annotations } = declared.annotations;
  return {
    name: declared.name,
    namespace: declared.namespace,
    labels: declared.labels,
    annotations,
    ...(declared.creationTimestamp !== undefined && { creationTimestamp: declared.creationTimestamp }),
    ...(declared.generation !== undefined && { generation: declared.generation }),
    ...(declared.uid !== undefined && { uid: declared.uid }),
  };
}
