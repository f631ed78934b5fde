import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestExchange } from '../testing/exchange.ts';
import { ForwardingFields } from './forwarding-fields.ts';

const rows: readonly (readonly [
  what: string,
  trusted: readonly string[],
  fields: readonly string[],
  client: string,
])[] = [
  ['believes nobody unless told to', [], ['x-forwarded-for', '203.0.113.9'], '192.0.2.7'],
  ['believes no stranger', ['10.0.0.0/8'], ['x-forwarded-for', '203.0.113.9'], '192.0.2.7'],
  ['believes a trusted peer', ['192.0.2.7'], ['x-forwarded-for', '203.0.113.9'], '203.0.113.9'],
  [
    'takes the last address that is not trusted',
    ['192.0.2.0/24'],
    ['x-forwarded-for', '8.8.8.8, 203.0.113.9, 192.0.2.1'],
    '203.0.113.9',
  ],
  [
    'reads several lines as one',
    ['192.0.2.0/24'],
    ['x-forwarded-for', '203.0.113.9', 'x-forwarded-for', '192.0.2.1'],
    '203.0.113.9',
  ],
  ['takes the first where all are trusted', ['192.0.2.0/24'], ['x-forwarded-for', '192.0.2.2, 192.0.2.1'], '192.0.2.2'],
  ['takes the peer where nothing is said', ['192.0.2.7'], [], '192.0.2.7'],
  ['knows nobody where nonsense is said', ['192.0.2.7'], ['x-forwarded-for', '203.0.113.9, unknown'], ''],
  ['skips nonsense of the client itself', ['192.0.2.7'], ['x-forwarded-for', 'unknown, 203.0.113.9'], '203.0.113.9'],
  ['reads ports', ['192.0.2.7'], ['x-forwarded-for', '203.0.113.9:4711'], '203.0.113.9'],
  ['reads brackets', ['192.0.2.7'], ['x-forwarded-for', '[2001:db8::9]:4711'], '2001:db8::9'],
  ['reads IPv6', ['192.0.2.7'], ['x-forwarded-for', '2001:db8::9'], '2001:db8::9'],
];

for (const [what, trusted, fields, client] of rows) {
  test(`the client's address: ${what}`, () => {
    const exchange = createTestExchange({ fields });
    new ForwardingFields(trusted).onRequest(exchange);
    assert.equal(exchange.clientAddress, client);
  });
}
