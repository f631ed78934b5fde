import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CorsSpec, FilterSpec } from '#model/snapshot/http-route.ts';
import type { Answer } from '../exchange/answer.ts';
import type { Exchange, Filter } from '../exchange/exchange.ts';
import { PolicyRegistry } from './authorization/policy-registry.ts';
import { createPolicy } from './authorization/testing/policies.ts';
import { compileFilters } from './compile-filters.ts';
import { FilterChains } from './filter-chains.ts';
import { runRequestFilters } from './run-filters.ts';
import { createTestExchange, createTestSlot, type TestRequest } from './testing/exchange.ts';

const cors: CorsSpec = {
  type: 'CORS',
  allowOrigins: ['https://app.example'],
  allowMethods: ['GET'],
  allowHeaders: [],
  exposeHeaders: [],
  allowCredentials: false,
  maxAgeSeconds: 5,
};
const redirect: FilterSpec = {
  type: 'RequestRedirect',
  scheme: 'https',
  hostname: null,
  path: null,
  port: null,
  statusCode: 302,
};
const header: FilterSpec = { type: 'RequestHeaderModifier', set: [{ name: 'a', value: 'b' }], add: [], remove: [] };
const authorization: FilterSpec = { type: 'Authorization', levels: [['deny-a']] };

function createChains(): FilterChains {
  const policies = new PolicyRegistry(() => ({ add: () => {} }));
  policies.put(createPolicy({ name: 'deny-a', action: 'DENY', rules: [{ to: [{ path: ['/a'] }] }] }));
  return new FilterChains({ slot: createTestSlot, policies });
}

const namesOf = (specs: FilterSpec[]): string[] =>
  createChains()
    .compileRuleFilters(specs)
    .map(({ name }) => name);

function run(filters: readonly Filter[], request: TestRequest): { exchange: Exchange; answer: Answer | undefined } {
  const exchange = createTestExchange(request);
  let given: Answer | undefined;
  runRequestFilters(exchange, filters, { proceed: () => {}, answer: (_exchange, answer) => void (given = answer) });
  return { exchange, answer: given };
}

test('FilterChains asks for authorization in every rule, behind CORS and before what answers', () => {
  assert.deepEqual(namesOf([]), ['Authorization']);
  assert.deepEqual(namesOf([redirect]), ['Authorization', 'RequestRedirect']);
  assert.deepEqual(namesOf([authorization, cors]), ['CORS', 'Authorization']);
  assert.deepEqual(namesOf([authorization, header, cors, redirect]), [
    'RequestHeaderModifier',
    'CORS',
    'Authorization',
    'RequestRedirect',
  ]);
  assert.deepEqual(namesOf([authorization, redirect, cors]), ['Authorization', 'RequestRedirect', 'CORS']);
});

test('FilterChains lets preflights pass that CORS answers, and denies the request itself', () => {
  const filters = createChains().compileRuleFilters([authorization, cors]);
  const fields = ['origin', 'https://app.example', 'access-control-request-method', 'GET'];
  assert.equal(run(filters, { method: 'OPTIONS', path: '/a', fields }).answer?.status, 200);
  assert.equal(run(filters, { path: '/a', fields }).answer?.status, 403);
  assert.equal(run(filters, { path: '/b', fields }).answer, undefined);
});

test('FilterChains asks the policies of a Service behind all rewrites', () => {
  const rewrite: FilterSpec = { type: 'URLRewrite', hostname: null, path: { type: 'ReplaceFullPath', value: '/a' } };
  const filters = createChains().compileBackendFilters([authorization, rewrite], 'Service/shop/cart:80');
  assert.equal(run(filters, { path: '/b' }).answer?.status, 403);
});

test('a copy is sent to a Service only where its policies would let the request pass', () => {
  const mirror = {
    type: 'RequestMirror',
    cluster: 'Service/shop/cart:80',
    numerator: 1,
    denominator: 1,
    authorization: [['deny-a']],
  } as const;
  const filters = createChains().compileRuleFilters([mirror]);
  const denied = run(filters, { path: '/a' });
  assert.deepEqual([denied.answer, denied.exchange.mirrors, denied.exchange.authorization], [undefined, null, null]);
  assert.equal(run(filters, { path: '/b' }).exchange.mirrors?.length, 1);
});

test('compileFilters refuses what is under policies that it is not given', () => {
  const [filter] = compileFilters([authorization], { slot: createTestSlot });
  assert.equal((filter!.onRequest!(createTestExchange()) as Answer).status, 500);
});
