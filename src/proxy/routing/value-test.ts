import { compileLinearRegExp, type LinearRegExp } from '#base/linear-regexp/linear-regexp.ts';
import type { ValueMatch } from '#model/snapshot/http-route.ts';

/** A {@link ValueMatch}, ready to be compared. */
export interface ValueTest {
  readonly name: string;
  readonly type: ValueMatch['type'];
  /** As declared, for explanations. */
  readonly declared: string;
  /** What an Exact value must be. */
  readonly exact: string;
  readonly regexp: LinearRegExp | null;
}

/**
 * Prepares the tests of a match. A name that comes twice is tested once, as first declared (Gateway API,
 * HTTPRouteMatch.headers and .queryParams: later entries with an equivalent name MUST be ignored).
 *
 * @param encode - brings an Exact value to the form that request values have
 * @returns the reason where a regular expression is refused
 */
export function compileValueTests(
  matches: readonly ValueMatch[],
  encode: (value: string) => string,
): readonly ValueTest[] | string {
  const tests = new Map<string, ValueTest>();
  for (const { name, type, value } of matches) {
    if (tests.has(name)) continue;
    const regexp = type === 'Exact' ? null : compileLinearRegExp(value);
    if (regexp?.ok === false) return `${name}: ${regexp.reason} (at character ${regexp.offset + 1} of ${value})`;
    tests.set(name, Object.freeze({ name, type, declared: value, exact: encode(value), regexp }));
  }
  return Object.freeze([...tests.values()]);
}

/** Whether a request's value passes; an absent one never does, not even where the expression matches nothing. */
export function passesTest(test: ValueTest, value: string | undefined): boolean {
  if (value === undefined) return false;
  return test.regexp === null ? value === test.exact : test.regexp.matches(value);
}
