import * as z from 'zod';

/**
 * Takes away fields that are written without a value (`selector:`, `creationTimestamp: null`).
 *
 * The Kubernetes API reads such a field as absent, and exported documents are full of them. Free maps (labels, secret
 * entries) keep theirs, so that the schema objects.
 *
 * @returns a copy where something was taken away, else the value itself
 */
export function dropNulls(schema: z.core.$ZodType, value: unknown): unknown {
  const inner = unwrap(schema);
  if (Array.isArray(value)) {
    return inner instanceof z.core.$ZodArray ? value.map((item) => dropNulls(inner._zod.def.element, item)) : value;
  }
  if (typeof value !== 'object' || value === null || !(inner instanceof z.core.$ZodObject)) return value;
  const kept: Record<string, unknown> = {};
  for (const [key, child] of Object.entries(value)) {
    const field = fieldOf(inner, key);
    if (field !== undefined && child === null) continue;
    kept[key] = field === undefined ? child : dropNulls(field, child);
  }
  return kept;
}

/**
 * Finds the schema of a field.
 *
 * @returns undefined where the path leaves what the schema knows
 */
export function schemaAt(root: z.core.$ZodType, path: readonly PropertyKey[]): z.core.$ZodType | undefined {
  let schema: z.core.$ZodType | undefined = unwrap(root);
  for (const step of path) {
    schema = schema && childOf(schema, step);
    if (schema === undefined) return undefined;
    schema = unwrap(schema);
  }
  return schema;
}

function childOf(schema: z.core.$ZodType, step: PropertyKey): z.core.$ZodType | undefined {
  if (schema instanceof z.core.$ZodObject) return fieldOf(schema, String(step));
  if (schema instanceof z.core.$ZodArray) return schema._zod.def.element;
  if (schema instanceof z.core.$ZodRecord) return schema._zod.def.valueType;
  return undefined;
}

function fieldOf(schema: z.core.$ZodObject, key: string): z.core.$ZodType | undefined {
  const shape = schema._zod.def.shape;
  return Object.hasOwn(shape, key) ? shape[key] : undefined;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const wrapped =
    schema instanceof z.core.$ZodOptional ||
    schema instanceof z.core.$ZodDefault ||
    schema instanceof z.core.$ZodPrefault;
  return wrapped ? unwrap(schema._zod.def.innerType) : schema;
}
