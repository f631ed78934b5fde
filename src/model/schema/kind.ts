import * as z from 'zod';
import { type ObjectMeta, objectMetaOf, objectMetaSchema, type Scope } from './object-meta.ts';
import { deepFreeze, type DeepReadonly } from './freeze.ts';
import type { Objection } from './rule.ts';
import { ignored } from './field.ts';

/** One kind of resource: what its documents look like and what they become. */
export interface Kind<R = unknown> {
  readonly name: string;
  /** What documents may say; the first is the form that the model has. */
  readonly apiVersions: readonly string[];
  readonly scope: Scope;
  /** True where diagnostics must show no value. */
  readonly confidential: boolean;
  /** The whole document. */
  readonly schema: z.ZodType;
  /** Makes the frozen resource of a document that fits the schema. */
  resourceOf(parsed: unknown): R;
  /** What is legal but surely not meant. */
  cautionsOf(resource: R): Iterable<Objection>;
}

/** A resource of a kind with these fields beside `apiVersion`, `kind` and `metadata`. */
export type ResourceWith<K extends string, V extends string, F extends z.ZodRawShape> = {
  readonly apiVersion: V;
  readonly kind: K;
  readonly metadata: ObjectMeta;
} & DeepReadonly<z.output<z.ZodObject<F>>>;

type Fields<F extends z.ZodRawShape> = z.output<z.ZodObject<F>>;

/** What sets one kind apart from the others. */
export interface KindDeclaration<K extends string, V extends string, F extends z.ZodRawShape> {
  readonly name: K;
  /** One sentence for the reference. */
  readonly description: string;
  readonly apiVersions: readonly [V, ...string[]];
  readonly scope?: Scope;
  readonly confidential?: boolean;
  /** The shape of `metadata.name`; a DNS subdomain unless said. */
  readonly metadataName?: z.ZodString;
  readonly fields: F;
  /** Fields that exported documents carry and that mean nothing here, beside `status`. */
  readonly ignoredFields?: readonly string[];
  /** Rules over the whole document. */
  readonly rules?: readonly z.core.$ZodCheck<Fields<F>>[];
  /** Makes the model's form: fills in defaults that follow from other fields, drops what was folded into another. */
  complete?(fields: Fields<F>): Partial<Fields<F>>;
  cautionsOf?(resource: ResourceWith<K, V, F>): Iterable<Objection>;
}

/** Makes a kind of its declaration. */
export function defineKind<const K extends string, const V extends string, F extends z.ZodRawShape>(
  declaration: KindDeclaration<K, V, F>,
): Kind<ResourceWith<K, V, F>> {
  const { name, apiVersions, scope = 'Namespaced', fields } = declaration;
  const schema = z
    .strictObject({
      apiVersion: z.enum(apiVersions).describe('Group and version of this kind.'),
      kind: z.literal(name).describe('The kind itself.'),
      metadata: objectMetaSchema(scope, declaration.metadataName),
      ...fields,
      ...Object.fromEntries(['status', ...(declaration.ignoredFields ?? [])].map((field) => [field, ignored()])),
    })
    .check(...((declaration.rules ?? []) as z.core.$ZodCheck<unknown>[]))
    .describe(declaration.description);
  return {
    name,
    apiVersions,
    scope,
    confidential: declaration.confidential ?? false,
    schema,
    resourceOf: (parsed) => {
      const { metadata, ...rest } = parsed as { metadata: z.output<ReturnType<typeof objectMetaSchema>> };
      const own = Object.fromEntries(
        Object.keys(fields).flatMap((key) => (key in rest ? [[key, rest[key as never]]] : [])),
      );
      const complete = declaration.complete?.(own as Fields<F>) ?? own;
      return deepFreeze({
        apiVersion: apiVersions[0],
        kind: name,
        metadata: objectMetaOf(metadata),
        ...complete,
      }) as never;
    },
    cautionsOf: (resource) => declaration.cautionsOf?.(resource) ?? [],
  };
}
