import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readRequests } from '../testing/transcript.ts';
import { assertRefused, post, SMUGGLED } from '../testing/refusal.ts';

// TE.TE: a Transfer-Encoding spelled so that one recipient sees it and the other does not.

const OBFUSCATED = [
  'Transfer-Encoding: xchunked',
  'Transfer-Encoding : chunked',
  'Transfer-Encoding\t: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: x',
  'Transfer-Encoding: x\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: chunked, identity',
  'Transfer-Encoding: identity, chunked',
  'Transfer-Encoding: chunked, chunked',
  'Transfer-Encoding: ,chunked',
  'Transfer-Encoding: chunked,',
  'Transfer-Encoding: "chunked"',
  "Transfer-Encoding: 'chunked'",
  'Transfer-Encoding: chunked;q=1',
  'Transfer-Encoding: chunked foo',
  'Transfer-Encoding: chun\r\n ked',
  'Transfer-Encoding:\r\n chunked',
  'Transfer-Encoding: \x0bchunked',
  'Transfer-Encoding: chunked\x0c',
  'Transfer-Encoding: chunked\0',
  'Transfer-Encoding: chunked\xa0',
  'Transfer-Encoding: \xffchunked',
  'Transfer-Encoding:',
  'Transfer-Encoding',
  ' Transfer-Encoding: chunked',
  'X: y\rTransfer-Encoding: chunked',
  'X: y\nTransfer-Encoding: chunked',
  'Transfer-Encoding: chunked\n',
  'Transfer\x00-Encoding: chunked',
  'Transfer-Encod\xefng: chunked',
];

for (const line of OBFUSCATED) {
  test(`RequestDecoder refuses ${JSON.stringify(line)} (RFC 9112 §6.1)`, () => {
    assertRefused(`${post(`${line}\r\n`)}0\r\n\r\n${SMUGGLED}`);
    assertRefused(`${post(`Content-Length: 5\r\n${line}\r\n`)}0\r\n\r\n${SMUGGLED}`);
  });
}

test('RequestDecoder reads chunked in any case and with white space around it (RFC 9110 §5.5)', () => {
  for (const value of ['chunked', 'CHUNKED', ' \tchunked\t ']) {
    const log = readRequests(`${post(`Transfer-Encoding:${value}\r\n`)}0\r\n\r\n${SMUGGLED}`);
    assert.equal(log.failure, null);
    assert.equal(log.messages.length, 2);
  }
});

test('RequestDecoder takes other names for other fields, and forwards none that look like Transfer-Encoding to sloppy eyes', () => {
  const log = readRequests(post('Transfer_Encoding: chunked\r\nX-Transfer-Encoding: chunked\r\n') + SMUGGLED);
  assert.equal(log.messages.length, 2);
  assert.equal(log.messages[0]!.head.bodyLength, 0);
});
