import * as z from 'zod';
import { type Objection, rule, uniqueNames } from '../schema/rule.ts';
import { quote } from '../schema/wording.ts';
import { objectToPattern, valueMatch } from './value-match.ts';

const pathTypes = ['Exact', 'PathPrefix', 'RegularExpression'] as const;

/** What no literal path may hold: proxies and applications disagree on what such a path means. */
const forbiddenInPath = ['//', '/./', '/../', '%2f', '%2F', '#'];
const forbiddenAtEnd = ['/..', '/.'];
const literalPath = /^(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|[%][0-9a-fA-F]{2})+$/;

function* objectToLiteralPath(value: string): Iterable<Objection> {
  const path = ['value'];
  if (!value.startsWith('/'))
    yield { path, message: `path ${quote(value)} is not absolute`, expected: 'a path that starts with "/"' };
  for (const part of forbiddenInPath) {
    if (value.includes(part)) yield { path, message: `must not contain "${part}"`, expected: 'a normalized path' };
  }
  for (const part of forbiddenAtEnd) {
    if (value.endsWith(part)) yield { path, message: `must not end with "${part}"`, expected: 'a normalized path' };
  }
  if (!literalPath.test(value) && !value.includes('#')) {
    const expected = "letters, digits and -/._~!$&'()*+,;=:@ only, others percent-encoded";
    yield { path, message: `path ${quote(value)} holds a character that paths cannot have`, expected };
  }
}

const pathMatch = z
  .strictObject({
    type: z
      .enum(pathTypes)
      .default('PathPrefix')
      .describe('Exact, PathPrefix (by whole segments) or RegularExpression (of the whole path).'),
    value: z.string().max(1024).default('/').describe('Path, prefix or pattern; without query.'),
  })
  .check(
    rule(['type', 'value'], function* ({ type, value }) {
      if (type === 'RegularExpression') yield* objectToPattern(value, 'value');
      else yield* objectToLiteralPath(value);
    }),
  );

/** One alternative of a rule's matches; all its conditions must hold. */
export const httpRouteMatch = z.strictObject({
  path: pathMatch.prefault({}).describe('Condition on the path.'),
  headers: z
    .array(valueMatch('header, in any case', 4096))
    .max(16)
    .check(uniqueNames)
    .default([])
    .describe('Conditions on headers.'),
  queryParams: z
    .array(valueMatch('query parameter, in exactly this case', 1024))
    .max(16)
    .check(uniqueNames)
    .default([])
    .describe('Conditions on query parameters.'),
  method: z
    .enum(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'])
    .optional()
    .describe('Condition on the method.'),
});
