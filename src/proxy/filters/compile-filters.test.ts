import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterSpec } from '#model/snapshot/http-route.ts';
import type { Answer } from '../exchange/answer.ts';
import { compileFilters } from './compile-filters.ts';
import { createTestExchange, createTestSlot } from './testing/exchange.ts';

const environment = { slot: createTestSlot };

test('compileFilters keeps the order and freezes what it makes', () => {
  const specs: FilterSpec[] = [
    { type: 'URLRewrite', hostname: 'a.example', path: null },
    { type: 'RequestHeaderModifier', set: [], add: [], remove: [] },
    { type: 'ResponseHeaderModifier', set: [], add: [], remove: [] },
  ];
  const filters = compileFilters(specs, environment);
  assert.deepEqual(
    filters.map((filter) => filter.name),
    specs.map((spec) => spec.type),
  );
  assert.ok(Object.isFrozen(filters) && filters.every((filter) => Object.isFrozen(filter)));
});

test('compileFilters refuses requests in place of a filter that is invalid, and does not tell the caller why', () => {
  const exchange = createTestExchange();
  const [filter] = compileFilters([{ type: 'Invalid', reason: 'ExtensionRef secret-filter not found' }], environment);
  const answer = filter!.onRequest!(exchange) as Answer;
  assert.equal(answer.status, 500);
  assert.equal(JSON.parse(answer.body!).code, 'filter_invalid');
  assert.doesNotMatch(answer.body!, /secret-filter/);
  assert.equal(exchange.error?.cause, 'ExtensionRef secret-filter not found');
});

test('compileFilters refuses requests in place of a filter that it does not know', () => {
  const [filter] = compileFilters([{ type: 'FromTheFuture' } as unknown as FilterSpec], environment);
  assert.equal((filter!.onRequest!(createTestExchange()) as Answer).status, 500);
});
