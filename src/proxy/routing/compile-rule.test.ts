import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BROKEN_SLOT, compileRule } from './compile-rule.ts';
import { declareRoute, declareRule } from './testing/routes.ts';

test('compileRule resolves slots, sums weights and keeps a broken reference in its share', () => {
  const declared = {
    ...declareRule('split'),
    backends: [
      { cluster: 'cart', weight: 3, filters: [] },
      { cluster: null, weight: 1, filters: [] },
    ],
    timeouts: { requestMs: 0, backendRequestMs: 250 },
  };
  const slot = { name: 'cart', cluster: null };
  const rule = compileRule(declareRoute('r', [declared]), declared, {
    slot: () => slot,
    compileRuleFilters: () => [],
    compileBackendFilters: () => [],
  });
  assert.equal(rule.route, 'HTTPRoute/shop/r');
  assert.deepEqual(
    rule.backends.map((backend) => [backend.slot, backend.weight]),
    [
      [slot, 3],
      [BROKEN_SLOT, 1],
    ],
  );
  assert.deepEqual([rule.totalWeight, rule.requestTimeoutMs, rule.attemptTimeoutMs], [4, 0, 250]);
});

test('compileRule tells an undeclared timeout from none', () => {
  const declared = declareRule('x');
  const environment = {
    slot: (name: string) => ({ name, cluster: null }),
    compileRuleFilters: () => [],
    compileBackendFilters: () => [],
  };
  const rule = compileRule(declareRoute('r', [declared]), declared, environment);
  assert.deepEqual([rule.requestTimeoutMs, rule.attemptTimeoutMs], [-1, 0]);
});
