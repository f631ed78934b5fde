import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HttpRouteMatch, HttpRouteResource } from '#model/snapshot/http-route.ts';
import { compileRoute } from './compile-route.ts';
import { createRouteTable } from './route-table.ts';
import {
  compileEmptyRule,
  declareRoute,
  declareRule,
  exactPath,
  exactValues,
  prefixPath,
  regExpPath,
  requestOf,
  tableOf,
} from './testing/routes.ts';

test('find joins the lines of a header and compares names without case (RFC 9110 §5.3)', () => {
  const table = tableOf(declareRoute('r', [declareRule('x', { headers: exactValues({ 'X-Tag': 'a, b' }) })]));
  const request = requestOf('/');
  request.fields.append('x-tag', 'a');
  assert.equal(table.find('h', request), undefined);
  request.fields.append('x-tag', 'b');
  assert.equal(table.find('h', request)?.rule.name, 'x');
});

test('find tests a repeated header name once, as first declared (HTTPRouteMatch.headers)', () => {
  const twice = [...exactValues({ color: 'red' }), ...exactValues({ Color: 'blue' })];
  const table = tableOf(declareRoute('r', [declareRule('x', { headers: twice })]));
  assert.equal(table.find('h', requestOf('/', { headers: { color: 'red' } }))?.rule.name, 'x');
});

test('find matches header and query values by whole regular expressions', () => {
  const version = { name: 'version', type: 'RegularExpression', value: 'v[0-9]+' } as const;
  const table = tableOf(
    declareRoute('r', [
      declareRule('header', { headers: [version] }),
      declareRule('query', { queryParams: [{ ...version, value: '.*' }] }),
    ]),
  );
  assert.equal(table.find('h', requestOf('/', { headers: { version: 'v12' } }))?.rule.name, 'header');
  assert.equal(table.find('h', requestOf('/', { headers: { version: 'v12-beta' } })), undefined);
  assert.equal(table.find('h', requestOf('/?version'))?.rule.name, 'query');
});

test('find sees host and upgrade as headers, which codecs turn into properties', () => {
  const table = tableOf(
    declareRoute('r', [
      declareRule('upgrade', { headers: exactValues({ Upgrade: 'websocket' }) }),
      declareRule('host', { headers: exactValues({ host: 'example.com' }) }),
    ]),
  );
  const request = requestOf('/');
  assert.equal(table.find('h', request)?.rule.name, 'host');
  request.upgrade = 'websocket';
  assert.equal(table.find('h', request)?.rule.name, 'upgrade');
});

test('find compares non-ASCII header values as octets of UTF-8', () => {
  const table = tableOf(declareRoute('r', [declareRule('x', { headers: exactValues({ city: 'Köln' }) })]));
  assert.equal(table.find('h', requestOf('/', { headers: { city: 'K\u00c3\u00b6ln' } }))?.rule.name, 'x');
});

test('compileRoute leaves out a match whose expression is refused, says why, and keeps the others', () => {
  const rules = [declareRule('bad', { path: regExpPath('/(a)\\1') }, { path: exactPath('/ok') })];
  const compiled = compileRoute(declareRoute('r', rules), compileEmptyRule);
  assert.deepEqual(compiled.problems, [
    {
      route: 'HTTPRoute/shop/r',
      rule: 'bad',
      matchIndex: 0,
      reason:
        'path: backreferences are not supported (they cannot be matched in linear time) (at character 5 of /(a)\\1)',
    },
  ]);
  assert.equal(compiled.matches.length, 1);
});

test('createRouteTable takes only what is attached to its listener', () => {
  const route = compileRoute(declareRoute('r', [declareRule('x')]), compileEmptyRule);
  assert.equal(createRouteTable('other', [route]).find('h', requestOf('/')), undefined);
});

test('find ends on a path of half a million elements and a host of as many labels', () => {
  const rules = Array.from({ length: 50 }, (_, i) => declareRule(`r${i}`, { path: prefixPath(`/${'a/'.repeat(i)}b`) }));
  const table = tableOf(declareRoute('r', rules, { hostnames: ['*.example.com', 'x'] }));
  // Work that grows with their square would outlast the time limit of a test.
  assert.equal(table.find('x', requestOf('/a'.repeat(500_000))), undefined);
  assert.equal(table.find('a.'.repeat(500_000), requestOf('/')), undefined);
});

// ── against a matcher that is too simple to be wrong ──

const HOSTS = ['a.com', 'b.a.com', 'c.b.a.com', 'com', 'z.net'];
const SEGMENTS = ['a', 'b', 'ab'];

const path = fc
  .tuple(fc.array(fc.constantFrom(...SEGMENTS), { maxLength: 3 }), fc.boolean())
  .map(([segments, slash]) => `/${segments.join('/')}${slash && segments.length > 0 ? '/' : ''}`);
const values = fc.dictionary(fc.constantFrom('x', 'y'), fc.constantFrom('1', '2'), { maxKeys: 2 });
const declaredMatch = fc.record({
  path: fc.oneof(path.map(exactPath), path.map(prefixPath), fc.constantFrom('/a.*', '/(a|b)+', '/.*').map(regExpPath)),
  method: fc.constantFrom('', '', 'GET', 'POST'),
  headers: values.map(exactValues),
  queryParams: values.map(exactValues),
});
const declaredRoute = fc
  .record({
    name: fc.constantFrom('m/a', 'm/b', 'n/a'),
    createdAtMs: fc.nat(2),
    hostnames: fc.uniqueArray(fc.constantFrom('*', '*.com', '*.a.com', 'a.com', 'b.a.com'), {
      minLength: 1,
      maxLength: 2,
    }),
    rules: fc.array(fc.array(declaredMatch, { minLength: 1, maxLength: 2 }), { minLength: 1, maxLength: 3 }),
  })
  .map(({ name, createdAtMs, hostnames, rules }) =>
    declareRoute(
      name,
      rules.map((matches, index) => declareRule(`${name}-${index}`, ...matches)),
      { hostnames, createdAtMs },
    ),
  );

/** Every match that takes the request with its rank, sorted; written from the standard's text, not from the code. */
function findNaively(
  routes: readonly HttpRouteResource[],
  host: string,
  request: { method: string; path: string; headers: Record<string, string>; query: Record<string, string> },
): string | undefined {
  const found: { rank: (number | string)[]; rule: string }[] = [];
  for (const route of routes) {
    for (const hostname of route.attachments[0]!.hostnames) {
      const suffix = hostname.replace('*', '');
      const isWild = hostname.startsWith('*');
      if (isWild ? !(host.endsWith(suffix) && host.length > suffix.length) : host !== hostname) continue;
      route.rules.forEach((rule, ruleIndex) =>
        rule.matches.forEach((match, matchIndex) => {
          if (!takes(match, request)) return;
          const rank = [
            isWild ? 1 : 0,
            -hostname.length,
            ...rankOf(match),
            route.createdAtMs,
            route.name,
            ruleIndex,
            matchIndex,
          ];
          found.push({ rank, rule: rule.name });
        }),
      );
    }
  }
  return found.sort((a, b) => compareRanks(a.rank, b.rank))[0]?.rule;
}

function takes(match: HttpRouteMatch, request: Parameters<typeof findNaively>[2]): boolean {
  const { type, value } = match.path;
  const elements = (text: string) => text.split('/').filter((element) => element !== '');
  const isPath =
    type === 'Exact'
      ? value === request.path
      : type === 'PathPrefix'
        ? elements(value).every((element, i) => elements(request.path)[i] === element)
        : new RegExp(`^(?:${value})$`).test(request.path);
  return (
    isPath &&
    (match.method === '' || match.method === request.method) &&
    match.headers.every(({ name, value }) => request.headers[name] === value) &&
    match.queryParams.every(({ name, value }) => request.query[name] === value)
  );
}

function rankOf({ path, method, headers, queryParams }: HttpRouteMatch): number[] {
  const type = ['Exact', 'RegularExpression', 'PathPrefix'].indexOf(path.type);
  const length = path.type === 'PathPrefix' && path.value.endsWith('/') ? path.value.length - 1 : path.value.length;
  return [type, -length, method === '' ? 1 : 0, -headers.length, -queryParams.length];
}

function compareRanks(a: readonly (number | string)[], b: readonly (number | string)[]): number {
  const at = a.findIndex((part, i) => part !== b[i]);
  return at === -1 ? 0 : a[at]! < b[at]! ? -1 : 1;
}

test('find equals sorting all matches that take the request', () => {
  const request = fc.record({ method: fc.constantFrom('GET', 'POST'), path, headers: values, query: values });
  const routes = fc.uniqueArray(declaredRoute, { selector: (route) => route.name, maxLength: 3 });
  let matched = 0;
  fc.assert(
    fc.property(
      routes,
      fc.constantFrom(...HOSTS),
      fc.array(request, { minLength: 1, maxLength: 6 }),
      (list, host, requests) => {
        const table = tableOf(...list);
        for (const wanted of requests) {
          const query = new URLSearchParams(wanted.query).toString();
          const found = table.find(host, requestOf(query === '' ? wanted.path : `${wanted.path}?${query}`, wanted));
          if (found !== undefined) matched++;
          assert.equal(found?.rule.name, findNaively(list, host, wanted));
        }
      },
    ),
    { numRuns: 1500 },
  );
  assert.ok(matched > 100, `only ${matched} requests matched: the property shows little`);
});
