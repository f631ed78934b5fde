import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReceiveWindow } from './flow-control.ts';

test('ReceiveWindow gives everything back, in steps of half its size or more', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 100 }), (chunks) => {
      const window = new ReceiveWindow(1000, 1000);
      let open = 1000;
      for (const octets of chunks) {
        assert.equal(window.take(octets), true);
        open -= octets;
        const increment = window.pass(octets);
        assert.ok(increment === 0 || increment >= 500);
        open += increment;
        assert.ok(open >= 500 - 400 && open <= 1000);
      }
    }),
  );
});

test('ReceiveWindow tells when more comes than it allows', () => {
  const window = new ReceiveWindow(1000, 1000);
  assert.deepEqual([window.take(999), window.take(1), window.take(1)], [true, true, false]);
});
