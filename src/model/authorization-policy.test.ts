import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { accepted, assertOneError, errorsIn, warningsIn } from './testing/declared.ts';

const policy = (spec: object) => ({
  apiVersion: 'selvage.dev/v1alpha1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'p', namespace: 'shop' },
  spec: { targetRefs: [{ kind: 'Gateway', name: 'edge' }], action: 'DENY', ...spec },
});
const from = (source: object) => policy({ rules: [{ from: [source] }] });
const to = (operation: object) => policy({ rules: [{ to: [operation] }] });

describe('AuthorizationPolicy that is right', () => {
  test('says which group its targets are of', () => {
    const targetRefs = ['Gateway', 'HTTPRoute', 'GRPCRoute', 'Service'].map((kind) => ({ kind, name: 'a' }));
    const { spec } = accepted('AuthorizationPolicy', policy({ targetRefs, rules: [{}] }));
    const gatewayApi = 'gateway.networking.k8s.io';
    assert.deepEqual(
      spec.targetRefs.map(({ group }) => group),
      [gatewayApi, gatewayApi, gatewayApi, ''],
    );
    assert.deepEqual(spec.exemptPaths, []);
  });

  test('may be for a target and for a section of it', () => {
    const targetRefs = [
      { kind: 'Gateway', name: 'edge' },
      { kind: 'Gateway', name: 'edge', sectionName: 'http' },
      { kind: 'HTTPRoute', name: 'edge' },
    ];
    assert.deepEqual(errorsIn(policy({ targetRefs })), []);
  });

  for (const path of ['/', '/a', '/a/*', '/a*', '*', '*.json', '*/info', '/a/{*}/b', '/{**}', '/a/{**}/b', '/a%2Fb']) {
    test(`may ask for path ${path}`, () => assert.deepEqual(errorsIn(to({ paths: [path] })), []));
  }

  const sources = {
    principals: ['*', 'spiffe://example.org/ns/shop/sa/cart', 'spiffe://example.org/*', '*/sa/cart'],
    namespaces: ['shop', 'shop-*', '*-test', '*'],
    serviceAccounts: ['cart', 'shop/cart', 'shop/*'],
    ipBlocks: ['10.0.0.0/8', '192.0.2.1', '::1', '2001:db8::/32'],
    remoteIpBlocks: ['0.0.0.0/0'],
  };
  const operations = {
    hosts: ['*', 'a.example', '*.a.example'],
    ports: [80, 443],
    methods: ['GET', 'M-SEARCH'],
    grpcServices: ['shop.v1.Cart', 'shop.*', '*Cart', '*'],
    grpcMethods: ['Get*', 'Add', '*'],
  };
  for (const [make, fields] of [[from, sources] as const, [to, operations] as const]) {
    for (const [field, values] of Object.entries(fields)) {
      const negated = `not${field.charAt(0).toUpperCase()}${field.slice(1)}`;
      test(`may ask for ${field}, and for none of them`, () => {
        assert.deepEqual(errorsIn(make({ [field]: values })), []);
        assert.deepEqual(errorsIn(make({ [negated]: values })), []);
      });
    }
  }
});

describe('AuthorizationPolicy that is wrong', () => {
  const rules = 'spec.rules[0]';
  const paths = [
    'a',
    '/a/../b',
    '//a',
    '/%61',
    '/%2f',
    '/a/*/b',
    '*a*',
    '/a?b',
    '/a/{x}',
    '/a{*}',
    '/{**}/{**}',
    '/a b',
  ];
  for (const path of paths) {
    test(`asks for path ${path}`, () => assertOneError(to({ paths: [path] }), `${rules}.to[0].paths[0]`, /path/));
  }
  for (const path of ['*', '/a/*', '/{*}', 'healthz'])
    test(`exempts ${path}`, () => assertOneError(policy({ exemptPaths: [path] }), 'spec.exemptPaths[0]', /path/));

  const sources: readonly (readonly [field: string, value: unknown])[] = [
    ['principals', 'cluster.local/ns/shop/sa/cart'],
    ['principals', 'spiffe://example.org/*/sa/cart'],
    ['namespaces', 'a*b'],
    ['serviceAccounts', 'a/b/c'],
    ['ipBlocks', '10.0.0.0/33'],
    ['ipBlocks', 'example.com'],
    ['remoteIpBlocks', '010.0.0.1'],
  ];
  for (const [field, value] of sources) {
    test(`asks for ${field} ${String(value)}`, () =>
      assertOneError(from({ [field]: [value] }), `${rules}.from[0].${field}[0]`, /malformed/));
  }
  const operations: readonly (readonly [field: string, value: unknown])[] = [
    ['hosts', 'a.example:80'],
    ['hosts', 'A.example'],
    ['methods', 'get'],
    ['grpcServices', 'shop/Cart'],
    ['grpcMethods', 'a*b'],
  ];
  for (const [field, value] of operations) {
    test(`asks for ${field} ${String(value)}`, () =>
      assertOneError(to({ [field]: [value] }), `${rules}.to[0].${field}[0]`, /malformed/));
  }

  for (const field of ['issuers', 'notSubjects', 'scopes', 'claims', 'consumers', 'notGroups']) {
    test(`asks for ${field}, which nothing can evaluate yet`, () =>
      assertOneError(from({ [field]: ['x'] }), `${rules}.from[0].${field}`, /cannot be evaluated yet/));
  }
  test('has an expression, which nothing can evaluate yet', () =>
    assertOneError(policy({ rules: [{ when: 'true' }] }), `${rules}.when`, /cannot be evaluated yet/));

  test('has sources and operations that ask for nothing', () => {
    assertOneError(from({}), `${rules}.from[0]`, /asks for nothing/);
    assertOneError(to({}), `${rules}.to[0]`, /asks for nothing/);
    assertOneError(to({ paths: [] }), `${rules}.to[0].paths`, /found no items/);
    assertOneError(policy({ rules: [{ from: [] }] }), `${rules}.from`, /found no items/);
  });

  test('has targets that cannot be', () => {
    const target = (ref: object) => policy({ targetRefs: [{ name: 'a', ...ref }] });
    assertOneError(target({ kind: 'Backend' }), 'spec.targetRefs[0].kind', /unknown value/);
    assertOneError(target({ kind: 'Service', sectionName: 'http' }), 'spec.targetRefs[0].sectionName', /as a whole/);
    assertOneError(target({ kind: 'HTTPRoute', group: '' }), 'spec.targetRefs[0].group', /not of group/);
    const twice = [
      { kind: 'Service', name: 'a' },
      { kind: 'Service', group: '', name: 'a' },
    ];
    assertOneError(policy({ targetRefs: twice }), 'spec.targetRefs[1]', /already used by item 0/);
  });

  test('says what to audit where nothing is audited', () => {
    assertOneError(policy({ auditedAction: 'DENY' }), 'spec.auditedAction', /must not be given for action DENY/);
    assert.deepEqual(errorsIn(policy({ action: 'AUDIT', auditedAction: 'ALLOW' })), []);
  });
});

describe('AuthorizationPolicy that is surely not meant', () => {
  const warnings: readonly (readonly [what: string, declared: object, at: RegExp])[] = [
    ['denies nothing', policy({}), /^spec.rules: .* has no effect/],
    ['audits nothing', policy({ action: 'AUDIT' }), /^spec.rules: .* has no effect/],
    [
      'has rules behind one for everything',
      policy({ rules: [{}, { to: [{ methods: ['GET'] }] }] }),
      /^spec.rules\[1\]: has no effect/,
    ],
    [
      'contradicts itself',
      to({ methods: ['GET'], notMethods: ['GET', 'HEAD'] }),
      /^spec.rules\[0\].to\[0\].notMethods: never holds/,
    ],
    ['contradicts itself by *', from({ principals: ['*/sa/a'], notPrincipals: ['*'] }), /notPrincipals: never holds/],
    ['denies all below a path but not the path', to({ paths: ['/admin/*'] }), /does not deny \/admin itself/],
  ];
  for (const [what, declared, message] of warnings) {
    test(what, () => {
      const found = warningsIn(declared);
      assert.equal(found.length, 1, found.join('\n'));
      assert.match(found[0]!, message);
    });
  }

  test('is none of these', () => {
    const fine = [
      policy({ action: 'ALLOW' }),
      to({ paths: ['/admin/*', '/admin'] }),
      to({ paths: ['/admin/*', '/admin*'] }),
      to({ methods: ['GET'], notPaths: ['/a'] }),
      policy({ rules: [{ to: [{ methods: ['GET'] }] }, {}] }),
      policy({ action: 'ALLOW', rules: [{ to: [{ paths: ['/public/*'] }] }] }),
    ];
    for (const declared of fine) assert.deepEqual(warningsIn(declared), []);
  });
});
