import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createTestExchange } from '../testing/exchange.ts';
import { Authorization, BackendAuthorization, RuleAuthorization } from './authorization.ts';
import { PolicyRegistry } from './policy-registry.ts';
import { createCall, createPolicy, decide, passes, type TestCaller, type TestPolicy } from './testing/policies.ts';

const CART = 'spiffe://example.org/ns/shop/sa/cart';
const deny = (rule: NonNullable<TestPolicy['rules']>[number]): TestPolicy => ({ action: 'DENY', rules: [rule] });
const allow = (rule: NonNullable<TestPolicy['rules']>[number]): TestPolicy => ({ action: 'ALLOW', rules: [rule] });
const audited = (policy: TestPolicy): TestPolicy => ({ ...policy, audit: true });

describe('judge', () => {
  const admin = { to: [{ path: ['/admin'] }] };
  const anything = {};
  const rows: readonly (readonly [what: string, levels: TestPolicy[][], path: string, decision: string])[] = [
    ['lets pass what no policy is for', [], '/', ''],
    ['lets pass what a DENY policy does not match', [[deny(admin)]], '/', ''],
    ['denies what a DENY policy matches', [[deny(admin)]], '/admin', 'denied p00 rule-0'],
    ['lets DENY go before ALLOW', [[allow(anything), deny(admin)]], '/admin', 'denied p01 rule-0'],
    ['lets DENY of a later level go before ALLOW', [[allow(anything)], [deny(admin)]], '/admin', 'denied p10 rule-0'],
    ['lets DENY of a later level go before the default', [[allow(admin)], [deny({})]], '/x', 'denied p10 rule-0'],
    ['allows what an ALLOW policy matches', [[allow(admin)]], '/admin', 'allowed p00 rule-0'],
    ['denies by default once there is an ALLOW policy', [[allow(admin)]], '/', 'denied p00 no-rule'],
    ['denies all where ALLOW has no rules', [[{ action: 'ALLOW' }]], '/', 'denied p00 no-rule'],
    ['denies nothing where DENY has no rules', [[{ action: 'DENY' }]], '/', ''],
    ['asks all ALLOW policies of a level', [[allow(admin), allow(anything)]], '/', 'allowed p01 rule-0'],
    ['does not let a route widen its gateway', [[allow(admin)], [allow(anything)]], '/', 'denied p00 no-rule'],
    ['lets a route narrow its gateway', [[allow(anything)], [allow(admin)]], '/', 'denied p10 no-rule'],
    [
      'names the most specific policy that allowed',
      [[allow(anything)], [allow(admin)]],
      '/admin',
      'allowed p10 rule-0',
    ],
    ['records what an audited DENY would deny', [[audited(deny(admin))]], '/admin', 'would-deny p00 rule-0'],
    ['records nothing where an audited DENY does not match', [[audited(deny(admin))]], '/', ''],
    ['records what an audited ALLOW would deny', [[audited(allow(admin))]], '/', 'would-deny p00 no-rule'],
    ['records nothing where an audited ALLOW matches', [[audited(allow(admin))]], '/admin', ''],
    ['lets what is audited count for nothing', [[allow(anything), audited(allow(admin))]], '/', 'allowed p00 rule-0'],
    [
      'records what is audited also where something else allows',
      [[allow(anything), audited(deny(admin))]],
      '/admin',
      'would-deny p01 rule-0',
    ],
    ['lets a denial go before what is audited', [[audited(deny({})), deny(admin)]], '/admin', 'denied p01 rule-0'],
    ['refuses by a broken policy', [[allow(anything), { action: 'DENY', fault: 'x' }]], '/', 'broken p01 no-rule'],
    ['closes nothing by a broken audited policy', [[{ action: 'DENY', audit: true, fault: 'x' }]], '/', ''],
    ['records nothing by a broken audited policy', [[{ ...audited(deny({})), fault: 'x' }]], '/', ''],
    ['records nothing by a broken audited permission', [[{ ...audited(allow({})), rules: [], fault: 'x' }]], '/', ''],
    ['exempts paths from DENY', [[{ ...deny({}), exemptPaths: ['/healthz'] }]], '/healthz', ''],
    [
      'exempts paths from ALLOW',
      [[{ ...allow(admin), exemptPaths: ['/healthz'] }]],
      '/healthz',
      'allowed p00 exempt-path',
    ],
    ['exempts exact paths only', [[{ ...deny({}), exemptPaths: ['/healthz'] }]], '/healthz/', 'denied p00 rule-0'],
    [
      'exempts from the policy that says so only',
      [[{ ...deny({}), exemptPaths: ['/healthz'] }, deny({})]],
      '/healthz',
      'denied p01 rule-0',
    ],
  ];
  for (const [what, levels, path, decision] of rows) {
    test(what, () => assert.equal(decide(levels, { path }), decision));
  }
});

describe('what a request lacks', () => {
  const nobody: TestCaller = {};
  for (const attribute of ['principal', 'namespace', 'serviceAccount', 'grpcService', 'grpcMethod'] as const) {
    const values = [{ [attribute]: ['x'] }];
    const negated = [{ [`not_${attribute}`]: ['x'] }];
    test(`never matches ALLOW, and always a negated DENY: ${attribute}`, () => {
      assert.equal(passes(allow({ from: values }), nobody), false);
      assert.equal(passes(allow({ from: negated }), nobody), false);
      assert.equal(passes(deny({ from: values }), nobody), true);
      assert.equal(passes(deny({ from: negated }), nobody), false);
    });
  }

  test('is the address of the client where a trusted proxy did not tell it', () => {
    const untold = { clientAddress: '' };
    assert.equal(passes(allow({ from: [{ remoteIp: ['0.0.0.0/0'] }] }), untold), false);
    assert.equal(passes(allow({ from: [{ not_remoteIp: ['10.0.0.0/8'] }] }), untold), false);
    assert.equal(passes(deny({ from: [{ not_remoteIp: ['10.0.0.0/8'] }] }), untold), false);
  });

  test('is the host in HTTP/1.0', () => {
    assert.equal(passes(allow({ to: [{ host: ['*'] }] }), { authority: '' }), false);
    assert.equal(passes(deny({ to: [{ not_host: ['a.example'] }] }), { authority: '' }), false);
  });
});

describe('conditions', () => {
  const rows: readonly (readonly [rule: NonNullable<TestPolicy['rules']>[number], yes: TestCaller, no: TestCaller])[] =
    [
      [{ from: [{ principal: [CART] }] }, { uris: [CART] }, { uris: [`${CART}-2`] }],
      [
        { from: [{ principal: ['spiffe://example.org/ns/shop/*'] }] },
        { uris: [CART] },
        { uris: [CART.replace('shop', 'pay')] },
      ],
      [{ from: [{ principal: ['*/sa/cart'] }] }, { uris: [CART] }, { uris: ['spiffe://example.org/ns/shop/sa/b'] }],
      [{ from: [{ principal: ['*'] }] }, { uris: [CART] }, {}],
      [{ from: [{ principal: ['*'] }] }, { uris: ['spiffe://example.org/client'] }, { uris: [CART, CART] }],
      [{ from: [{ principal: ['*'] }] }, { uris: [CART] }, { uris: ['https://example.org/'] }],
      [{ from: [{ principal: ['*'] }] }, { uris: [CART] }, { uris: ['spiffe://example.org/ns/../sa/cart'] }],
      [{ from: [{ namespace: ['shop'] }] }, { uris: [CART] }, { uris: ['spiffe://example.org/shop'] }],
      [{ from: [{ serviceAccount: ['shop/cart'] }] }, { uris: [CART] }, { uris: [CART.replace('shop', 'pay')] }],
      [{ from: [{ not_namespace: ['shop'] }] }, { uris: [CART.replace('shop', 'pay')] }, { uris: [CART] }],
      [{ from: [{ ip: ['10.0.0.0/8'] }] }, { ip: '10.1.2.3' }, { ip: '11.0.0.1' }],
      [{ from: [{ ip: ['10.0.0.0/8'] }] }, { ip: '::ffff:10.1.2.3' }, { ip: '::10.1.2.3' }],
      [{ from: [{ ip: ['2001:db8::/32'] }] }, { ip: '2001:db8::1' }, { ip: '2001:db9::1' }],
      [{ from: [{ ip: ['::/0'] }] }, { ip: 'fe80::1%eth0' }, { ip: '10.0.0.1' }],
      [
        { from: [{ remoteIp: ['203.0.113.9'] }] },
        { clientAddress: '203.0.113.9' },
        { ip: '203.0.113.9', clientAddress: '10.0.0.1' },
      ],
      [{ to: [{ host: ['*.example.com'] }] }, { authority: 'a.example.com:8080' }, { authority: 'example.com' }],
      [{ to: [{ port: ['8443'] }] }, { listenerPort: 8443 }, { listenerPort: 8080 }],
      [{ to: [{ method: ['GET', 'HEAD'] }] }, { method: 'HEAD' }, { method: 'POST' }],
      [{ to: [{ path: ['/a/*'] }] }, { path: '/a/b' }, { path: '/ab' }],
      [{ to: [{ path: ['*.json'] }] }, { path: '/a.json' }, { path: '/a.json/x' }],
      [{ to: [{ path: ['/users/{*}/orders'] }] }, { path: '/users/7/orders' }, { path: '/users/7/8/orders' }],
      [{ to: [{ path: ['/{**}/orders'] }] }, { path: '/users/7/orders' }, { path: '/orders/7' }],
      [{ to: [{ grpcService: ['shop.v1.*'] }] }, { path: '/shop.v1.Cart/Add' }, { path: '/shop.v2.Cart/Add' }],
      [
        { to: [{ grpcService: ['shop.v1.Cart'], grpcMethod: ['Get*'] }] },
        { path: '/shop.v1.Cart/GetOne' },
        { path: '/shop.v1.Cart/Add' },
      ],
      [{ to: [{ path: ['/a'], method: ['GET'] }] }, { path: '/a' }, { path: '/a', method: 'POST' }],
      [{ to: [{ path: ['/a'] }, { path: ['/b'] }] }, { path: '/b' }, { path: '/c' }],
      [
        { from: [{ ip: ['10.0.0.1'] }], to: [{ path: ['/a'] }] },
        { ip: '10.0.0.1', path: '/a' },
        { ip: '10.0.0.2', path: '/a' },
      ],
    ];
  for (const [rule, yes, no] of rows) {
    test(`${JSON.stringify(rule)} tells ${JSON.stringify(yes)} from ${JSON.stringify(no)}`, () => {
      assert.equal(passes(allow(rule), yes), true);
      assert.equal(passes(allow(rule), no), false);
      assert.equal(passes(deny(rule), yes), false);
    });
  }

  test('by identity fail when the certificate has expired since the handshake', () => {
    const expired = { uris: [CART], expiresAtMs: Date.now() - 1 };
    assert.equal(passes(allow({ from: [{ principal: [CART] }] }), expired), false);
    assert.equal(passes(deny({ from: [{ not_principal: [CART] }] }), expired), false);
  });

  test('that this proxy does not know break the policy', () => {
    const policy = { action: 'DENY', rules: [{ from: [{ moonPhase: ['full'] }] }] } as unknown as TestPolicy;
    assert.equal(decide([[policy]], {}), 'broken p00 no-rule');
  });
});

describe('ways around a denial', () => {
  const admin = deny({ to: [{ path: ['/admin', '/admin/*'] }] });
  const spellings = ['/admin', '/admin/', '/admin/x', '/ADMIN', '/Admin/x', '/admin;v=1', '/admin;v=1/x', '/admin%2Fx'];
  const hidden = [
    '/public/..;/admin',
    '/public/..;a=b/admin/x',
    '/public/..%2Fadmin',
    '/public%5C..%5Cadmin',
    '/x/%2E%2E%2Fadmin',
  ];
  for (const path of [...spellings, ...hidden]) {
    test(`are closed: ${path}`, () => assert.equal(passes(admin, { path }), false));
  }
  for (const path of ['/', '/administration', '/public/admin', '/x;/admin']) {
    test(`leave alone what is none: ${path}`, () => assert.equal(passes(admin, { path }), true));
  }

  test('are no ways into what is allowed', () => {
    const pub = allow({ to: [{ path: ['/public/*'] }] });
    const butAdmin = allow({ to: [{ path: ['/*'], not_path: ['/admin/*'] }] });
    for (const path of ['/Public/x', '/public;a/x', '/public%2Fx']) assert.equal(passes(pub, { path }), false, path);
    for (const path of ['/admin/x', '/ADMIN/x', '/a/..;/admin/x'])
      assert.equal(passes(butAdmin, { path }), false, path);
    const others = deny({ to: [{ not_path: ['/public/*'] }] });
    for (const path of ['/Public/x', '/public%2Fx']) assert.equal(passes(others, { path }), false, path);
  });

  test('are closed for methods, hosts and calls too', () => {
    assert.equal(passes(deny({ to: [{ method: ['DELETE'] }] }), { method: 'delete' }), false);
    assert.equal(passes(allow({ to: [{ method: ['GET'] }] }), { method: 'get' }), false);
    assert.equal(passes(deny({ to: [{ host: ['a.example'] }] }), { authority: 'a.example.' }), false);
    assert.equal(passes(allow({ to: [{ host: ['a.example'] }] }), { authority: 'a.example.' }), false);
    assert.equal(passes(deny({ to: [{ grpcMethod: ['Add'] }] }), { path: '/shop.Cart/add' }), false);
    assert.equal(passes(deny({ to: [{ grpcMethod: ['Add'] }] }), { path: '/shop.Cart%2FAdd' }), false);
  });
});

describe('Authorization', () => {
  const registry = (): PolicyRegistry => new PolicyRegistry(() => ({ add: () => {} }));

  test('answers 403 with the name of the policy and nothing of its rules', () => {
    const policies = registry();
    policies.put(createPolicy({ ...deny({ from: [{ ip: ['192.0.2.0/24'] }] }), name: 'AuthorizationPolicy/shop/p' }));
    const exchange = createCall({});
    const answer = new Authorization(policies.levels([['AuthorizationPolicy/shop/p']])).authorize(exchange);
    assert.equal(answer?.status, 403);
    const problem = JSON.parse(answer.body!) as Record<string, unknown>;
    assert.equal(problem['code'], 'access_denied');
    assert.equal(problem['policy'], 'AuthorizationPolicy/shop/p');
    assert.doesNotMatch(answer.body!, /rule|192\.0\.2/);
    assert.equal(exchange.error?.code, 'access_denied');
  });

  test('refuses where a policy is missing, and follows when it comes, changes and goes', () => {
    const policies = registry();
    const authorization = new Authorization(policies.levels([['p']]));
    const status = (): number | undefined => authorization.authorize(createTestExchange())?.status;
    assert.equal(status(), 500);
    policies.put(createPolicy(deny({})));
    assert.equal(status(), 403);
    policies.put(createPolicy(allow({})));
    assert.equal(status(), undefined);
    policies.remove('p');
    assert.equal(status(), 500);
  });

  test('judges requests as they came, and BackendAuthorization as they go on', () => {
    const policies = registry();
    policies.put(createPolicy(deny({ to: [{ path: ['/old'], host: ['a.example'] }] })));
    policies.put(createPolicy({ ...deny({ to: [{ path: ['/new'], host: ['b.example'], port: ['80'] }] }), name: 'q' }));
    const exchange = createTestExchange({ path: '/old', authority: 'a.example' });
    exchange.request.path = '/new';
    exchange.request.authority = 'b.example:1234';
    const levels = (name: string) => policies.levels([[name]]);
    assert.equal(new Authorization(levels('p')).authorize(exchange)?.status, 403);
    assert.equal(new Authorization(levels('q')).authorize(exchange), undefined);
    assert.equal(new BackendAuthorization(levels('p'), 'Service/shop/a:80').onRequest(exchange), undefined);
    assert.equal(
      (new BackendAuthorization(levels('q'), 'Service/shop/a:80#http2').onRequest(exchange) as { status: number })
        .status,
      403,
    );
    assert.equal(new BackendAuthorization(levels('q'), 'Service/shop/a:81').onRequest(exchange), undefined);
  });

  test('counts each decision', () => {
    const counted: string[] = [];
    const policies = new PolicyRegistry((...labels) => ({ add: () => counted.push(labels.join(' ')) }));
    policies.put(createPolicy(allow({ to: [{ path: ['/a'] }] })));
    policies.put(createPolicy({ ...audited(deny({})), name: 'q' }));
    const authorization = new Authorization(policies.levels([['p', 'q']]));
    authorization.authorize(createTestExchange({ path: '/a' }));
    authorization.authorize(createTestExchange({ path: '/b' }));
    assert.deepEqual(counted, ['p ALLOW allowed', 'q AUDIT would-deny', 'p ALLOW denied']);
  });

  test('RuleAuthorization asks the listener first, then the rule', () => {
    const policies = registry();
    policies.put(createPolicy(allow({ to: [{ path: ['/a', '/b'] }] })));
    policies.put(createPolicy({ ...allow({ to: [{ path: ['/a'] }] }), name: 'q' }));
    const filter = new RuleAuthorization(new Authorization(policies.levels([['q']])));
    const ask = (path: string): string => {
      const exchange = createTestExchange({ path });
      const authorization = new Authorization(policies.levels([['p']]));
      exchange.listener = { ...exchange.listener!, authorization };
      filter.onRequest(exchange);
      return exchange.authorization?.text ?? '';
    };
    assert.equal(ask('/a'), 'allowed q rule-0');
    assert.equal(ask('/b'), 'denied q no-rule');
    assert.equal(ask('/c'), 'denied p no-rule');
  });
});
