import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveWorkload } from '../compile/mesh/live-workload.ts';
import type { Clock } from '../sources/clock.ts';
import { WorkloadRegistry } from './workload-registry.ts';

/** Time that passes only when told to. */
class ManualClock implements Clock {
  #nowMs = 0;
  #tasks: { readonly atMs: number; readonly task: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, task: () => void): () => void {
    const entry = { atMs: this.#nowMs + delayMs, task };
    this.#tasks.push(entry);
    return () => void (this.#tasks = this.#tasks.filter((other) => other !== entry));
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    const due = this.#tasks.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#tasks = this.#tasks.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { task } of due) task();
  }
}

const cart: LiveWorkload = {
  id: 'cart-1',
  principal: 'spiffe://mesh.test/ns/shop/sa/cart',
  namespace: 'shop',
  serviceAccount: 'cart',
  service: 'cart',
  address: '10.0.0.1',
  meshPort: 15008,
  zone: '',
  ports: [{ port: 8080, protocol: 'http' }],
  state: 'ready',
};

function createRegistry(maxWorkloads = 10) {
  const clock = new ManualClock();
  const seen = { changes: 0 };
  const registry = new WorkloadRegistry({ clock, changed: () => void seen.changes++, maxWorkloads });
  const states = () =>
    registry.list().map(({ workload, connected }) => `${workload.id} ${workload.state} ${connected}`);
  return { registry, clock, seen, states };
}

test('WorkloadRegistry keeps a workload for 10 s after its proxy has gone', () => {
  const { registry, clock, seen, states } = createRegistry();
  registry.connect(cart);
  registry.disconnect('cart-1');
  clock.pass(9999);
  assert.deepEqual(states(), ['cart-1 ready false']);
  assert.equal(seen.changes, 1);
  clock.pass(1);
  assert.deepEqual(states(), []);
  assert.equal(seen.changes, 2);
});

test('WorkloadRegistry changes nothing for others when a proxy reconnects within the grace', () => {
  const { registry, clock, seen, states } = createRegistry();
  registry.connect(cart);
  registry.disconnect('cart-1');
  clock.pass(5000);
  registry.connect({ ...cart });
  clock.pass(60_000);
  assert.deepEqual(states(), ['cart-1 ready true']);
  assert.equal(seen.changes, 1);
});

test('WorkloadRegistry counts a workload while any of its streams is open', () => {
  const { registry, clock, states } = createRegistry();
  registry.connect(cart);
  registry.connect(cart);
  registry.disconnect('cart-1');
  clock.pass(60_000);
  assert.deepEqual(states(), ['cart-1 ready true']);
  registry.disconnect('cart-1');
  registry.disconnect('cart-1');
  clock.pass(60_000);
  assert.deepEqual(states(), []);
});

test('WorkloadRegistry removes at once what was draining when it left', () => {
  const { registry, states } = createRegistry();
  registry.connect(cart);
  assert.equal(registry.report('cart-1', cart.principal, 'draining'), true);
  assert.deepEqual(states(), ['cart-1 draining true']);
  registry.disconnect('cart-1');
  assert.deepEqual(states(), []);
});

test('WorkloadRegistry takes reports of a workload from its own service account only', () => {
  const { registry, seen, states } = createRegistry();
  registry.connect(cart);
  assert.equal(registry.report('cart-1', 'spiffe://mesh.test/ns/shop/sa/pay', 'unready'), false);
  assert.equal(registry.report('cart-2', cart.principal, 'unready'), false);
  assert.deepEqual(states(), ['cart-1 ready true']);
  registry.report('cart-1', cart.principal, 'ready');
  assert.equal(seen.changes, 1);
  registry.report('cart-1', cart.principal, 'unready');
  assert.equal(seen.changes, 2);
});

test('WorkloadRegistry lets nobody take the id of another service account', () => {
  const { registry, states } = createRegistry();
  registry.connect(cart);
  const refusal = registry.connect({ ...cart, principal: 'spiffe://mesh.test/ns/shop/sa/pay', address: '10.6.6.6' });
  assert.match(refusal ?? '', /belongs to another service account/);
  registry.disconnect('cart-1');
  assert.deepEqual(states(), ['cart-1 ready false']);
  assert.equal(registry.list()[0]?.workload.address, '10.0.0.1');
});

test('WorkloadRegistry turns workloads away beyond its bound', () => {
  const { registry } = createRegistry(1);
  registry.connect(cart);
  assert.match(registry.connect({ ...cart, id: 'cart-2' }) ?? '', /1 workloads already/);
  assert.equal(registry.connect(cart), undefined);
});

test('WorkloadRegistry counts workloads of its last life for a minute, or until they are back', () => {
  const { registry, clock, seen, states } = createRegistry();
  registry.restore([cart, { ...cart, id: 'cart-2' }]);
  assert.deepEqual(states(), ['cart-1 ready false', 'cart-2 ready false']);
  clock.pass(30_000);
  registry.connect(cart);
  clock.pass(30_000);
  assert.deepEqual(states(), ['cart-1 ready true']);
  assert.equal(seen.changes, 1);
});

test('WorkloadRegistry takes no more of one account than its share, and those again that have gone', () => {
  const clock = new ManualClock();
  const removed: string[] = [];
  const registry = new WorkloadRegistry({
    clock,
    changed: () => {},
    removed: ({ id }) => removed.push(id),
    maxWorkloads: 10,
    maxOfAccount: 2,
  });
  const pay = { ...cart, principal: 'spiffe://mesh.test/ns/shop/sa/pay', serviceAccount: 'pay' };
  registry.restore([cart]);
  assert.equal(registry.connect(cart), undefined);
  assert.equal(registry.connect({ ...cart, id: 'cart-2' }), undefined);
  assert.match(registry.connect({ ...cart, id: 'cart-3' }) ?? '', /there are 2 workloads of this service account/);
  assert.equal(registry.connect({ ...pay, id: 'pay-1' }), undefined);
  registry.disconnect('cart-1');
  clock.pass(10_000);
  assert.deepEqual(removed, ['cart-1']);
  assert.equal(registry.connect({ ...cart, id: 'cart-3' }), undefined);
  assert.match(registry.connect({ ...cart, id: 'cart-4' }) ?? '', /of this service account/);
});
