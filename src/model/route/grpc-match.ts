import * as z from 'zod';
import { type Objection, rule, uniqueNames } from '../schema/rule.ts';
import { quote } from '../schema/wording.ts';
import { objectToPattern, valueMatch } from './value-match.ts';

/** Protocol Buffers identifiers: of a service with its package, and of a method. */
const identifiers = {
  service: {
    pattern: /^\.?[a-z_][a-z_0-9]*(\.[a-z_][a-z_0-9]*)*$/i,
    expected: 'a service with its package, as in shop.v1.Cart',
  },
  method: { pattern: /^[A-Za-z_][A-Za-z_0-9]*$/, expected: 'the bare name of a method, as in AddItem' },
} as const;

type Part = keyof typeof identifiers;

function* objectToIdentifier(value: string, part: Part): Iterable<Objection> {
  const { pattern, expected } = identifiers[part];
  if (!pattern.test(value)) yield { path: [part], message: `malformed value ${quote(value)}`, expected };
}

const methodMatch = z
  .strictObject({
    type: z
      .enum(['Exact', 'RegularExpression'])
      .default('Exact')
      .describe('Exact (in exactly this case) or RegularExpression (of the whole name).'),
    service: z
      .string()
      .max(1024)
      .optional()
      .describe('Service with its package, as in shop.v1.Cart, or a pattern; absent: all.'),
    method: z.string().max(1024).optional().describe('Method, as in AddItem, or a pattern; absent: all.'),
  })
  .check(
    rule(['type', 'service', 'method'], function* (declared) {
      const { type, service, method } = declared;
      // A pattern that is empty matches no name: the standard asks for one of the two that is not.
      if ((service ?? '') === '' && (method ?? '') === '') {
        yield { path: [], message: 'names neither a service nor a method', expected: 'service, method or both' };
        return;
      }
      for (const part of ['service', 'method'] as const) {
        const value = declared[part];
        if (value === undefined) continue;
        if (type === 'RegularExpression') yield* objectToPattern(value, part);
        else yield* objectToIdentifier(value, part);
      }
    }),
  );

/** One alternative of a gRPC rule's matches; all its conditions must hold. */
export const grpcRouteMatch = z.strictObject({
  method: methodMatch.optional().describe('Condition on the service and the method called; absent: all.'),
  headers: z
    .array(valueMatch('header, in any case', 4096))
    .max(16)
    .check(uniqueNames)
    .default([])
    .describe('Conditions on headers (gRPC metadata).'),
});
