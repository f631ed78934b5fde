import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeGrpcTimeout, parseGrpcTimeout } from './timeout.ts';

const TIMEOUTS: readonly (readonly [text: string, ms: number])[] = [
  ['1S', 1000],
  ['250m', 250],
  ['0n', 0],
  ['1500u', 1.5],
  ['2M', 120_000],
  ['99999999H', 99_999_999 * 3_600_000],
];

for (const [text, ms] of TIMEOUTS) {
  test(`parseGrpcTimeout takes ${text}`, () => assert.equal(parseGrpcTimeout(text), ms));
}

for (const text of ['', 'S', '1', '1s', '1h', '100000000m', '-1S', '+1S', '1.5S', ' 1S', '1S ', '1SS', '0x1S', '１S']) {
  test(`parseGrpcTimeout takes '${text}' for none`, () => assert.equal(parseGrpcTimeout(text), undefined));
}

test('encodeGrpcTimeout says no more than there is, and nearly all of it', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 3e11, noNaN: true }), (ms) => {
      const text = encodeGrpcTimeout(ms);
      const read = parseGrpcTimeout(text);
      assert.ok(read !== undefined, text);
      assert.ok(read <= ms * (1 + 1e-12), `${text} is more than ${ms}`);
      assert.ok(read >= Math.min(ms - 0.001, ms * 0.999_9) - 0.001, `${text} is much less than ${ms}`);
    }),
  );
  assert.equal(encodeGrpcTimeout(-5), '0u');
});
