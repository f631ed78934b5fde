import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RouteTable } from './route-table.ts';
import {
  declareRoute,
  declareRule,
  exactPath,
  exactValues,
  prefixPath,
  regExpPath,
  requestOf,
  tableOf,
} from './testing/routes.ts';

type Case = readonly [
  target: string,
  rule: string | undefined,
  options?: Parameters<typeof requestOf>[1] & { host?: string },
];

function assertCases(table: RouteTable, cases: readonly Case[]): void {
  for (const [target, rule, options = {}] of cases) {
    const found = table.find(options.host ?? 'example.com', requestOf(target, options))?.rule.name;
    assert.equal(
      found,
      rule,
      `${options.method ?? 'GET'} ${options.host ?? ''}${target} ${JSON.stringify(options.headers)}`,
    );
  }
}

const headers = (values: Record<string, string>) => ({ headers: exactValues(values) });
const params = (values: Record<string, string>) => ({ queryParams: exactValues(values) });

test('find prefers exact paths, then the longest prefix, in any order of declaration (HTTPRoutePathMatchOrder)', () => {
  const rules = [
    declareRule('match', { path: exactPath('/match') }),
    declareRule('match-exact', { path: exactPath('/match/exact') }),
    declareRule('match-exact-one', { path: exactPath('/match/exact/one') }),
    declareRule('prefix-match', { path: prefixPath('/match/') }),
    declareRule('prefix-match-prefix', { path: prefixPath('/match/prefix/') }),
    declareRule('prefix-match-prefix-one', { path: prefixPath('/match/prefix/one') }),
  ];
  for (const order of [rules, rules.toReversed()]) {
    assertCases(tableOf(declareRoute('r', order)), [
      ['/match/exact/one', 'match-exact-one'],
      ['/match/exact', 'match-exact'],
      ['/match', 'match'],
      ['/match/prefix/one/any', 'prefix-match-prefix-one'],
      ['/match/prefix/any', 'prefix-match-prefix'],
      ['/match/any', 'prefix-match'],
    ]);
  }
});

test('find compares exact paths whole (HTTPExactPathMatching)', () => {
  const table = tableOf(
    declareRoute('r', [
      declareRule('one', { path: exactPath('/one') }),
      declareRule('two', { path: exactPath('/two/') }),
    ]),
  );
  assertCases(table, [
    ['/one', 'one'],
    ['/two/', 'two'],
    ['/', undefined],
    ['/one/', undefined],
    ['/two', undefined],
    ['/ONE', undefined],
    ['/one/example', undefined],
  ]);
});

test('find compares prefixes by element and ignores their trailing slash (PathMatchPathPrefix)', () => {
  const table = tableOf(
    declareRoute('r', [
      declareRule('plain', { path: prefixPath('/foo') }),
      declareRule('slash', { path: prefixPath('/bar/') }),
      declareRule('long', { path: prefixPath('/foo/bar/baz/qux') }),
    ]),
  );
  assertCases(table, [
    ['/foo', 'plain'],
    ['/foo/', 'plain'],
    ['/foo/bar', 'plain'],
    ['/foo/bar/baz', 'plain'],
    ['/foo/bar/baz/quxx', 'plain'],
    ['/foo/bar/baz/qux/', 'long'],
    ['/foobar', undefined],
    ['/FOO', undefined],
    ['/bar', 'slash'],
    ['/bar/x', 'slash'],
    ['/barx', undefined],
    ['/', undefined],
    ['', undefined],
    ['*', undefined],
  ]);
});

test('find says how much of the path a prefix took', () => {
  const table = tableOf(
    declareRoute('r', [
      declareRule('a', { path: prefixPath('/foo/') }),
      declareRule('b', { path: prefixPath('/') }),
      declareRule('c', { path: exactPath('/c') }),
    ]),
  );
  const taken = (path: string) => table.find('h', requestOf(path))?.matchedPrefixLength;
  assert.deepEqual([taken('/foo/bar'), taken('/x'), taken('/c')], [4, 0, -1]);
});

test('find brings declared paths to the spelling of request paths', () => {
  const table = tableOf(
    declareRoute('r', [
      declareRule('a', { path: exactPath('/caf%c3%a9/%7Euser') }),
      declareRule('b', { path: prefixPath('/x//y/') }),
    ]),
  );
  assertCases(table, [
    ['/caf%C3%A9/~user', 'a'],
    ['/x/y/z', 'b'],
  ]);
});

test('find tries regular expressions behind exact paths and before prefixes, the longer first', () => {
  const table = tableOf(
    declareRoute('r', [
      declareRule('prefix', { path: prefixPath('/users/42') }),
      declareRule('short', { path: regExpPath('/users/.*') }),
      declareRule('long', { path: regExpPath('/users/[0-9]+') }),
      declareRule('exact', { path: exactPath('/users/7') }),
    ]),
  );
  assertCases(table, [
    ['/users/7', 'exact'],
    ['/users/42', 'long'],
    ['/users/42/x', 'short'],
    ['/users', undefined],
    ['/v1/users/42', undefined],
  ]);
});

test('find matches methods and prefers a match that names one (HTTPRouteMethodMatching)', () => {
  const table = tableOf(
    declareRoute('r', [
      declareRule('post', { method: 'POST' }),
      declareRule('get', { method: 'GET' }),
      declareRule('path1', { path: prefixPath('/path1'), method: 'GET' }),
      declareRule('put-one', { method: 'PUT', ...headers({ version: 'one' }) }),
      declareRule('path5', { path: prefixPath('/path5') }),
      declareRule('patch', { method: 'PATCH' }),
      declareRule('four', headers({ version: 'four' })),
    ]),
  );
  assertCases(table, [
    ['/', 'post', { method: 'POST' }],
    ['/', 'get'],
    ['/', undefined, { method: 'HEAD' }],
    ['/path1', 'path1'],
    ['/', 'put-one', { method: 'PUT', headers: { version: 'one' } }],
    ['/', undefined, { method: 'PUT' }],
    ['/path5', 'path5', { method: 'PATCH' }],
    ['/', 'patch', { method: 'PATCH', headers: { version: 'four' } }],
  ]);
});

test('find wants all headers of a match and prefers the match with more (HTTPRouteHeaderMatching)', () => {
  const table = tableOf(
    declareRoute('r', [
      declareRule('one', headers({ version: 'one' })),
      declareRule('two', headers({ Version: 'two' })),
      declareRule('two-orange', headers({ version: 'two', color: 'orange' })),
      declareRule('blue-green', headers({ color: 'blue' }), headers({ color: 'green' })),
    ]),
  );
  assertCases(table, [
    ['/', 'one', { headers: { version: 'one' } }],
    ['/', 'two', { headers: { version: 'two' } }],
    ['/', 'two-orange', { headers: { version: 'two', color: 'orange' } }],
    ['/', 'two', { headers: { version: 'two', color: 'blue' } }],
    ['/', undefined, { headers: { color: 'orange' } }],
    ['/', 'blue-green', { headers: { color: 'green' } }],
    ['/', undefined, { headers: { color: 'Blue' } }],
    ['/', undefined],
  ]);
});

test('find wants all query parameters of a match and prefers the match with more (HTTPRouteQueryParamMatching)', () => {
  const table = tableOf(
    declareRoute('r', [
      declareRule('whale', params({ animal: 'whale' })),
      declareRule('dolphin', params({ animal: 'dolphin' })),
      declareRule('dolphin-blue', params({ animal: 'dolphin', color: 'blue' })),
      declareRule('upper', params({ ANIMAL: 'Whale' })),
      declareRule('whale-one', { ...params({ animal: 'whale' }), ...headers({ version: 'one' }) }),
      declareRule('path5', { path: prefixPath('/path5') }),
      declareRule('hydra', params({ animal: 'hydra' })),
      declareRule('four', headers({ version: 'four' })),
    ]),
  );
  assertCases(table, [
    ['/?animal=whale', 'whale'],
    ['/?animal=dolphin&color=blue', 'dolphin-blue'],
    ['/?color=yellow&animal=dolphin', 'dolphin'],
    ['/?ANIMAL=Whale', 'upper'],
    ['/?animal=whale&otherparam=irrelevant', 'whale'],
    ['/?color=blue', undefined],
    ['/?animal=whaledolphin', undefined],
    ['/', undefined],
    ['/?animal=whale', 'whale-one', { headers: { version: 'one' } }],
    ['/path5?animal=hydra', 'path5'],
    ['/?animal=hydra', 'four', { headers: { version: 'four' } }],
    ['/?animal=dolphin&animal=whale', 'dolphin'],
  ]);
});

test('find prefers the older route, then the name, then the order of rules and matches (HTTPRouteRule.matches)', () => {
  const same = (name: string) => [declareRule(name)];
  const older = tableOf(
    declareRoute('a', same('young'), { createdAtMs: 2 }),
    declareRoute('b', same('old'), { createdAtMs: 1 }),
  );
  assertCases(older, [['/', 'old']]);
  assertCases(tableOf(declareRoute('b/a', same('b/a')), declareRoute('a/b', same('a/b'))), [['/', 'a/b']]);
  assertCases(tableOf(declareRoute('r', [...same('first'), ...same('second')])), [['/', 'first']]);
});

test('find prefers exact host names, then the longest wildcard (HTTPRouteSpec.hostnames)', () => {
  const at = (name: string, hostname: string) => declareRoute(name, [declareRule(name)], { hostnames: [hostname] });
  const table = tableOf(
    at('any', '*'),
    at('com', '*.com'),
    at('wild', '*.Example.com'),
    at('exact', 'WWW.example.com'),
    at('deep', '*.b.example.com'),
  );
  for (const [host, rule] of [
    ['www.example.com', 'exact'],
    ['www.example.com.', 'exact'],
    ['x.example.com', 'wild'],
    ['y.x.example.com', 'wild'],
    ['b.example.com', 'wild'],
    ['a.b.example.com', 'deep'],
    ['example.com', 'com'],
    ['.example.com', 'com'],
    ['notexample.com', 'com'],
    ['com', 'any'],
    ['', 'any'],
    ['[::1]', 'any'],
    [`${'a.'.repeat(200)}example.com`, 'any'],
  ] as const) {
    assert.equal(table.find(host, requestOf('/'))?.rule.name, rule, host);
  }
});

test('find goes on at broader host names where the specific one has no match (HTTPRouteMatchingAcrossRoutes)', () => {
  const part1 = declareRoute('part1', [declareRule('v1', { path: prefixPath('/') }, headers({ version: 'one' }))], {
    hostnames: ['example.com', 'example.net'],
  });
  const part2 = declareRoute('part2', [declareRule('v2', { path: prefixPath('/v2') }, headers({ version: 'two' }))], {
    hostnames: ['example.com'],
  });
  assertCases(tableOf(part1, part2), [
    ['/', 'v1'],
    ['/example', 'v1'],
    ['/example', 'v1', { host: 'example.net' }],
    ['/example', 'v1', { headers: { version: 'one' } }],
    ['/v2', 'v2'],
    ['/v2', 'v1', { host: 'example.net' }],
    ['/v2/example', 'v2'],
    ['/', 'v2', { headers: { version: 'two' } }],
  ]);
  const specific = declareRoute('s', [declareRule('s', { path: exactPath('/s') })], { hostnames: ['a.example.com'] });
  const broad = declareRoute('b', [declareRule('b')], { hostnames: ['*.example.com'] });
  assertCases(tableOf(specific, broad), [
    ['/s', 's', { host: 'a.example.com' }],
    ['/t', 'b', { host: 'a.example.com' }],
  ]);
});
