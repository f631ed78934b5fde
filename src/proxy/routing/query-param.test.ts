import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { queryParam } from './query-param.ts';

for (const [query, name, value] of [
  ['', 'a', undefined],
  ['?', 'a', undefined],
  ['?a', 'a', ''],
  ['?a=', 'a', ''],
  ['?a=1&a=2', 'a', '1'],
  ['?b=1&&a=2&', 'a', '2'],
  ['?A=1', 'a', undefined],
  ['?ab=1', 'a', undefined],
  ['?a=b=c', 'a', 'b=c'],
  ['?a=x+y%20z', 'a', 'x y z'],
  ['?caf%C3%A9=ol%c3%a9', 'café', 'olé'],
  ['?a=100%&b=%zz', 'a', '100%'],
  ['?a=100%&b=%zz', 'b', '%zz'],
  ['?%61=1', 'a', '1'],
  ['?a=1?b', 'a', '1?b'],
] as const) {
  test(`queryParam reads ${name} from ${JSON.stringify(query)} as ${JSON.stringify(value)}`, () => {
    assert.equal(queryParam(query, name), value);
  });
}

test('queryParam agrees with the parser of the URL Standard', () => {
  const text = fc.string({
    unit: fc.constantFrom('a', 'b', '=', '&', '%', '+', '2', 'C', '3', 'A', '9', '?', '%41', '%26', '%C3%A9'),
  });
  fc.assert(
    fc.property(text, fc.constantFrom('a', 'b', 'A', 'aa', '&', ' ', 'é', '2'), (raw, name) => {
      const wanted = new URLSearchParams(`?${raw}`);
      assert.equal(queryParam(`?${raw}`, name), wanted.get(name) ?? undefined);
    }),
    { numRuns: 2000 },
  );
});

test('queryParam reads a query of nothing but separators in one pass', () => {
  // Two passes for each separator would outlast the time limit of a test.
  for (const part of ['&', 'a&', '%']) assert.equal(queryParam('?'.padEnd(4_000_000, part), 'x'), undefined);
});
