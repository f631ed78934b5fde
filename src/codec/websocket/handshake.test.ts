import assert from 'node:assert/strict';
import { test } from 'node:test';
import { acceptWebSocketKey, createWebSocketKey } from './handshake.ts';

test('acceptWebSocketKey answers the example as it should (RFC 6455 §1.3)', () => {
  assert.equal(acceptWebSocketKey('dGhlIHNhbXBsZSBub25jZQ=='), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
});

test('createWebSocketKey makes sixteen octets, never the same (RFC 6455 §4.1)', () => {
  const keys = new Set(Array.from({ length: 100 }, createWebSocketKey));
  assert.equal(keys.size, 100);
  for (const key of keys) assert.equal(Buffer.from(key, 'base64').length, 16);
});
