import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import { EventLog } from './event-log.ts';

const cart: LiveWorkload = {
  id: 'cart-1',
  principal: 'spiffe://mesh.test/ns/shop/sa/cart',
  namespace: 'shop',
  serviceAccount: 'cart',
  service: 'cart',
  address: '10.0.0.1',
  meshPort: 15_008,
  zone: '',
  ports: [],
  state: 'unready',
};

test('EventLog tells what has become of workloads between two looks', () => {
  const log = new EventLog(() => 5);
  log.noteWorkloads([cart]);
  log.noteWorkloads([cart]);
  log.noteWorkloads([{ ...cart, state: 'ready' }]);
  log.noteWorkloads([]);
  assert.deepEqual(
    log.latest.map(({ timeMs, kind, subject, text }) => [timeMs, kind, subject, text]),
    [
      [5, 'joined', 'cart-1', 'spiffe://mesh.test/ns/shop/sa/cart at 10.0.0.1, for service cart, unready'],
      [5, 'state', 'cart-1', 'unready → ready'],
      [5, 'left', 'cart-1', 'is forgotten'],
    ],
  );
});

test('EventLog counts what happens over and over, and keeps the newest of a bounded number', () => {
  let nowMs = 0;
  const log = new EventLog(() => ++nowMs);
  log.note('connected', 'cart-1', 'again');
  for (let i = 0; i < 5000; i++) log.note('turned-away', '', `10.0.0.${i % 3}: no certificate`);
  assert.equal(log.latest.length, 4);
  assert.equal(
    log.latest.reduce((sum, { count }) => sum + count, 0),
    5001,
  );
  assert.equal(log.latest[0]?.kind, 'connected');
  for (let i = 0; i < 5000; i++) log.note('connected', `cart-${i}`, 'from here');
  assert.deepEqual([log.latest.length, log.latest.at(-1)?.subject], [1000, 'cart-4999']);
});
