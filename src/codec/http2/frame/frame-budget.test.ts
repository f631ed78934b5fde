import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameBudget } from './frame-budget.ts';

test('FrameBudget allows a burst, then so many a second, and reads the clock only behind the burst', () => {
  let nowMs = 0;
  let reads = 0;
  const budget = new FrameBudget(10, 5, () => {
    reads++;
    return nowMs;
  });
  const spend = (count: number) => Array.from({ length: count }, () => budget.spend()).filter(Boolean).length;
  assert.deepEqual([spend(10), reads], [10, 1]);
  assert.equal(spend(3), 0);
  nowMs = 1000;
  assert.equal(spend(8), 5);
  nowMs = 100_000;
  assert.equal(spend(20), 10, 'no more than a burst is saved up');
});

test('FrameBudget is earned back', () => {
  const budget = new FrameBudget(2, 0, () => 0);
  budget.spend();
  budget.spend();
  budget.earn(1);
  assert.deepEqual([budget.spend(), budget.spend()], [true, false]);
});
