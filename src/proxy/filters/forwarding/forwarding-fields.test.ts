import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Exchange } from '../../exchange/exchange.ts';
import { createTestExchange, type TestRequest } from '../testing/exchange.ts';
import { ForwardingFields } from './forwarding-fields.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const TRUSTED = ['10.0.0.0/8', '192.0.2.0/24', '2001:db8::/32'];

/** Fields written one a line. */
const fieldsOf = (lines: string): string[] =>
  lines
    .trim()
    .split('\n')
    .flatMap((line) => line.trim().split(': '));

const SPOOFED = fieldsOf(`
  x-forwarded-for: 1.1.1.1
  accept: */*
  forwarded: for=1.1.1.1
  x-forwarded-proto: https
  x-forwarded-host: evil.example
  x-forwarded-port: 1
  x-forwarded-user: root
  x-forwarded-client-cert: By=x
  x-real-ip: 1.1.1.1
  x-request-id: mine
  x-other: kept
  from: kept@example.com
  x-forwarded-for: 2.2.2.2
`);

const pass = (trusted: readonly string[], request: TestRequest): Exchange => {
  const exchange = createTestExchange(request);
  assert.equal(new ForwardingFields(trusted).onRequest(exchange), undefined);
  return exchange;
};

/** All fields but the id, which differs each time. */
const withoutId = (exchange: Exchange): string[] => {
  exchange.request.fields.remove('x-request-id');
  return exchange.request.fields.entries;
};

for (const trusted of [[], ['10.0.0.0/8']]) {
  test(`ForwardingFields believes nothing of an untrusted peer (trusted: ${trusted.join() || 'none'})`, () => {
    const exchange = pass(trusted, { fields: SPOOFED, authority: 'shop.example:8080', scheme: 'http' });
    assert.match(exchange.requestId, UUID_V7);
    assert.equal(exchange.request.fields.get('x-request-id'), exchange.requestId);
    assert.deepEqual(
      withoutId(exchange),
      fieldsOf(`
      accept: */*
      x-other: kept
      from: kept@example.com
      x-forwarded-for: 192.0.2.7
      x-forwarded-proto: http
      x-forwarded-host: shop.example:8080
      x-forwarded-port: 8080
    `),
    );
  });
}

test('ForwardingFields tells a trusted peer’s backend the same where the peer said nothing', () => {
  const exchange = pass(TRUSTED, { scheme: 'https', peer: { localPort: 8443 } });
  assert.match(exchange.requestId, UUID_V7);
  assert.deepEqual(
    withoutId(exchange),
    fieldsOf(`
    x-forwarded-for: 192.0.2.7
    x-forwarded-proto: https
    x-forwarded-host: example.com
    x-forwarded-port: 8443
  `),
  );
});

test('ForwardingFields continues what a trusted peer said', () => {
  const exchange = pass(TRUSTED, {
    authority: 'shop.example:8080',
    fields: fieldsOf(`
      x-forwarded-for: 198.51.100.1
      x-forwarded-proto: https
      x-forwarded-host: public.example
      x-forwarded-port: 443
      forwarded: for=198.51.100.1;proto=https
      x-forwarded-user: ann
      x-request-id: abc-123
      x-forwarded-for: 198.51.100.2
    `),
  });
  assert.equal(exchange.requestId, 'abc-123');
  assert.deepEqual(
    exchange.request.fields.entries,
    fieldsOf(`
    x-forwarded-proto: https
    x-forwarded-host: public.example
    x-forwarded-port: 443
    x-forwarded-user: ann
    x-forwarded-for: 198.51.100.1, 198.51.100.2, 192.0.2.7
    x-request-id: abc-123
    forwarded: for=198.51.100.1;proto=https, for=192.0.2.7;host="shop.example:8080";proto=http
  `),
  );
});

test('ForwardingFields writes IPv6 as each field wants it (RFC 7239 §6)', () => {
  const exchange = pass(TRUSTED, {
    peer: { remoteAddress: '2001:db8::1' },
    authority: '',
    fields: ['forwarded', 'for=_x'],
  });
  assert.equal(exchange.request.fields.get('x-forwarded-for'), '2001:db8::1');
  assert.equal(exchange.request.fields.get('forwarded'), 'for=_x, for="[2001:db8::1]";proto=http');
  assert.equal(exchange.request.fields.has('x-forwarded-host'), false);
});

test('ForwardingFields writes mapped IPv4 peers as IPv4, and trusts them as such', () => {
  const peer = { remoteAddress: '::ffff:10.1.2.3' };
  assert.equal(pass([], { peer }).request.fields.get('x-forwarded-for'), '10.1.2.3');
  assert.equal(pass(TRUSTED, { peer, fields: ['x-request-id', 'kept'] }).requestId, 'kept');
});

for (const id of ['', 'a b', 'ä', 'x'.repeat(129)]) {
  test(`ForwardingFields replaces the request id ${JSON.stringify(id.slice(0, 9))} (${id.length}) of a trusted peer`, () => {
    const exchange = pass(TRUSTED, { fields: ['x-request-id', id] });
    assert.match(exchange.requestId, UUID_V7);
    assert.equal(exchange.request.fields.get('x-request-id'), exchange.requestId);
  });
}

test('ForwardingFields begins a chain where a trusted peer sent an empty one', () => {
  const { request } = pass(TRUSTED, { fields: ['x-forwarded-for', '', 'forwarded', ''] });
  assert.equal(request.fields.get('x-forwarded-for'), '192.0.2.7');
  assert.equal(request.fields.has('forwarded'), false);
});

test('ForwardingFields gives each request an id of its own', () => {
  const filter = new ForwardingFields();
  const exchange = createTestExchange();
  filter.onRequest(exchange);
  const first = exchange.requestId;
  filter.onRequest(exchange);
  assert.notEqual(exchange.requestId, first);
  assert.equal(exchange.request.fields.size, 5);
});

test('ForwardingFields refuses to trust what is no block of addresses', () => {
  assert.throws(
    () => new ForwardingFields(['10.0.0.0/33']),
    /cannot trust 10\.0\.0\.0\/33: not an IP address or CIDR block/,
  );
});
