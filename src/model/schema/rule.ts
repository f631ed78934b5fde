import * as z from 'zod';
import type { Path } from '../field-path.ts';
import { quote } from './wording.ts';

/** What a rule says against a value. */
export interface Objection {
  /** Relative to the value that the rule judges. */
  readonly path: Path;
  readonly message: string;
  /** Worded to follow "expected". */
  readonly expected?: string;
}

/**
 * Makes a rule over several fields, for `.check()` of a schema.
 *
 * zod skips checks once anything beneath has failed; an operator wants every error in one go. So this one runs unless
 * a field that it reads is missing or of the wrong type.
 *
 * @param reads dotted paths that must have the right type, `*` for every element; none: everything beneath
 * @param judge yields one objection per thing wrong
 */
export function rule<T>(reads: readonly string[], judge: (value: T) => Iterable<Objection>): z.core.$ZodCheck<T> {
  const patterns = reads.map((path) => path.split('.'));
  return z.superRefine<T>(
    (value, payload) => {
      for (const { path, message, expected } of judge(value)) {
        payload.addIssue({ code: 'custom', path: [...path], message, params: { expected }, input: value });
      }
    },
    { when: (payload) => !payload.issues.some((issue) => breaks(issue, patterns)) },
  );
}

function breaks(issue: z.core.$ZodRawIssue, reads: readonly (readonly string[])[]): boolean {
  // A wrong word or a number out of range still has the type that rules rely on.
  const isWord = issue.code === 'invalid_value' && ['string', 'number'].includes(typeof issue.input);
  if (isWord || !['invalid_type', 'invalid_union', 'invalid_value'].includes(issue.code ?? '')) return false;
  const path = issue.path ?? [];
  return reads.length === 0 || reads.some((read) => overlaps(read, path));
}

/** Whether one path lies on the way to the other. */
function overlaps(read: readonly string[], path: readonly PropertyKey[]): boolean {
  const shared = Math.min(read.length, path.length);
  for (let i = 0; i < shared; i++) {
    if (read[i] !== '*' && read[i] !== String(path[i])) return false;
  }
  return true;
}

/**
 * Makes the rule that no two elements of a list are the same in what `keyOf` tells.
 *
 * @param field where in the element the objection points; empty for the element itself
 * @param keyOf undefined for elements that are never equal to another
 * @param what names the repeated thing, as in `name "web"`
 */
export function unique<T>(
  reads: readonly string[],
  field: Path,
  keyOf: (element: T) => string | undefined,
  what: (element: T) => string,
): z.core.$ZodCheck<T[]> {
  return rule<T[]>(reads, function* (elements) {
    const seen = new Map<string, number>();
    for (const [i, element] of elements.entries()) {
      const key = keyOf(element);
      if (key === undefined) continue;
      const first = seen.get(key);
      if (first === undefined) seen.set(key, i);
      else yield { path: [i, ...field], message: `${what(element)} is already used by item ${first}` };
    }
  });
}

/** A list of named elements in which no name is used twice. */
export const uniqueNames: z.core.$ZodCheck<{ name?: string | undefined }[]> = unique<{ name?: string | undefined }>(
  ['*.name'],
  ['name'],
  ({ name }) => name,
  ({ name }) => `name ${quote(name)}`,
);

/** A list of strings without repetition. */
export const distinct: z.core.$ZodCheck<string[]> = unique<string>(
  ['*'],
  [],
  (word) => word,
  (word) => quote(word),
);
