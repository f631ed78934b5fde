import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ProxyError } from '#errors/proxy-error.ts';
import { ACCESS_LOG_FIELDS } from './access-log-fields.ts';
import { AccessLogLine } from './access-log-line.ts';
import { sampleRecord, type SampleOptions } from './sample-record.ts';

const createLine = (): AccessLogLine =>
  new AccessLogLine(
    () => Date.UTC(2026, 2, 1, 12),
    () => 1000,
  );

const line = (options: SampleOptions = {}): Record<string, unknown> => {
  const text = createLine().format(sampleRecord(options));
  assert.match(text, /^[ -~]+\n$/);
  return JSON.parse(text) as Record<string, unknown>;
};

const FAILED: SampleOptions = {
  grpc: 'grpc',
  authorization: 'would-deny AuthorizationPolicy/shop/staff rule-0',
  hop: {
    reporter: 'source',
    source: { principal: 'spiffe://mesh.test/ns/shop/sa/cart', namespace: 'shop', workload: 'cart' },
    destination: { principal: 'spiffe://mesh.test/ns/shop/sa/catalog', namespace: 'shop', workload: 'catalog' },
    service: null,
    security: 'mutual_tls',
  },
  status: 502,
  error: new ProxyError('upstream_reset', 'upstream', 'connection', { cause: 'ECONNRESET' }),
  fields: [
    'user-agent',
    'curl/8',
    'referer',
    'https://a.example/?token=secret',
    'traceparent',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  ],
};

test('AccessLogLine says what an exchange did', () => {
  assert.deepEqual(line(), {
    time: '2026-03-01T12:00:00.000Z',
    requestId: '0198c0de-7b3a-7cc1-9f44-1f2e3d4c5b6a',
    method: 'GET',
    host: 'shop.example',
    path: '/cart/42',
    protocol: 'HTTP/1.1',
    status: 200,
    flags: '-',
    durationMs: 3.25,
    upstreamMs: 2.5,
    proxyMs: 0.75,
    requestBytes: 0,
    responseBytes: 512,
    attempts: 1,
    listener: 'shop/edge/http',
    gateway: 'shop/edge',
    route: 'HTTPRoute/shop/cart',
    rule: 'rule-0',
    cluster: 'Service/shop/cart:80',
    endpoint: '10.0.3.4:8080',
    remoteAddress: '203.0.113.7',
    userAgent: 'curl/8.11.1',
  });
});

test('AccessLogLine has every documented field, in that order and of that type', () => {
  const fields = line(FAILED);
  assert.deepEqual(
    Object.entries(fields).map(([name, value]) => `${name}: ${typeof value}`),
    ACCESS_LOG_FIELDS.map((field) => `${field.name}: ${field.type}`),
  );
});

test('AccessLogLine leaves out what there is nothing to say of', () => {
  const fields = line({
    status: 400,
    error: new ProxyError('bad_request', 'downstream', 'connection'),
    listener: null,
    rule: null,
    cluster: null,
    endpoint: '',
    attempts: 0,
    fields: [],
    upstreamStartedAt: 0,
    upstreamRespondedAt: 0,
  });
  assert.deepEqual(
    Object.keys(fields).filter((name) => ACCESS_LOG_FIELDS.find((field) => field.name === name)!.when !== 'always'),
    ['errorCode'],
  );
  assert.equal(fields['flags'], 'DPE');
});

test('AccessLogLine redacts secrets in the path and in the referer', () => {
  const fields = line({ ...FAILED, target: '/x?page=2&api_key=secret' });
  assert.equal(fields['path'], '/x?page=2&api_key=REDACTED');
  assert.equal(fields['referer'], 'https://a.example/?token=REDACTED');
});

test('AccessLogLine takes a trace id from a valid traceparent alone (W3C Trace Context §3.2)', () => {
  const traceId = (traceparent: string): unknown => line({ fields: ['traceparent', traceparent] })['traceId'];
  const id = '4bf92f3577b34da6a3ce929d0e0e4736';
  assert.equal(traceId(`00-${id}-00f067aa0ba902b7-01`), id);
  assert.equal(traceId(`cc-${id}-00f067aa0ba902b7-01-what-the-future-will-be`), id);
  for (const invalid of [
    '',
    'x',
    `ff-${id}-00f067aa0ba902b7-01`,
    `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
    `00-${id}-${'0'.repeat(16)}-01`,
    `00-${id.toUpperCase()}-00f067aa0ba902b7-01`,
    `00-${id.slice(1)}"-00f067aa0ba902b7-01`,
  ]) {
    assert.equal(traceId(invalid), undefined, invalid);
  }
});

test('AccessLogLine cannot be broken by what a client sends', () => {
  const anything = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(anything, anything, anything, anything, anything, (method, target, host, id, agent) => {
      const fields = line({ method, target, host, requestId: id, fields: ['user-agent', agent, 'referer', agent] });
      assert.equal(fields['status'], 200);
      assert.equal(typeof fields['userAgent'], 'string');
    }),
  );
});

test('AccessLogLine does not mistake one rule, listener or cluster for another', () => {
  const format = createLine();
  const rules = [null, { route: 'a', name: 'x' }, { route: 'b', name: 'y' }];
  for (const rule of [...rules, ...rules.toReversed(), ...rules]) {
    const fields = JSON.parse(format.format(sampleRecord({ rule }))) as Record<string, unknown>;
    assert.equal(fields['route'], rule?.route);
    assert.equal(fields['rule'], rule?.name);
  }
});
