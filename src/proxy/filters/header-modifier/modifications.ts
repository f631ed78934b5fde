import type { Fields } from '#http/fields.ts';
import { isHeadField } from '#http/head-fields.ts';
import { isFieldName, isFieldValue } from '#http/token.ts';
import type { HeaderModifications } from '#model/snapshot/http-route.ts';

/** Modifications of fields, checked: flat arrays like those of `Fields`. */
export interface CompiledModifications {
  readonly remove: readonly string[];
  /** name, value, name, value, … */
  readonly set: readonly string[];
  readonly add: readonly string[];
}

/**
 * Checks modifications again, cheaply: a name or a value that the model let through by mistake could otherwise carry a
 * line break, and with it a field or a request of its own, to every backend. Fields of framing and of the connection
 * are refused, `host` among them: `URLRewrite` is what changes it. Removing one of them changes nothing, as they never
 * pass this proxy anyway.
 * @returns why they cannot be used, where they cannot
 */
export function compileModifications(spec: HeaderModifications): CompiledModifications | string {
  for (const { name, value } of [...spec.set, ...spec.add]) {
    if (!isFieldName(name)) return 'a field name is not a lower case token';
    if (isHeadField(name)) return `the field ${name} belongs to the connection or to the framing`;
    if (!isFieldValue(value)) return `the value of the field ${name} holds characters that no value may hold`;
  }
  return Object.freeze({
    remove: Object.freeze([...new Set(spec.remove)]),
    set: Object.freeze(firstOfEachName(spec.set)),
    add: Object.freeze(firstOfEachName(spec.add)),
  });
}

/**
 * Applies modifications: removes, then sets, then adds. So a name that is both removed and added ends up with the
 * added value alone. What is added becomes a line of its own: joining would break `Set-Cookie` (RFC 9110 §5.3).
 */
export function applyModifications(fields: Fields, modifications: CompiledModifications): void {
  const { remove, set, add } = modifications;
  for (let i = 0; i < remove.length; i++) fields.remove(remove[i]!);
  for (let i = 0; i < set.length; i += 2) fields.set(set[i]!, set[i + 1]!);
  for (let i = 0; i < add.length; i += 2) fields.append(add[i]!, add[i + 1]!);
}

/** Of entries with one name, the first counts (Gateway API, HTTPHeader). */
function firstOfEachName(entries: HeaderModifications['set']): string[] {
  const seen = new Set<string>();
  const flat: string[] = [];
  for (const { name, value } of entries) {
    if (seen.has(name)) continue;
    seen.add(name);
    flat.push(name, value);
  }
  return flat;
}
