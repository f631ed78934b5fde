import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, pairedRatio, relativeSpread, summarize } from './statistics.ts';

test('median takes the middle, or the mean of the two middle ones', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([]), Number.NaN);
});

test('summarize and relativeSpread describe the rounds', () => {
  const summary = summarize([10, 12, 8]);
  assert.deepEqual(summary, { median: 10, least: 8, greatest: 12 });
  assert.equal(relativeSpread(summary), 0.4);
});

test('pairedRatio does not see what slows both sides of a round', () => {
  // The machine was twice as slow in the second round, and three times in the third.
  assert.deepEqual(pairedRatio([15, 30, 45], [10, 20, 30]), { median: 1.5, least: 1.5, greatest: 1.5 });
});

test('pairedRatio leaves out rounds that one side lacks', () => {
  assert.equal(pairedRatio([2, 4, 100], [1, 1]).median, 3);
});
