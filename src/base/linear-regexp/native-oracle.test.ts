import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compileLinearRegExp } from './linear-regexp.ts';

// The syntax in which RE2 and ECMAScript agree, over a small alphabet so that matches are common.
const ATOMS = [
  'a',
  'b',
  'c',
  '/',
  '\\/',
  '.',
  '\\d',
  '\\w',
  '\\W',
  '[ab]',
  '[^a]',
  '[a-c1]',
  '[^\\d/]',
  '\\.',
  '1',
  '^',
  '$',
];
const QUANTIFIERS = ['', '', '', '*', '+', '?', '{2}', '{1,}', '{0,2}', '*?', '+?', '??'];

const { pattern } = fc.letrec<{ pattern: string; branch: string; piece: string }>((tie) => ({
  pattern: fc.array(tie('branch'), { minLength: 1, maxLength: 3 }).map((branches) => branches.join('|')),
  branch: fc.array(tie('piece'), { maxLength: 3 }).map((pieces) => pieces.join('')),
  piece: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    fc
      .tuple(fc.constantFrom(...ATOMS), fc.constantFrom(...QUANTIFIERS))
      .map(([a, q]) => (a === '^' || a === '$' ? a : a + q)),
    fc
      .tuple(fc.constantFrom('(', '(?:'), tie('pattern'), fc.constantFrom(...QUANTIFIERS))
      .map(([o, p, q]) => `${o}${p})${q}`),
  ),
}));

const input = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '/', '.', '1', 'A', '\n', '\u20ac'), maxLength: 8 });

test('matches and search agree with the native engine on the shared syntax', () => {
  fc.assert(
    fc.property(
      pattern,
      fc.array(input, { minLength: 1, maxLength: 5 }),
      fc.boolean(),
      (source, inputs, ignoreCase) => {
        const regexp = compileLinearRegExp(ignoreCase ? `(?i)${source}` : source);
        // Deeply nested repetitions would take the oracle, which backtracks, forever.
        if (!regexp.ok || source.length > 40) return;
        const flags = ignoreCase ? 'i' : '';
        const whole = new RegExp(`^(?:${source})$`, flags);
        const part = new RegExp(source, flags);
        for (const text of inputs) {
          assert.equal(regexp.matches(text), whole.test(text), `matches ${source} ${JSON.stringify(text)}`);
          assert.equal(regexp.search(text), part.test(text), `search ${source} ${JSON.stringify(text)}`);
        }
      },
    ),
    { numRuns: 3000 },
  );
});

test('compileLinearRegExp answers for any text without throwing', () => {
  const soup = fc.string({
    unit: fc.constantFrom(...'ab(){}[]|*+?^$\\.,12-:<>=!iP&\u20acQE'.split('')),
    maxLength: 30,
  });
  fc.assert(
    fc.property(soup, input, (source, text) => {
      const regexp = compileLinearRegExp(source);
      if (regexp.ok) assert.equal(typeof regexp.matches(text), 'boolean');
      else assert.ok(regexp.offset >= 0 && regexp.offset <= source.length && regexp.reason !== '');
    }),
    { numRuns: 3000 },
  );
});
