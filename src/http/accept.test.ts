import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { preferredMediaType } from './accept.ts';

const OFFERED = ['application/problem+json', 'text/html', 'text/plain'];
const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8';

const CASES: readonly (readonly [accept: string | undefined, expected: string | undefined])[] = [
  [undefined, 'application/problem+json'],
  ['', 'application/problem+json'],
  ['*/*', 'application/problem+json'],
  [BROWSER, 'text/html'],
  ['text/plain', 'text/plain'],
  ['TEXT/Plain', 'text/plain'],
  ['text/*', 'text/html'],
  ['text/*;q=0.5, text/plain', 'text/plain'],
  ['text/html;q=0, text/*', 'text/plain'],
  ['text/html;q=0.3, text/plain; q = 0.4', 'text/plain'],
  ['text/plain;charset=utf-8;q=0.1, text/html;q=0.2', 'text/html'],
  ['*/*;q=0.1, application/problem+json;q=0', 'text/html'],
  ['image/png', undefined],
  ['*/*;q=0', undefined],
  ['text/html;q=2', undefined],
  ['text/html;q=none', undefined],
  ['nonsense, text/plain', 'text/plain'],
  [',,;q=1,text/plain', 'text/plain'],
];

for (const [accept, expected] of CASES) {
  test(`preferredMediaType chooses ${expected ?? 'nothing'} for '${accept ?? 'no field'}' (RFC 9110 §12.5.1)`, () => {
    assert.equal(preferredMediaType(accept, OFFERED), expected);
  });
}

test('preferredMediaType takes any text and answers with an offer or nothing', () => {
  fc.assert(
    fc.property(fc.string(), (accept) => {
      const chosen = preferredMediaType(accept, OFFERED);
      assert.ok(chosen === undefined || OFFERED.includes(chosen));
    }),
  );
});
