import * as z from 'zod';
import { kinds } from './kinds.ts';

/** What the reference says about one kind. */
export interface KindReference {
  readonly kind: string;
  readonly apiVersions: readonly string[];
  readonly scope: 'Namespaced' | 'Cluster';
  /** JSON Schema (2020-12) of a document; rules over several fields are not in it. */
  readonly jsonSchema: Readonly<Record<string, unknown>>;
}

/** Describes every kind, from the schemas that documents are validated with. */
export function describeKinds(): KindReference[] {
  return [...kinds.values()].map(({ name, apiVersions, scope, schema }) => ({
    kind: name,
    apiVersions,
    scope,
    jsonSchema: z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }),
  }));
}
