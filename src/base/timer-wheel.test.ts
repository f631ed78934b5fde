import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimerWheel, WheelTimer } from './timer-wheel.ts';

class Probe {
  readonly timer = new WheelTimer(this);
  readonly expiredAt: number[] = [];
  readonly onExpire: () => void;

  constructor(onExpire: () => void = () => {}) {
    this.onExpire = onExpire;
  }

  expire(nowMs: number): void {
    this.expiredAt.push(nowMs);
    this.onExpire();
  }
}

test('TimerWheel expires a timer once, not before its deadline and at most one tick late', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100_000 }), fc.integer({ min: 1, max: 50 }), (delayMs, stepMs) => {
      const wheel = new TimerWheel(1_000, 20, 64);
      const probe = new Probe();
      wheel.schedule(probe.timer, 1_000 + delayMs);
      for (let now = 1_000; now < 1_000 + delayMs + 200; now += stepMs) wheel.advance(now);
      assert.equal(probe.expiredAt.length, 1);
      assert.ok(probe.expiredAt[0]! >= 1_000 + delayMs);
      assert.ok(probe.expiredAt[0]! <= 1_000 + delayMs + 20 + 2 * stepMs);
      assert.equal(wheel.size, 0);
    }),
  );
});

test('TimerWheel forgets a cancelled timer, also one that its neighbour cancels while expiring', () => {
  const wheel = new TimerWheel(0, 20, 64);
  const victim = new Probe();
  const killer = new Probe(() => wheel.cancel(victim.timer));
  const survivor = new Probe();
  for (const timer of [killer, victim, survivor]) wheel.schedule(timer.timer, 40);
  wheel.advance(100);
  assert.deepEqual(
    [killer, victim, survivor].map((timer) => timer.expiredAt.length),
    [1, 0, 1],
  );
  assert.equal(wheel.size, 0);
});

test('TimerWheel lets a timer schedule itself again while it expires', () => {
  const wheel = new TimerWheel(0, 20, 64);
  const probe: Probe = new Probe(() => {
    if (probe.expiredAt.length < 3) wheel.schedule(probe.timer, 0);
  });
  wheel.schedule(probe.timer, 0);
  for (let now = 0; now <= 200; now += 20) wheel.advance(now);
  assert.deepEqual(probe.expiredAt, [20, 40, 60]);
});

test('TimerWheel expires everything due after a pause longer than one turn', () => {
  const wheel = new TimerWheel(0, 20, 64);
  const probes = Array.from({ length: 200 }, () => new Probe());
  probes.forEach((probe, index) => wheel.schedule(probe.timer, index * 37));
  wheel.advance(1_000_000);
  assert.ok(probes.every((probe) => probe.expiredAt.length === 1));
});

test('TimerWheel says when to advance next', () => {
  const wheel = new TimerWheel(0, 20, 64);
  assert.equal(wheel.nextDeadlineMs(), Infinity);
  wheel.schedule(new Probe().timer, 110);
  assert.equal(wheel.nextDeadlineMs(), 120);
});

test('TimerWheel survives a timer that moves its neighbours to another slot while it expires', () => {
  const wheel = new TimerWheel(0, 20, 64);
  const moved = new Probe();
  const mover = new Probe(() => wheel.schedule(moved.timer, 400));
  wheel.schedule(mover.timer, 40);
  wheel.schedule(moved.timer, 40);
  wheel.advance(60);
  assert.deepEqual(moved.expiredAt, []);
  wheel.advance(500);
  assert.equal(moved.expiredAt.length, 1);
  assert.equal(wheel.size, 0);
});
