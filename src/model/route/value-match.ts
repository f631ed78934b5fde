import { compileLinearRegExp } from '#base/linear-regexp/linear-regexp.ts';
import * as z from 'zod';
import { headerName } from '../schema/field.ts';
import { type Objection, rule } from '../schema/rule.ts';

/**
 * Objects to a regular expression that does not run in linear time.
 *
 * @param field that holds the pattern
 */
export function* objectToPattern(pattern: string, field: string): Iterable<Objection> {
  const compiled = compileLinearRegExp(pattern);
  if (compiled.ok) return;
  const message = `cannot use regular expression, at character ${compiled.offset + 1}: ${compiled.reason}`;
  yield { path: [field], message };
}

/**
 * A condition on something that has a name and a value.
 *
 * @param what names it, for the reference
 * @param maxLength of the value, in characters
 */
export const valueMatch = (what: string, maxLength: number) =>
  z
    .strictObject({
      type: z
        .enum(['Exact', 'RegularExpression'])
        .default('Exact')
        .describe('Exact or RegularExpression (of the whole value).'),
      name: headerName().describe(`Name of the ${what}.`),
      value: z.string().min(1).max(maxLength).describe('Value or pattern.'),
    })
    .check(
      rule(['type', 'value'], function* ({ type, value }) {
        if (type === 'RegularExpression') yield* objectToPattern(value, 'value');
      }),
    );
