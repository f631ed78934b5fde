import assert from 'node:assert/strict';
import test from 'node:test';
import { createJoinToken } from '#control/authority/join-token.ts';
import { formatJoinText, parseJoinText } from './join-text.ts';

test('parseJoinText reads what formatJoinText wrote, and no part of it', () => {
  const join = { token: createJoinToken().token, rootsSha256: ['ab'.repeat(32)] };
  const text = formatJoinText(join);
  assert.deepEqual(parseJoinText(`${text}\n`), join);
  const amidExchange = { ...join, rootsSha256: ['ab'.repeat(32), 'cd'.repeat(32)] };
  assert.deepEqual(parseJoinText(formatJoinText(amidExchange)), amidExchange);
  for (const damaged of [join.token, text.slice(0, -1), text.slice(1), `${text}0`, text.toUpperCase(), ''])
    assert.equal(parseJoinText(damaged), undefined, damaged);
});
