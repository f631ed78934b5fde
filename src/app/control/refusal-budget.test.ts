import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RefusalBudget } from './refusal-budget.ts';

test('RefusalBudget writes a burst down, then one a second, and says how many it left out', () => {
  const budget = new RefusalBudget();
  const startMs = 1_800_000_000_000;
  const told = Array.from({ length: 100 }, () => budget.tell('no', startMs));
  assert.equal(told.filter((reason) => reason === 'no').length, 60);
  assert.equal(told.at(-1), undefined);
  assert.equal(budget.tell('no', startMs + 1000), 'no (and 40 more since the last that is told)');
  assert.equal(budget.tell('no', startMs + 1500), undefined);
  assert.equal(budget.tell('no', startMs + 2000), 'no (and 1 more since the last that is told)');
});

test('RefusalBudget goes on where the clock is set back', () => {
  const budget = new RefusalBudget();
  for (let i = 0; i < 100; i++) budget.tell('no', 2_000_000_000_000);
  assert.equal(budget.tell('no', 1_000_000_000_000), undefined);
  assert.equal(budget.tell('no', 1_000_000_001_000), 'no (and 41 more since the last that is told)');
});
