import { test } from 'node:test';
import { assertRefused, post, SMUGGLED } from '../testing/refusal.ts';

// CL.CL: lengths that two recipients read as two numbers (RFC 9110 §8.6).

const LENGTHS = [
  '5\r\nContent-Length: 6',
  '5\r\nContent-Length: 5',
  '5, 5',
  '5,6',
  '5 5',
  '+5',
  '-5',
  '-0',
  '05',
  '00',
  '0x5',
  '0o5',
  '5.0',
  '5e0',
  '5;',
  '"5"',
  '5\0',
  '5\x0b',
  '\x0c5',
  '٥',
  '5_0',
  '1 0',
  '',
  ',',
  '9007199254740992',
  '18446744073709551621',
  '4294967301x',
  '99999999999999999999999999999999',
];

for (const length of LENGTHS) {
  test(`RequestDecoder refuses Content-Length: ${JSON.stringify(length)}`, () => {
    assertRefused(`${post(`Content-Length: ${length}\r\n`)}hello${SMUGGLED}`);
  });
}

test('RequestDecoder refuses obfuscated names of Content-Length beside a valid one', () => {
  for (const line of [
    'Content-Length : 0',
    ' Content-Length: 0',
    'Content-Length\0: 0',
    'Content-Length',
    'Content-Length\xa0: 0',
  ]) {
    assertRefused(`${post(`Content-Length: 5\r\n${line}\r\n`)}hello${SMUGGLED}`);
  }
});
