import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Histogram } from './histogram.ts';

test('quantile is NaN while empty', () => {
  assert.equal(new Histogram().quantile(0.5), Number.NaN);
});

test('quantile is exact for small values', () => {
  const histogram = new Histogram();
  for (let value = 1; value <= 100; value++) histogram.record(value);
  assert.equal(histogram.quantile(0.5), 50);
  assert.equal(histogram.quantile(0.99), 99);
  assert.equal(histogram.quantile(1), 100);
  assert.equal(histogram.total, 100);
});

test('quantile is never under the true value and at most 0.8 % over it', () => {
  const values = fc.array(fc.integer({ min: 0, max: 2 ** 36 }), { minLength: 1, maxLength: 200 });
  const share = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(values, share, (recorded, wanted) => {
      const histogram = new Histogram();
      for (const value of recorded) histogram.record(value);
      const sorted = recorded.toSorted((a, b) => a - b);
      const exact = sorted[Math.max(1, Math.ceil(wanted * sorted.length)) - 1] ?? Number.NaN;
      const found = histogram.quantile(wanted);
      assert.ok(found >= exact && found <= exact * 1.008, `${found} for ${exact}`);
    }),
  );
});

test('record keeps values outside of the range at its ends', () => {
  const histogram = new Histogram();
  histogram.record(-5);
  histogram.record(2 ** 45);
  assert.equal(histogram.quantile(0.5), 0);
  assert.equal(histogram.greatest, 2 ** 45);
  assert.equal(histogram.total, 2);
});
