import assert from 'node:assert/strict';
import { test } from 'node:test';
import { durationText } from './duration-text.ts';

test('durationText gives two units at most, and the second only where it says something', () => {
  const [s, m, h, d] = [1000, 60_000, 3_600_000, 86_400_000];
  const cases: readonly (readonly [number, string])[] = [
    [-5, '0 s'],
    [999, '0 s'],
    [45 * s + 900, '45 s'],
    [3 * m + 20 * s, '3 m 20 s'],
    [10 * m + 59 * s, '10 m'],
    [60 * m, '1 h'],
    [11 * h + 59 * m, '11 h'],
    [2 * d + 4 * h + 5 * m, '2 d 4 h'],
    [3650 * d + 3 * h, '3650 d'],
  ];
  for (const [ms, text] of cases) assert.equal(durationText(ms), text);
});
