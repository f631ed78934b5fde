import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isFieldName, isFieldValue, isToken } from './token.ts';

test('isToken takes the octets of RFC 9110 §5.6.2 and no others', () => {
  const taken = Array.from({ length: 300 }, (_, c) => String.fromCharCode(c))
    .filter(isToken)
    .join('');
  assert.equal(taken, "!#$%&'*+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz|~");
  assert.equal(isToken(''), false);
});

test('isFieldName refuses upper case (RFC 9113 §8.2.1)', () => {
  assert.deepEqual(['x-a', 'X-a', '', 'a b', 'a:', 'é', '\u0141'].map(isFieldName), [
    true,
    false,
    false,
    false,
    false,
    false,
    false,
  ]);
});

test('isFieldValue refuses control characters, what latin1 cannot hold, and blanks around (RFC 9110 §5.5)', () => {
  for (const value of ['', 'a', 'a b\tc', '\xe9\xff']) assert.equal(isFieldValue(value), true);
  for (const value of ['a\rb', 'a\nb', '\0', '\x7f', '\u010a', ' a', 'a\t', '\x1b'])
    assert.equal(isFieldValue(value), false, JSON.stringify(value));
});

test('isFieldName refuses every octet that is no token character, NUL among them (RFC 9110 §5.6.2)', () => {
  for (let c = 0; c < 256; c++) {
    const character = String.fromCharCode(c);
    assert.equal(isFieldName(character), isToken(character) && character === character.toLowerCase(), `octet ${c}`);
  }
});
