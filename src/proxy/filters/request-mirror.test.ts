import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestMirrorSpec } from '#model/snapshot/http-route.ts';
import type { ClusterSlot } from '../exchange/exchange.ts';
import { compileFilters } from './compile-filters.ts';
import { createTestExchange, createTestSlot } from './testing/exchange.ts';

const mirror = (cluster: string | null, numerator = 1, denominator = 1): RequestMirrorSpec => ({
  type: 'RequestMirror',
  cluster,
  numerator,
  denominator,
});

test('RequestMirror adds its cluster, several add several', () => {
  const exchange = createTestExchange();
  const filters = compileFilters([mirror('a'), mirror('b')], { slot: createTestSlot });
  for (const filter of filters) assert.equal(filter.onRequest!(exchange), undefined);
  assert.deepEqual(
    exchange.mirrors?.map((slot) => slot.name),
    ['a', 'b'],
  );
});

test('RequestMirror is left out where its cluster is not resolved or its share is nothing', () => {
  assert.deepEqual(
    compileFilters([mirror(null), mirror('a', 0, 100), mirror('a', 1, 0)], { slot: createTestSlot }),
    [],
  );
});

test('RequestMirror passes requests on while its cluster is missing, and sees it come', () => {
  const slot: ClusterSlot = { name: 'a', cluster: null };
  const [filter] = compileFilters([mirror('a')], { slot: () => slot });
  const exchange = createTestExchange();
  void filter!.onRequest!(exchange);
  assert.equal(exchange.mirrors, null);
  slot.cluster = createTestSlot('a').cluster;
  void filter!.onRequest!(exchange);
  assert.deepEqual(exchange.mirrors, [slot]);
});

test('RequestMirror takes exactly its share of what the dice say', (t) => {
  const exchange = createTestExchange();
  const [filter] = compileFilters([mirror('a', 1, 4)], { slot: createTestSlot });
  const dice = t.mock.method(Math, 'random', () => 0);
  for (const [value, mirrored] of [
    [0, 1],
    [0.2499, 1],
    [0.25, 0],
    [0.9999, 0],
  ] as const) {
    exchange.mirrors = null;
    dice.mock.mockImplementation(() => value);
    void filter!.onRequest!(exchange);
    assert.equal(exchange.mirrors === null ? 0 : 1, mirrored, `${value}`);
  }
});
