import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WheelTimer } from '#base/timer-wheel.ts';
import type { Clock } from '#transport/clock.ts';
import { Reach } from './reach.ts';

/** A reach on a clock that stands still, and whose one timer a test lets expire. */
const createReach = () => {
  const state = { waitMs: -1, changes: 0 };
  let pending: WheelTimer | null = null;
  const clock = {
    now: () => 0,
    schedule: (timer: WheelTimer, deadlineMs: number) => {
      pending = timer;
      state.waitMs = deadlineMs;
    },
    cancel: () => {
      pending = null;
      state.waitMs = -1;
    },
  } as unknown as Clock;
  const reach = new Reach(clock, () => state.changes++);
  const expire = (): void => pending?.owner.expire(state.waitMs);
  return { reach, state, expire };
};

test('Reach rests after a failed connect, is tried by one when that is over, and is back when connected', () => {
  const { reach, state, expire } = createReach();
  reach.connected();
  assert.deepEqual([reach.reachable, state.changes], [true, 0]);
  reach.failed();
  assert.deepEqual([reach.reachable, reach.due, state.changes], [false, false, 1]);
  expire();
  assert.deepEqual([reach.reachable, reach.due, state.changes], [false, true, 2]);
  reach.tried();
  assert.deepEqual([reach.reachable, reach.due, state.changes], [false, false, 3]);
  reach.connected();
  assert.deepEqual([reach.reachable, state.changes, state.waitMs], [true, 4, -1]);
});

test('Reach waits twice as long after each failure, at most 10 s, and half of it is drawn', () => {
  const { reach, state } = createReach();
  for (const longestMs of [1_000, 2_000, 4_000, 8_000, 10_000, 10_000]) {
    reach.failed();
    assert.ok(state.waitMs >= longestMs / 2 && state.waitMs <= longestMs, `${state.waitMs} of ${longestMs}`);
  }
  reach.connected();
  reach.failed();
  assert.ok(state.waitMs <= 1_000);
});

test('Reach is due again where nothing became of a try, as when its client left', () => {
  const { reach, expire } = createReach();
  reach.failed();
  expire();
  reach.tried();
  expire();
  assert.equal(reach.due, true);
});

test('Reach of an endpoint that has left hears of its last connects and does nothing', () => {
  const { reach, state } = createReach();
  reach.failed();
  reach.close();
  reach.failed();
  reach.connected();
  assert.deepEqual([state.changes, state.waitMs], [1, -1]);
});
