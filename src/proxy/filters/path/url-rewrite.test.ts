import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PathModifier } from '#model/snapshot/http-route.ts';
import { compileFilters } from '../compile-filters.ts';
import { createTestExchange, createTestSlot, type TestRequest } from '../testing/exchange.ts';
import type { Exchange } from '../../exchange/exchange.ts';

const rewrite = (hostname: string | null, path: PathModifier | null, request: TestRequest): Exchange => {
  const exchange = createTestExchange(request);
  const [filter] = compileFilters([{ type: 'URLRewrite', hostname, path }], { slot: createTestSlot });
  assert.equal(filter!.onRequest!(exchange), undefined);
  return exchange;
};

test('UrlRewrite changes the host and drops the port of the gateway', () => {
  const exchange = rewrite('one.example.org', null, { authority: 'rewrite.example:8080', path: '/one', query: '?a' });
  assert.equal(exchange.request.authority, 'one.example.org');
  assert.equal(exchange.request.path + exchange.request.query, '/one?a');
  assert.equal(exchange.host, 'rewrite.example', 'what is routed on and logged stays');
});

test('UrlRewrite replaces the matched prefix and keeps the query', () => {
  const path = { type: 'ReplacePrefixMatch', value: '/' } as const;
  const exchange = rewrite(null, path, { path: '/strip-prefix/three', query: '?a=/b', matchedPrefixLength: 13 });
  assert.equal(exchange.request.path + exchange.request.query, '/three?a=/b');
  assert.equal(exchange.request.authority, 'example.com');
});

test('UrlRewrite replaces all of the path', () => {
  const path = { type: 'ReplaceFullPath', value: '/one' } as const;
  assert.equal(rewrite(null, path, { path: '/full/one/two' }).request.path, '/one');
});
