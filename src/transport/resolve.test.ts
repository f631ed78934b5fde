import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAddress, resolveName } from './resolve.ts';

test('isAddress knows addresses from names', () => {
  for (const text of ['127.0.0.1', '::1', '2001:db8::1']) assert.equal(isAddress(text), true);
  for (const text of ['localhost', 'a.example', '', '127.0.0.1:80', '[::1]']) assert.equal(isAddress(text), false);
});

test('resolveName finds names of the hosts file, which have no TTL', async () => {
  assert.deepEqual(await resolveName('localhost', 'IPv4'), { addresses: ['127.0.0.1'], ttlMs: Infinity });
});

test('resolveName gives null for what no one knows', async () => {
  assert.equal(await resolveName('no-such-host-here', 'Any'), null);
});
