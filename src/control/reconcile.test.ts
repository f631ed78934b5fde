import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDiagnostic } from '#model/diagnostic.ts';
import { placeOfRoute } from '#model/snapshot/route-name.ts';
import { emptyState, reconcile, ReconcileMemo, type ControlState, type ReconcileOptions } from './reconcile.ts';

const edge = gateway('edge', 8080);

function gateway(name: string, port: number): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: ${name}, namespace: shop}
spec: {gatewayClassName: selvage, listeners: [{name: http, port: ${port}, protocol: HTTP}]}
`;
}

function route(name: string, path: string): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: ${name}, namespace: shop}
spec:
  parentRefs: [{name: edge}]
  rules: [{matches: [{path: {type: PathPrefix, value: ${path}}}], filters: [{type: RequestRedirect, requestRedirect: {scheme: https}}]}]
`;
}

const brokenPath = 'not-absolute';

function files(texts: Readonly<Record<string, string>>) {
  return Object.entries(texts).map(([file, text]) => ({ file, text }));
}

/** Reconciles one set of files after another and tells the outcome of the last. */
function after(...steps: readonly Readonly<Record<string, string>>[]) {
  return stepsFrom(emptyState, steps);
}

function stepsFrom(
  start: ControlState,
  steps: readonly Readonly<Record<string, string>>[],
  options: ReconcileOptions = {},
) {
  const [first = {}, ...rest] = steps;
  let outcome = reconcile(start, files(first), options);
  for (const texts of rest) outcome = reconcile(outcome.state, files(texts), options);
  return {
    ...outcome,
    /** Paths that are matched, by route. */
    served: Object.fromEntries(
      [...outcome.snapshot.resources.values()].flatMap((resource) =>
        resource.type === 'http-route'
          ? [[placeOfRoute(resource.name), resource.rules[0]?.matches[0]?.path.value]]
          : [],
      ),
    ),
    lines: outcome.diagnostics.map(formatDiagnostic),
  };
}

function conditionsOf(outcome: ReturnType<typeof after>, kind: string, name: string) {
  const status = outcome.statuses.find((candidate) => candidate.kind === kind && candidate.name === name);
  return status?.conditions.map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
}

test('reconcile keeps the last good form of an object that became invalid, and says so', () => {
  const outcome = after(
    { 'a.yaml': edge, 'b.yaml': `${route('cart', '/v1')}---\n${route('web', '/v1')}` },
    { 'a.yaml': edge, 'b.yaml': `${route('cart', brokenPath)}---\n${route('web', '/v2')}` },
  );
  assert.deepEqual(outcome.served, { 'shop/cart': '/v1', 'shop/web': '/v2' });
  assert.deepEqual(conditionsOf(outcome, 'HTTPRoute', 'cart'), ['Current=False Invalid']);
  assert.equal(outcome.lines.length, 2);
  assert.match(outcome.lines[0]!, /^b\.yaml:6:.*: HTTPRoute shop\/cart: .*not absolute/);
  assert.equal(
    outcome.lines[1],
    'b.yaml:6:48: warning: HTTPRoute shop/cart: keeps serving its version from b.yaml:1:1',
  );
});

test('reconcile leaves out an object that was never valid, and no other', () => {
  const outcome = after({ 'a.yaml': edge, 'b.yaml': `${route('cart', brokenPath)}---\n${route('web', '/')}` });
  assert.deepEqual(outcome.served, { 'shop/web': '/' });
  assert.deepEqual(conditionsOf(outcome, 'HTTPRoute', 'cart'), ['Accepted=False Invalid']);
});

test('reconcile keeps what it kept until the object is valid again or gone', () => {
  const bad = { 'a.yaml': edge, 'b.yaml': route('cart', brokenPath) };
  const good = { 'a.yaml': edge, 'b.yaml': route('cart', '/v1') };
  assert.deepEqual(after(good, bad, bad).served, { 'shop/cart': '/v1' });
  const healed = after(good, bad, { 'a.yaml': edge, 'b.yaml': route('cart', '/v2') });
  assert.deepEqual([healed.served, healed.lines], [{ 'shop/cart': '/v2' }, []]);
  assert.deepEqual(after(good, bad, { 'a.yaml': edge }).served, {});
});

test('reconcile removes an object whose document or file is gone', () => {
  const both = { 'a.yaml': edge, 'b.yaml': `${route('cart', '/c')}---\n${route('web', '/w')}` };
  assert.deepEqual(after(both, { 'a.yaml': edge, 'b.yaml': route('web', '/w') }).served, { 'shop/web': '/w' });
  assert.deepEqual(after(both, { 'a.yaml': edge }).served, {});
});

test('reconcile follows an object that moves to another file', () => {
  const outcome = after(
    { 'a.yaml': edge, 'b.yaml': route('cart', '/c') },
    { 'a.yaml': edge, 'c.yaml': route('cart', '/c2') },
  );
  assert.deepEqual([outcome.served, outcome.lines], [{ 'shop/cart': '/c2' }, []]);
});

test('reconcile keeps all objects of a file with a syntax error', () => {
  const outcome = after(
    { 'a.yaml': edge, 'b.yaml': `${route('cart', '/c')}---\n${route('web', '/w')}`, 'c.yaml': route('blog', '/b') },
    { 'a.yaml': edge, 'b.yaml': 'kind: [HTTPRoute\n  : {', 'c.yaml': route('blog', '/b2') },
  );
  assert.deepEqual(outcome.served, { 'shop/blog': '/b2', 'shop/cart': '/c', 'shop/web': '/w' });
  assert.ok(
    outcome.lines.some((line) =>
      line.endsWith('warning: keeps serving the last version of the 2 objects that cannot be read'),
    ),
    outcome.lines.join('\n'),
  );
  assert.deepEqual(conditionsOf(outcome, 'HTTPRoute', 'cart'), ['Current=False Invalid']);
});

test('reconcile keeps the objects of files and folders that cannot be read', () => {
  const memo = new ReconcileMemo();
  const first = reconcile(
    emptyState,
    files({ 'conf/a.yaml': edge, 'conf/sub/b.yaml': route('cart', '/c'), 'confer.yaml': route('web', '/w') }),
    { memo },
  );
  for (const file of ['conf', 'conf/', 'conf/sub/b.yaml']) {
    const unreadable = [
      { severity: 'error', location: { file, line: 1, column: 1 }, fieldPath: '', message: `cannot read ${file}` },
    ] as const;
    const rest = file === 'conf/sub/b.yaml' ? files({ 'conf/a.yaml': edge }) : [];
    const second = reconcile(first.state, rest, { memo, unreadable });
    const names = [...second.snapshot.resources.keys()];
    assert.deepEqual(names, ['http-route HTTPRoute/shop/cart', 'listener shop/edge/http'], file);
  }
});

test('reconcile takes back a permission that became invalid, for its own target only', () => {
  const base = `${edge}---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{name: edge}]
  rules: [{backendRefs: [{group: selvage.dev, kind: Backend, name: web, namespace: stock}, {group: selvage.dev, kind: Backend, name: web}]}]
---
${backend('stock')}---
${backend('shop')}`;
  const grant = `apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: shop, namespace: stock}
spec:
  from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: shop}]
  to: [{group: selvage.dev, kind: Backend}]
`;
  const granted = after({ 'a.yaml': base, 'grant.yaml': grant });
  assert.deepEqual(clustersOf(granted), ['Backend/stock/web', 'Backend/shop/web']);
  const broken = after(
    { 'a.yaml': base, 'grant.yaml': grant },
    { 'a.yaml': base, 'grant.yaml': grant.replace('kind: HTTPRoute', 'kid: HTTPRoute') },
  );
  assert.deepEqual(clustersOf(broken), [null, 'Backend/shop/web']);
  assert.ok(
    broken.lines.some((line) => line.endsWith('ReferenceGrant stock/shop: grants nothing until it is valid')),
    broken.lines.join('\n'),
  );
});

function backend(namespace: string): string {
  return `apiVersion: selvage.dev/v1alpha1
kind: Backend
metadata: {name: web, namespace: ${namespace}}
spec: {endpoints: [{address: 127.0.0.1, port: 9000}]}
`;
}

function clustersOf(outcome: ReturnType<typeof after>) {
  const web = outcome.snapshot.resources.get('http-route HTTPRoute/shop/web');
  return web?.type === 'http-route' ? web.rules[0]?.backends.map(({ cluster }) => cluster) : undefined;
}

const securedBase = `${edge}---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{name: edge}]
  rules: [{backendRefs: [{group: selvage.dev, kind: Backend, name: web}]}]
---
${backend('shop')}`;

const tlsPolicy = `apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {name: web, namespace: shop}
spec:
  targetRefs: [{group: selvage.dev, kind: Backend, name: web}]
  validation: {hostname: web.example.com, wellKnownCACertificates: System}
`;

test('reconcile sends nothing to what a BackendTLSPolicy that was never valid is for', () => {
  const broken = tlsPolicy.replace('wellKnown', 'wellknown');
  const outcome = after({ 'a.yaml': securedBase }, { 'a.yaml': securedBase, 'tls.yaml': broken });
  assert.deepEqual(clustersOf(outcome), [null]);
  assert.deepEqual(conditionsOf(outcome, 'BackendTLSPolicy', 'web'), ['Accepted=False Invalid']);
  for (const line of [
    'tls.yaml:5:16: warning: BackendTLSPolicy shop/web: spec.targetRefs[0]: nothing is sent to Backend shop/web until this policy is valid',
    'a.yaml:11:26: warning: HTTPRoute shop/web: spec.rules[0].backendRefs[0]: requests are answered with an error, since nothing may be sent without TLS: BackendTLSPolicy shop/web is not valid',
  ])
    assert.ok(outcome.lines.includes(line), outcome.lines.join('\n'));
  const healed = stepsFrom(outcome.state, [{ 'a.yaml': securedBase, 'tls.yaml': tlsPolicy }]);
  assert.deepEqual([clustersOf(healed), healed.lines], [['Backend/shop/web'], []]);
  const gone = stepsFrom(outcome.state, [{ 'a.yaml': securedBase }]);
  assert.deepEqual([clustersOf(gone), gone.lines], [['Backend/shop/web'], []]);
});

test('reconcile keeps the last good form of a policy, whatever its document says of its targets now', () => {
  const good = { 'a.yaml': securedBase, 'tls.yaml': tlsPolicy };
  for (const broken of [
    tlsPolicy.replace('wellKnown', 'wellknown'),
    tlsPolicy.replace('v1', 'v0'),
    tlsPolicy.replace('name: web, ', ''),
    tlsPolicy.replace('spec:', 'spec: ['),
  ]) {
    const outcome = after(good, { 'a.yaml': securedBase, 'tls.yaml': broken });
    assert.deepEqual(clustersOf(outcome), ['Backend/shop/web'], broken);
    const cluster = outcome.snapshot.resources.get('cluster Backend/shop/web');
    assert.equal(cluster?.type === 'cluster' && cluster.tls?.hostname, 'web.example.com', broken);
  }
});

test('reconcile lets a valid policy speak for a rejected document of the same name', () => {
  const outcome = after({ 'a.yaml': securedBase, 'b.yaml': tlsPolicy.replace('v1', 'v0'), 'tls.yaml': tlsPolicy });
  assert.deepEqual(clustersOf(outcome), ['Backend/shop/web']);
});

test('reconcile keeps closed what a ClientTrafficPolicy is for that may say how the PROXY protocol is read', () => {
  const policy = (spec: string) => `apiVersion: selvage.dev/v1alpha1
kind: ClientTrafficPolicy
metadata: {name: edge, namespace: shop}
spec: {targetRefs: [{name: edge}], ${spec}}
`;
  const isOpen = (...specs: readonly string[]) =>
    after(...specs.map((spec) => ({ 'a.yaml': edge, 'b.yaml': policy(spec) }))).snapshot.resources.has(
      'listener shop/edge/http',
    );
  for (const closing of [
    'proxyProtocol: {trusted: [10.0.0.0]}',
    'proxyProtcol: {trusted: [10.0.0.0/8]}',
    'proxyProtocol: {trusted: [10.0.0.0/8]}, limits: {headerBytes: 1}',
    'limits: {}, limits: {}',
  ])
    assert.equal(isOpen(closing), false, closing);
  for (const harmless of ['limits: {headerBytes: 1}', 'timeout: 7', 'http1: {colour: red}, proxyProtocol: ~'])
    assert.equal(isOpen(harmless), true, harmless);
  assert.equal(isOpen('limits: {}', 'proxyProtocol: {}'), true, 'the last good form stays in force');
});

test('reconcile comes to the same result from a state that crossed a thread, and without a memo', () => {
  const good = { 'a.yaml': edge, 'b.yaml': `${route('cart', '/c')}---\n${route('web', '/w')}` };
  const bad = { 'a.yaml': edge, 'b.yaml': `# moved\n${route('cart', brokenPath)}---\n${route('web', '/w2')}` };
  const here = stepsFrom(emptyState, [good, bad], { memo: new ReconcileMemo() });
  const there = stepsFrom(structuredClone(after(good).state), [bad]);
  assert.deepEqual(structuredClone(here.snapshot), structuredClone(there.snapshot));
  assert.deepEqual(here.statuses, there.statuses);
});

test('reconcile hands out the identical resource for what did not change', () => {
  const memo = new ReconcileMemo();
  const first = reconcile(
    emptyState,
    files({ 'a.yaml': edge, 'b.yaml': `${route('cart', '/c')}---\n${route('web', '/w')}` }),
    { memo },
  );
  const second = reconcile(
    first.state,
    files({ 'a.yaml': edge, 'b.yaml': `# a line more\n${route('cart', '/c')}---\n${route('web', '/w2')}` }),
    { memo },
  );
  for (const key of ['http-route HTTPRoute/shop/cart', 'listener shop/edge/http']) {
    assert.equal(second.snapshot.resources.get(key), first.snapshot.resources.get(key), key);
  }
  assert.notEqual(
    second.snapshot.resources.get('http-route HTTPRoute/shop/web'),
    first.snapshot.resources.get('http-route HTTPRoute/shop/web'),
  );
  assert.notEqual(second.snapshot.version, first.snapshot.version);
});

test('reconcile warns when there is nothing to serve', () => {
  const { diagnostics } = reconcile(emptyState, [], { source: 'conf' });
  assert.deepEqual(diagnostics.map(formatDiagnostic), [
    'conf:1:1: warning: nothing to serve: no Gateway of class selvage is declared',
  ]);
});

/** Texts as editors leave them half-way: cut, with a piece pasted somewhere. */
const damagedText = fc
  .tuple(
    fc.constantFrom(edge, route('cart', '/c'), `${route('cart', '/c2')}---\n${route('web', '/w')}`),
    fc.nat(400),
    fc.string({ maxLength: 3 }),
  )
  .map(([text, at, piece]) => (at > text.length ? text : text.slice(0, at) + piece + text.slice(at + piece.length)));

test('reconcile serves after any damage only what was valid once, and all that is valid now', () => {
  const once = { 'a.yaml': edge, 'b.yaml': `${route('cart', '/c')}---\n${route('web', '/w')}` };
  fc.assert(
    fc.property(fc.array(damagedText, { maxLength: 3 }), (texts) => {
      const damaged = Object.fromEntries(texts.map((text, i) => [`${i === 0 ? 'b' : `x${i}`}.yaml`, text]));
      const outcome = after(once, { 'a.yaml': edge, ...damaged });
      for (const [name, path] of Object.entries(after({ 'a.yaml': edge, ...damaged }).served)) {
        assert.equal(outcome.served[name], path, name);
      }
      // Damage may have made another valid Gateway, which may win the port: it is served in any case.
      assert.ok([...outcome.snapshot.resources.keys()].some((key) => key.startsWith('listener ')));
      assert.deepEqual(structuredClone(outcome.state), outcome.state);
    }),
    { numRuns: 60 },
  );
});
