import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequests } from '../testing/transcript.ts';
import { assertRefused, post, SMUGGLED } from '../testing/refusal.ts';

// Hop-by-hop abuse: `Connection` names a field so that this hop removes what the next decides by.

test('RequestDecoder obeys framing that Connection names (RFC 9112 §6.3)', () => {
  const log = readRequests(
    `${post('Connection: transfer-encoding\r\nTransfer-Encoding: chunked\r\n')}0\r\n\r\n${SMUGGLED}`,
  );
  assert.equal(log.messages.length, 2);
  assert.equal(log.messages[0]!.head.bodyLength, -1);
});

test('RequestDecoder refuses a Connection that names what is for the end (RFC 9110 §7.6.1)', () => {
  for (const name of [
    'Content-Length',
    'HOST',
    'authorization',
    'Cookie',
    'X-Forwarded-For',
    'forwarded',
    'x-real-ip',
    'content-type',
    'x-forwarded-client-cert',
  ]) {
    assertRefused(post(`Connection: close, ${name}\r\nContent-Length: 5\r\n`) + 'hello');
  }
});

test('RequestDecoder refuses to search for more names than there may be fields', () => {
  assertRefused(post(`Connection: ${'a,'.repeat(20_000)}\r\n`));
});
