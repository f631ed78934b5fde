import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Output } from './output.ts';

test('Output keeps what was written when it grows', () => {
  const output = new Output();
  const expected = Buffer.alloc(300_000);
  for (let i = 0; i < expected.length; i += 1000) {
    const at = output.reserve(1000);
    output.bytes.fill(i / 1000, at, at + 1000);
    output.length = at + 1000;
    expected.fill(i / 1000, i, i + 1000);
  }
  assert.ok(output.take().equals(expected));
  assert.equal(output.length, 0);
  assert.equal(output.bytes.length, 0, 'an idle connection has no buffer');
});

test('Output begins anew behind take', () => {
  const output = new Output();
  for (const text of ['first', 'second']) {
    const at = output.reserve(text.length);
    output.length = at + output.bytes.write(text, at, 'latin1');
    assert.equal(output.take().toString(), text);
  }
});
