import assert from 'node:assert/strict';
import test from 'node:test';
import type { HttpRouteResource } from '#model/snapshot/http-route.ts';
import type { ListenerResource } from '#model/snapshot/listener.ts';
import { snapshotKey, type Snapshot, type SnapshotResource } from '#model/snapshot/snapshot.ts';
import { plain } from './terminal.ts';
import { describeChange, describeServing } from './up-report.ts';

const listener = (changes: Partial<ListenerResource>): ListenerResource => ({
  type: 'listener',
  name: 'shop/edge/http',
  version: '1',
  gateway: 'shop/edge',
  address: '',
  port: 80,
  protocol: 'HTTP',
  hostname: '',
  tls: null,
  proxyProtocol: null,
  limits: null,
  ...changes,
});

const route = (hostnames: readonly string[]): HttpRouteResource => ({
  type: 'http-route',
  name: 'HTTPRoute/shop/web',
  version: '1',
  createdAtMs: 0,
  attachments: [{ listener: 'shop/edge/http', hostnames }],
  rules: [],
});

const snapshotOf = (...resources: readonly SnapshotResource[]): Snapshot => ({
  version: '1',
  resources: new Map(resources.map((resource) => [snapshotKey(resource), resource])),
});

const CASES: readonly (readonly [
  changes: Partial<ListenerResource>,
  hostnames: readonly string[],
  title: string,
  row: string,
])[] = [
  [{}, ['*'], 'http://localhost', 'http://localhost'],
  [{ port: 8080, address: '::1' }, ['*'], 'http://[::1]:8080', 'http://[::1]:8080'],
  [
    { port: 443, protocol: 'HTTPS', hostname: '*.example.com' },
    ['a.example.com'],
    'https://*.example.com',
    'https://a.example.com',
  ],
  [{ port: 80, protocol: 'TCP', address: '10.0.0.1' }, ['*'], 'tcp://10.0.0.1:80', 'tcp://10.0.0.1:80'],
];

for (const [changes, hostnames, title, row] of CASES) {
  test(`describeServing shows ${title} leading to ${row}`, () => {
    assert.deepEqual(describeServing(snapshotOf(listener(changes), route(hostnames)), [], plain), [
      `  ${title}  Gateway shop/edge, listener http`,
      `    ${row}  HTTPRoute shop/web (0 rules)`,
    ]);
  });
}

test('describeServing says where nothing is attached, and leaves out what is not bound', () => {
  const other = listener({ name: 'shop/edge/other', port: 81 });
  const snapshot = snapshotOf(listener({}), other);
  const lines = describeServing(snapshot, [{ listener: 'shop/edge/other', message: 'taken' }], plain);
  assert.equal(lines.length, 2);
  assert.match(lines[1] ?? '', /no route is attached/);
});

test('describeServing counts what is too much to list', () => {
  const hostnames = Array.from({ length: 1000 }, (_, i) => `h${i}.example.com`);
  const lines = describeServing(snapshotOf(listener({}), route(hostnames)), [], plain);
  assert.equal(lines.length, 14);
  assert.match(lines.at(-1) ?? '', /^ {4}and 988 more/);
});

test('describeChange counts by type, and tells new from changed', () => {
  const known = new Set(['http-route HTTPRoute/shop/web']);
  const upserts = [route([]), { ...route([]), name: 'HTTPRoute/shop/new' }, listener({})];
  const delta = {
    version: '2',
    upserts,
    removals: ['cluster Service/shop/a:80', 'endpoints Service/shop/a:80', 'cluster Service/shop/b:80'],
  };
  assert.equal(
    describeChange(delta, (key) => known.has(key)),
    '1 route changed, 1 route added, 1 listener added, 2 backends removed, 1 endpoint list removed',
  );
  assert.equal(
    describeChange({ version: '2', upserts: [], removals: [] }, () => false),
    'nothing that is served changed',
  );
});
