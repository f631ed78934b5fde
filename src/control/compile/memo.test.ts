import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocuments } from '#model/documents.ts';
import { Inventory } from './inventory.ts';
import { Memo } from './memo.ts';

function service(name: string) {
  const document = { apiVersion: 'v1', kind: 'Service', metadata: { name }, spec: { ports: [{ port: 80 }] } };
  return parseDocuments('service.json', JSON.stringify(document)).resources;
}

/** Derives once per inventory; tells how often that was computed. */
function computations(inventories: readonly Inventory[], inputs: (i: number) => readonly unknown[] = () => []): number {
  const memo = new Memo(new Inventory([]));
  let count = 0;
  for (const [i, inventory] of inventories.entries()) {
    memo.begin(inventory);
    memo.derive('x', inputs(i), (lookups) => {
      count++;
      return lookups.find('Service', 'default', 'cart')?.metadata.name;
    });
  }
  return count;
}

const cart = service('cart');

test('Memo computes once while inputs and answers stay the same objects', () => {
  assert.equal(computations([new Inventory(cart), new Inventory([...cart, ...service('web')])]), 1);
});

test('Memo computes again when a look-up finds something else, or nothing any more', () => {
  assert.equal(computations([new Inventory(cart), new Inventory(service('cart'))]), 2);
  assert.equal(computations([new Inventory([]), new Inventory(cart), new Inventory([])]), 3);
});

test('Memo computes again when an input differs', () => {
  assert.equal(
    computations([new Inventory(cart), new Inventory(cart)], (i) => [['a', i]]),
    2,
  );
  assert.equal(
    computations([new Inventory(cart), new Inventory(cart)], () => [['a', 'b']]),
    1,
  );
});

test('Memo forgets what one compilation did not ask for', () => {
  const memo = new Memo(new Inventory([]));
  let count = 0;
  const derive = () => memo.derive('x', [], () => count++);
  derive();
  memo.begin(new Inventory([]));
  memo.begin(new Inventory([]));
  derive();
  assert.equal(count, 2);
});
