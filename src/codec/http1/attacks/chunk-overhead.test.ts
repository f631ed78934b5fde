import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequests } from '../testing/transcript.ts';
import { post } from '../testing/refusal.ts';

// CVE-2023-39326 and its like: extensions are read and thrown away, so a client can make a recipient read gigabytes
// for a few octets of content.

const HEAD = post('Transfer-Encoding: chunked\r\n');

test('RequestDecoder stops at one long extension', () => {
  const log = readRequests(`${HEAD}5;a=${'b'.repeat(65536)}`);
  assert.equal(log.failure?.code, 'bad_request');
});

test('RequestDecoder stops at many short extensions', () => {
  const log = readRequests(HEAD + '1;abcdefg=hijklmnopqrstuvwxyz\r\nx\r\n'.repeat(1000), [1000]);
  assert.equal(log.failure?.code, 'bad_request');
  assert.ok(log.messages[0]!.body.length < 200);
});

test('RequestDecoder counts the extensions of each message for itself', () => {
  const message = `${HEAD}5;a=${'b'.repeat(3000)}\r\nhello\r\n0\r\n\r\n`;
  assert.equal(readRequests(message + message).failure, null);
});
