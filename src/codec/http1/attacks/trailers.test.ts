import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequests } from '../testing/transcript.ts';
import { assertRefused, post, SMUGGLED } from '../testing/refusal.ts';

// Trailers that, merged into the fields, would override how a message is framed, routed or authorized
// (RFC 9110 §6.5.1, RFC 9112 §7.1.2).

const HEAD = post('Transfer-Encoding: chunked\r\n');

test('RequestDecoder refuses trailers that frame or route', () => {
  for (const line of [
    'Content-Length: 33',
    'transfer-encoding: chunked',
    'HOST: b',
    'Connection: close',
    'Upgrade: x',
    'TE: x',
    'Expect: 100-continue',
  ]) {
    assertRefused(`${HEAD}0\r\n${line}\r\n\r\n${SMUGGLED}`, 1);
  }
});

test('RequestDecoder drops trailers that should have come first', () => {
  const log = readRequests(
    `${HEAD}0\r\nAuthorization: x\r\nX-A: 1\r\nCookie: y\r\nX-Forwarded-For: z\r\nContent-Type: w\r\n\r\n`,
  );
  assert.deepEqual(log.messages[0]!.trailers?.entries, ['x-a', '1']);
});

test('RequestDecoder is as strict about trailers as about fields', () => {
  for (const lines of [
    'A : b\r\n',
    ' A: b\r\n',
    'A: b\r\n c\r\n',
    'A: b\0\r\n',
    'A: b\n',
    'A\r\n',
    'A: b\rC: d\r\n',
    ': b\r\n',
    '\xe9: b\r\n',
  ]) {
    assertRefused(`${HEAD}0\r\n${lines}\r\n${SMUGGLED}`, 1);
  }
});
