import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestRedirectSpec } from '#model/snapshot/http-route.ts';
import { compileFilters } from '../compile-filters.ts';
import { createTestExchange, createTestSlot, type TestRequest } from '../testing/exchange.ts';
import type { Answer } from '../../exchange/answer.ts';

const redirect = (spec: Partial<RequestRedirectSpec>, request: TestRequest): Answer => {
  const whole: RequestRedirectSpec = {
    type: 'RequestRedirect',
    scheme: null,
    hostname: null,
    path: null,
    port: null,
    statusCode: 302,
    ...spec,
  };
  const [filter] = compileFilters([whole], { slot: createTestSlot });
  return filter!.onRequest!(createTestExchange(request)) as Answer;
};

const HTTP80: TestRequest = { listenerPort: 80, authority: 'example.org' };
const HTTP8080: TestRequest = { listenerPort: 8080, authority: 'example.org:8080' };
const HTTPS443: TestRequest = { listenerPort: 443, authority: 'example.org', scheme: 'https' };

/** Ports as the Gateway API's conformance tests have them, then hosts and paths. */
const CASES: readonly (readonly [spec: Partial<RequestRedirectSpec>, request: TestRequest, location: string])[] = [
  [{}, HTTP80, 'http://example.org/'],
  [{ port: 80 }, HTTP80, 'http://example.org/'],
  [{ port: 8080 }, HTTP80, 'http://example.org:8080/'],
  [{ scheme: 'https' }, HTTP80, 'https://example.org/'],
  [{ scheme: 'https', port: 443 }, HTTP80, 'https://example.org/'],
  [{ scheme: 'https', port: 8443 }, HTTP80, 'https://example.org:8443/'],
  [{}, HTTP8080, 'http://example.org:8080/'],
  [{ port: 80 }, HTTP8080, 'http://example.org/'],
  [{ scheme: 'https' }, HTTP8080, 'https://example.org/'],
  [{}, HTTPS443, 'https://example.org/'],
  [{ port: 443 }, HTTPS443, 'https://example.org/'],
  [{ port: 8443 }, HTTPS443, 'https://example.org:8443/'],
  [{ port: 80 }, HTTPS443, 'https://example.org:80/'],
  [{ scheme: 'http' }, HTTPS443, 'http://example.org/'],
  [{ scheme: 'http', port: 80 }, HTTPS443, 'http://example.org/'],
  [{ scheme: 'http', port: 8080 }, HTTPS443, 'http://example.org:8080/'],
  [{ scheme: 'http', port: 443 }, HTTPS443, 'http://example.org:443/'],
  [{ hostname: 'new.example' }, HTTP8080, 'http://new.example:8080/'],
  [{}, { authority: '[2001:db8::1]:80', listenerPort: 80 }, 'http://[2001:db8::1]/'],
  [{}, { ...HTTP80, path: '/a/b', query: '?c=d&e' }, 'http://example.org/a/b?c=d&e'],
  [
    { path: { type: 'ReplaceFullPath', value: '/full' } },
    { ...HTTP80, path: '/a', query: '?c=d' },
    'http://example.org/full?c=d',
  ],
  [
    { path: { type: 'ReplacePrefixMatch', value: '/replacement-prefix' }, hostname: 'example.net' },
    { ...HTTP80, path: '/original-prefix/lemon', query: '?x', matchedPrefixLength: 16 },
    'http://example.net/replacement-prefix/lemon?x',
  ],
  [{}, { ...HTTP80, authority: '', path: '/a' }, '/a'],
  [{}, { ...HTTP80, authority: '', path: '//evil.example/a' }, '/.//evil.example/a'],
  [{}, { ...HTTP80, method: 'OPTIONS', path: '*' }, 'http://example.org/'],
];

for (const [spec, request, location] of CASES) {
  test(`RequestRedirect ${JSON.stringify(spec)} of ${JSON.stringify(request)} leads to ${location}`, () => {
    const answer = redirect(spec, request);
    assert.deepEqual([answer.status, answer.fields.entries, answer.body], [302, ['location', location], null]);
  });
}

for (const statusCode of [301, 302, 303, 307, 308] as const) {
  test(`RequestRedirect answers ${statusCode}`, () =>
    assert.equal(redirect({ statusCode }, HTTP80).status, statusCode));
}

test('RequestRedirect refuses all requests when its hostname is none', () => {
  for (const hostname of ['a b', 'evil.example/', 'a\r\nx: y', 'user@evil.example', 'UPPER.example']) {
    assert.equal(redirect({ hostname }, HTTP80).status, 500);
  }
});
