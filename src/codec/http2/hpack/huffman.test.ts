import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodedBound, decodeHuffman, encodeHuffman, huffmanLength } from './huffman.ts';

function encode(text: string): Buffer {
  const out = Buffer.alloc(text.length * 4 + 4);
  return out.subarray(0, encodeHuffman(text, out, 0));
}

function decode(code: Buffer): string | null {
  const out = Buffer.alloc(decodedBound(code.length));
  const length = decodeHuffman(code, 0, code.length, out);
  return length === -1 ? null : out.toString('latin1', 0, length);
}

test('encodeHuffman writes the codes of RFC 7541 (appendix B, C.4)', () => {
  assert.equal(encode('www.example.com').toString('hex'), 'f1e3c2e5f23a6ba0ab90f4ff');
  assert.equal(encode('no-cache').toString('hex'), 'a8eb10649cbf');
  // The last code of 27 bits, a late one of 25, the last of 26, each padded with ones.
  assert.deepEqual(
    ['\xfe', '\xcf', '\xff'].map((c) => encode(c).toString('hex')),
    ['fffffe1f', 'fffff6ff', 'fffffbbf'],
  );
});

test('decodeHuffman reads what encodeHuffman writes, which is as long as huffmanLength says', () => {
  const octets = fc.string({ unit: fc.nat(255).map((c) => String.fromCharCode(c)), maxLength: 200 });
  fc.assert(
    fc.property(octets, (text) => {
      const code = encode(text);
      assert.equal(code.length, huffmanLength(text));
      assert.equal(decode(code), text);
    }),
  );
});

test('decodeHuffman refuses wrong padding and EOS (RFC 7541 §5.2)', () => {
  assert.equal(decode(Buffer.from('07', 'hex')), '0');
  assert.equal(decode(Buffer.from('06', 'hex')), null, 'padding with a zero');
  assert.equal(decode(Buffer.from('07ff', 'hex')), null, 'padding of eleven bits');
  assert.equal(decode(Buffer.from('ff', 'hex')), null, 'padding of eight bits');
  assert.equal(decode(Buffer.from('ffffffff', 'hex')), null, 'EOS');
  assert.equal(decode(Buffer.from('fffffffc', 'hex')), null, 'EOS, then zeros');
  assert.equal(decode(Buffer.alloc(0)), '');
});

test('decodeHuffman never writes more than decodedBound and has one code for each text', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (octets) => {
      const text = decode(Buffer.from(octets));
      if (text !== null) assert.deepEqual(encode(text), Buffer.from(octets));
    }),
    { numRuns: 1000 },
  );
});
