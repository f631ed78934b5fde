import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { integer, INTEGER_BYTES, readInteger, writeInteger } from './integer.ts';

test('writeInteger writes the examples of RFC 7541 C.1', () => {
  const out = Buffer.alloc(INTEGER_BYTES);
  const written = (mask: number, value: number) =>
    out.subarray(0, writeInteger(out, 0, 0, mask, value)).toString('hex');
  assert.deepEqual([written(0x1f, 10), written(0x1f, 1337), written(0xff, 42)], ['0a', '1f9a0a', '2a']);
});

test('readInteger reads what writeInteger writes, flags aside', () => {
  const masks = fc.constantFrom(0x0f, 0x1f, 0x3f, 0x7f);
  fc.assert(
    fc.property(fc.nat(0xfffffff), masks, (value, mask) => {
      const out = Buffer.alloc(INTEGER_BYTES);
      const end = writeInteger(out, 0, 0xff & ~mask, mask, value);
      assert.equal(readInteger(out, 0, end, mask), value);
      assert.equal(integer.end, end);
      for (let cut = 1; cut < end; cut++) assert.equal(readInteger(out, 0, cut, mask), -1);
    }),
  );
});

test('readInteger refuses integers of absurd length', () => {
  const endless = Buffer.from('7f8080808080808080808001', 'hex');
  assert.equal(readInteger(endless, 0, endless.length, 0x7f), -1);
  const large = Buffer.from('7fffffffff7f', 'hex');
  assert.equal(readInteger(large, 0, large.length, 0x7f), -1);
});
