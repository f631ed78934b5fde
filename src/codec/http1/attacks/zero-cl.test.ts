import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequests } from '../testing/transcript.ts';
import { assertRefused, SMUGGLED } from '../testing/refusal.ts';

// 0.CL: one recipient does not see the Content-Length that the other obeys, on a method that it thinks has no content
// or because the name is masked; and `Expect`, which makes recipients answer before they read content.

test('RequestDecoder reads the content of any method, so that it is never the next request', () => {
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'QUERY', 'X']) {
    const log = readRequests(
      `${method} / HTTP/1.1\r\nHost: a\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
    );
    assert.equal(log.messages.length, 1, method);
    assert.equal(log.messages[0]!.body, SMUGGLED);
    assert.equal(log.messages[0]!.head.bodyLength, SMUGGLED.length);
  }
});

test('RequestDecoder refuses a masked Content-Length', () => {
  for (const lines of [
    'X: y\r\n Content-Length: 33',
    'Content-Length:\r\n 33',
    'Content-Length : 33',
    '\tContent-Length: 33',
    'Content-Length\r: 33',
  ]) {
    assertRefused(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n${SMUGGLED}`);
  }
});

test('RequestDecoder refuses a malformed Expect instead of passing it on', () => {
  for (const value of [
    'y 100-continue',
    '100-continue, x',
    '100-continue;a',
    '\x0b100-continue',
    '100',
    '100-continue\r\nExpect: 100-continue',
  ]) {
    assertRefused(`POST / HTTP/1.1\r\nHost: a\r\nExpect: ${value}\r\nContent-Length: 33\r\n\r\n${SMUGGLED}`);
  }
});

test('RequestDecoder reads content behind a valid Expect', () => {
  const log = readRequests(
    `POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`,
  );
  assert.equal(log.messages.length, 1);
  assert.equal(log.messages[0]!.complete, true);
});
