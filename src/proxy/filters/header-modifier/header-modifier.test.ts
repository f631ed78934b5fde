import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FIELD_NAMES, FIRST_ORDINARY } from '#http/field-names.ts';
import { isHeadField } from '#http/head-fields.ts';
import { isFieldName, isFieldValue } from '#http/token.ts';
import type { HeaderModifications } from '#model/snapshot/http-route.ts';
import { compileFilters } from '../compile-filters.ts';
import { createTestExchange, createTestResponse, createTestSlot } from '../testing/exchange.ts';
import { compileModifications } from './modifications.ts';

type Change = Partial<HeaderModifications>;
type Case = readonly [what: string, before: string[], change: Change, after: string[]];

const environment = { slot: createTestSlot };
const field = (name: string, value: string): { name: string; value: string } => ({ name, value });
const complete = (change: Change): HeaderModifications => ({ set: [], add: [], remove: [], ...change });

const CASES: readonly Case[] = [
  ['sets what is not there', ['a', '1'], { set: [field('x-set', 'v')] }, ['a', '1', 'x-set', 'v']],
  ['sets in place of all lines', ['x', '1', 'a', '2', 'x', '3'], { set: [field('x', 'v')] }, ['x', 'v', 'a', '2']],
  ['adds what is not there', ['a', '1'], { add: [field('x', 'v')] }, ['a', '1', 'x', 'v']],
  [
    'adds behind what is there',
    ['my-header', 'foo'],
    { add: [field('my-header', 'bar,baz')] },
    ['my-header', 'foo', 'my-header', 'bar,baz'],
  ],
  ['removes all lines', ['x', '1', 'a', '2', 'x', '3'], { remove: ['x'] }, ['a', '2']],
  ['removes what is not there', ['a', '1'], { remove: ['x'] }, ['a', '1']],
  [
    'takes the first of two with one name',
    [],
    { set: [field('x', '1'), field('x', '2')], add: [field('y', '1'), field('y', '2')] },
    ['x', '1', 'y', '1'],
  ],
  ['removes before it adds', ['x', '1'], { add: [field('x', '2')], remove: ['x'] }, ['x', '2']],
  ['removes nothing of the connection', ['a', '1'], { remove: ['connection', 'host'] }, ['a', '1']],
  ['sets an empty value', [], { set: [field('x', '')] }, ['x', '']],
];

for (const [what, before, change, after] of CASES) {
  test(`RequestHeaderModifier ${what}`, () => {
    const exchange = createTestExchange({ fields: before });
    const [filter] = compileFilters([{ type: 'RequestHeaderModifier', ...complete(change) }], environment);
    assert.equal(filter!.onRequest!(exchange), undefined);
    assert.deepEqual(exchange.request.fields.entries, after);
  });

  test(`ResponseHeaderModifier ${what}`, () => {
    const response = createTestResponse(before);
    const [filter] = compileFilters([{ type: 'ResponseHeaderModifier', ...complete(change) }], environment);
    filter!.onResponse!(createTestExchange(), response);
    assert.deepEqual(response.fields.entries, after);
  });
}

test('ResponseHeaderModifier adds a cookie as a line of its own (RFC 6265 §3)', () => {
  const response = createTestResponse(['set-cookie', 'a=1']);
  const change = complete({ add: [field('set-cookie', 'b=2')] });
  compileFilters([{ type: 'ResponseHeaderModifier', ...change }], environment)[0]!.onResponse!(
    createTestExchange(),
    response,
  );
  assert.deepEqual(response.fields.entries, ['set-cookie', 'a=1', 'set-cookie', 'b=2']);
});

const REFUSED = [
  field('content-length', '0'),
  field('transfer-encoding', 'chunked'),
  field('connection', 'close'),
  field('upgrade', 'h2c'),
  field('te', 'trailers'),
  field('keep-alive', 'timeout=5'),
  field('host', 'evil.example'),
  field('expect', '100-continue'),
  field('X-Upper', 'v'),
  field('', 'v'),
  field(':path', '/'),
  field('x y', 'v'),
  field('x\r\ny', 'v'),
  field('x', 'a\r\nb: c'),
  field('x', 'a\nb'),
  field('x', 'a\0'),
  field('x', ' a'),
  field('x', 'a\u010ab'),
  field('x', '\u{1f4a5}'),
];

for (const entry of REFUSED) {
  for (const list of ['set', 'add'] as const) {
    test(`compileFilters refuses requests instead of ${list} ${JSON.stringify(entry)}`, () => {
      const exchange = createTestExchange({ fields: ['a', '1'] });
      const spec = { type: 'RequestHeaderModifier', ...complete({ [list]: [entry] }) } as const;
      const verdict = compileFilters([spec], environment)[0]!.onRequest!(exchange);
      assert.ok(verdict && 'status' in verdict && verdict.status === 500);
      assert.equal(exchange.error?.code, 'filter_invalid');
      assert.deepEqual(exchange.request.fields.entries, ['a', '1']);
    });
  }
}

test('compileModifications never lets through what could begin another field', () => {
  const text = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[a-z\r\n: -]*$/));
  fc.assert(
    fc.property(text, text, (name, value) => {
      const compiled = compileModifications(complete({ set: [field(name, value)], add: [field(name, value)] }));
      const valid = isFieldName(name) && !isHeadField(name) && isFieldValue(value);
      assert.equal(typeof compiled !== 'string', valid);
      if (typeof compiled !== 'string') assert.doesNotMatch([...compiled.set, ...compiled.add].join(''), /[\r\n\0]/);
    }),
    { numRuns: 1000 },
  );
});

test('isHeadField knows exactly the names that the codec keeps out of the fields', () => {
  for (const [id, name] of FIELD_NAMES.entries())
    if (id > 0) assert.equal(isHeadField(name), id < FIRST_ORDINARY, name);
});
