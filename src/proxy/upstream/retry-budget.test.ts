import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RetryBudget } from './retry-budget.ts';

const withdrawAll = (budget: RetryBudget, nowMs: number): number => {
  let count = 0;
  while (budget.withdraw(nowMs)) count++;
  return count;
};

test('RetryBudget allows what ten seconds give, then ten a second', () => {
  const budget = new RetryBudget();
  assert.equal(withdrawAll(budget, 1000), 100);
  assert.equal(withdrawAll(budget, 1000), 0);
  assert.equal(withdrawAll(budget, 2000), 10);
  assert.equal(withdrawAll(budget, 60_000), 100, 'no more than ten seconds are saved up');
});

test('RetryBudget allows a fifth of the requests on top', () => {
  const budget = new RetryBudget();
  withdrawAll(budget, 1000);
  for (let i = 0; i < 1000; i++) budget.deposit();
  assert.equal(withdrawAll(budget, 1000), 200);
});
