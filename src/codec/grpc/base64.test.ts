import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Base64Decoder, encodeBase64 } from './base64.ts';

test('Base64Decoder decodes what encodeBase64 made of several pieces, wherever it is split', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 6 }),
      fc.array(fc.nat(40), { maxLength: 20 }),
      (pieces, cuts) => {
        const text = Buffer.concat(pieces.map(encodeBase64));
        const decoder = new Base64Decoder();
        const decoded: Buffer[] = [];
        let at = 0;
        for (const cut of [...cuts, text.length]) {
          decoded.push(decoder.decode(text.subarray(at, at + cut)));
          at += cut;
        }
        assert.deepEqual(Buffer.concat(decoded), Buffer.concat(pieces));
        assert.ok(decoder.complete);
      },
    ),
  );
});

for (const text of ['=', 'A===', 'AA=A', 'A?==', 'AAA-', 'AA\n=']) {
  test(`Base64Decoder does not take ${JSON.stringify(text)}`, () => {
    const decoder = new Base64Decoder();
    decoder.decode(Buffer.from(text));
    assert.ok(decoder.failed);
    assert.equal(decoder.decode(Buffer.from('AAAA')).length, 0);
  });
}

test('Base64Decoder says when a group is not complete', () => {
  const decoder = new Base64Decoder();
  assert.equal(decoder.decode(Buffer.from('AAAAA')).length, 3);
  assert.equal(decoder.complete, false);
});
