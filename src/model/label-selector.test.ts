import assert from 'node:assert/strict';
import { test } from 'node:test';
import { labelSelector, selectsLabels } from './label-selector.ts';

const selects = (selector: object, labels: Record<string, string>): boolean =>
  selectsLabels(labelSelector().parse(selector), labels);

test('selectsLabels chooses everything when the selector is empty', () => {
  assert.equal(selects({}, {}), true);
});

test('selectsLabels wants every label and every expression', () => {
  const selector = { matchLabels: { a: '1' }, matchExpressions: [{ key: 'b', operator: 'Exists' }] };
  assert.equal(selects(selector, { a: '1', b: '' }), true);
  assert.equal(selects(selector, { a: '1' }), false);
  assert.equal(selects(selector, { a: '2', b: '' }), false);
});

test('selectsLabels takes an absent label as not in any list, as Kubernetes does', () => {
  const expression = (operator: string, values?: string[]) => ({
    matchExpressions: [{ key: 'a', operator, ...(values && { values }) }],
  });
  assert.equal(selects(expression('In', ['1', '2']), { a: '2' }), true);
  assert.equal(selects(expression('In', ['1', '2']), {}), false);
  assert.equal(selects(expression('NotIn', ['1']), { a: '1' }), false);
  assert.equal(selects(expression('NotIn', ['1']), {}), true);
  assert.equal(selects(expression('DoesNotExist'), {}), true);
  assert.equal(selects(expression('DoesNotExist'), { a: '1' }), false);
});
