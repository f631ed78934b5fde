import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HeldContent } from './held-content.ts';

test('HeldContent gives back what came, in order, whatever the pieces and whenever some is taken', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.uint8Array({ maxLength: 6000 })), { maxLength: 30 }), (steps) => {
      const held = new HeldContent();
      const sent: Uint8Array[] = [];
      const got: Uint8Array[] = [];
      const take = (): boolean => {
        const chunk = held.shift();
        if (chunk !== undefined) got.push(Buffer.from(chunk));
        return chunk !== undefined;
      };
      for (const piece of steps) {
        if (piece === null) take();
        else {
          const lent = Buffer.concat([Buffer.from('<'), piece, Buffer.from('>')]);
          held.append(lent, 1, lent.length - 1);
          lent.fill(0); // only lent
          sent.push(piece);
        }
      }
      while (take());
      assert.deepEqual(Buffer.concat(got), Buffer.concat(sent));
      assert.equal(held.length, 0);
    }),
  );
});

test('HeldContent holds single octets at little more than their size', () => {
  const held = new HeldContent();
  const octet = Buffer.from('x');
  for (let i = 0; i < 100_000; i++) held.append(octet, 0, 1);
  let blocks = 0;
  while (held.shift() !== undefined) blocks++;
  assert.equal(blocks, Math.ceil(100_000 / 4096));
});
