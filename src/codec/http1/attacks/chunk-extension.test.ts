import { test } from 'node:test';
import { assertRefused, post, SMUGGLED } from '../testing/refusal.ts';

// TERM.EXT and EXT.TERM: one recipient ends the line of a chunk's size at a bare LF (or CR) within an extension, the
// other does not, so that they disagree about where content begins (RFC 9112 §7.1.1).

const HEAD = post('Transfer-Encoding: chunked\r\n');

const LINES = [
  '5;\nxx',
  '5;a\nxx',
  '5;a=b\nxx',
  '5;a="\n"',
  '5;a="b\\\n"',
  '5\nxx',
  '5;a\rxx',
  '5\rxx',
  '5;a="\r\n',
  '5;a=b\r\r\n',
  '5;',
  '5;;a',
  '5; a',
  '5 ;a',
  '5 ',
  '5\t',
  '5;a =b',
  '5;a= b',
  '5;a=',
  '5;=b',
  '5;a="b',
  '5;a="b"c',
  '5;a\0',
  '5;\x80',
  '5;a="\x80"',
  '5;a=b c',
  '5,a',
  '5:a',
];

for (const line of LINES) {
  test(`RequestDecoder refuses the chunk line ${JSON.stringify(line)}`, () => {
    assertRefused(`${HEAD}${line}\r\nhello\r\n0\r\n\r\n${SMUGGLED}`, 1);
  });
}

test('RequestDecoder refuses a request hidden in an extension behind a bare LF', () => {
  assertRefused(`${HEAD}2;\nxx\r\n21\r\n0\r\n\r\n${SMUGGLED}\r\n0\r\n\r\n`, 1);
  for (const end of ['\n\n', '\r\r', '\n', '\r']) {
    for (const line of ['2', '2;a', '2;a=b', '2;a="b"'])
      assertRefused(`${HEAD}${line}${end}xx\r\n0\r\n\r\n${SMUGGLED}`, 1);
  }
  assertRefused(`${HEAD}2\nxx\r\n0\r\n\r\n${SMUGGLED}`, 1);
});
