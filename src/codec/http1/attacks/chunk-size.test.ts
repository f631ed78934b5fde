import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequests } from '../testing/transcript.ts';
import { assertRefused, post, SMUGGLED } from '../testing/refusal.ts';

// Sizes that recipients with other integers or other parsers read as other numbers, and chunks that do not end where
// their size says (RFC 9112 §7.1, §11.1).

const HEAD = post('Transfer-Encoding: chunked\r\n');

const SIZES = [
  '',
  '0x5',
  'x5',
  '+5',
  '-5',
  '5h',
  ' 5',
  '5_0',
  '"5"',
  '10000000000000005',
  'ffffffffffffffff',
  'fffffffffffffff0',
  '100000000000005',
  '00000000000000',
  '5.',
  '\0',
  '5\0',
  '\xb5',
];

for (const size of SIZES) {
  test(`RequestDecoder refuses the chunk size ${JSON.stringify(size)}`, () => {
    assertRefused(`${HEAD}${size}\r\nhello\r\n0\r\n\r\n${SMUGGLED}`, 1);
  });
}

test('RequestDecoder refuses content that is not followed by CR LF', () => {
  for (const end of ['', '\n', '\r', '\rx', 'xx', '\n\n', ' \r\n', '!!\r\n'])
    assertRefused(`${HEAD}5\r\nhello${end}0\r\n\r\n${SMUGGLED}`, 1);
});

test('RequestDecoder refuses a last chunk that does not end with CR LF CR LF', () => {
  for (const end of ['0\n\n', '0\r\n\n', '0\r\n\rx', '0\r\rx']) assertRefused(`${HEAD}${end}${SMUGGLED}`, 1);
});

test('RequestDecoder reads up to 13 digits without rounding', () => {
  const log = readRequests(`${HEAD}fffffffffffff\r\nhello`);
  assert.equal(log.failure?.code, 'downstream_closed');
  assert.equal(log.messages[0]!.body, 'hello');
});
