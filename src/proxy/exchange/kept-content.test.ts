import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeptContent } from './kept-content.ts';

test('KeptContent gives back what was appended, whatever the pieces', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 6000 }), { maxLength: 20 }), (chunks) => {
      const kept = new KeptContent();
      for (const chunk of chunks) {
        const lent = chunk.slice();
        kept.append(lent);
        lent.fill(0); // chunks are only lent
      }
      assert.deepEqual(Buffer.from(kept.bytes), Buffer.concat(chunks));
      assert.equal(kept.length, Buffer.concat(chunks).length);
      kept.clear();
      assert.equal(kept.bytes.length, 0);
    }),
  );
});
