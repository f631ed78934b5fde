import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WheelTimer } from '#base/timer-wheel.ts';
import type { Clock } from '#transport/clock.ts';
import type { NameAnswer } from '#transport/resolve.ts';
import { NameWatch } from './name-watch.ts';

/** A clock whose one timer a test lets expire, and a resolver that answers what the test says. */
const createWatch = () => {
  let pending: { readonly timer: WheelTimer; readonly deadlineMs: number } | null = null;
  const clock = {
    now: () => 0,
    schedule: (timer: WheelTimer, deadlineMs: number) => void (pending = { timer, deadlineMs }),
    cancel: () => void (pending = null),
  } as unknown as Clock;
  const state = { answer: null as NameAnswer | null, asked: [] as string[], changes: 0 };
  const watch = new NameWatch(
    clock,
    () => state.changes++,
    async (name, family) => {
      state.asked.push(`${name} ${family}`);
      return state.answer;
    },
  );
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const expire = async (): Promise<void> => {
    pending!.timer.owner.expire(0);
    await settle();
  };
  return { state, watch, settle, expire, deadlineMs: () => pending?.deadlineMs };
};

const POLICY = { refreshIntervalMs: 30_000, ipFamily: 'Any' } as const;

test('NameWatch asks again when the record ends, but not more than once a second', async () => {
  const { state, watch, settle, expire, deadlineMs } = createWatch();
  state.answer = { addresses: ['192.0.2.1'], ttlMs: 5_000 };
  watch.watch(['a.example', '198.51.100.7'], POLICY);
  assert.deepEqual(watch.addressesOf('a.example'), []);
  assert.deepEqual(watch.addressesOf('198.51.100.7'), ['198.51.100.7']);
  await settle();
  assert.deepEqual(watch.addressesOf('a.example'), ['192.0.2.1']);
  assert.equal(deadlineMs(), 5_000);
  state.answer = { addresses: ['192.0.2.1', '192.0.2.2'], ttlMs: 0 };
  await expire();
  assert.equal(deadlineMs(), 1_000);
  assert.equal(state.changes, 2);
  state.answer = { addresses: ['192.0.2.1', '192.0.2.2'], ttlMs: Infinity };
  await expire();
  assert.equal(deadlineMs(), 30_000);
  assert.equal(state.changes, 2, 'the same addresses are no change');
});

test('NameWatch keeps the addresses of a name that cannot be resolved now, and asks again soon', async () => {
  const { state, watch, settle, expire, deadlineMs } = createWatch();
  state.answer = { addresses: ['192.0.2.1'], ttlMs: 5_000 };
  watch.watch(['a.example'], POLICY);
  await settle();
  state.answer = null;
  await expire();
  assert.deepEqual(watch.addressesOf('a.example'), ['192.0.2.1']);
  assert.equal(deadlineMs(), 1_000);
});

test('NameWatch asks at once for another family of addresses, and keeps those it has until then', async () => {
  const { state, watch, settle } = createWatch();
  state.answer = { addresses: ['192.0.2.1'], ttlMs: 5_000 };
  watch.watch(['a.example'], POLICY);
  await settle();
  state.answer = { addresses: ['2001:db8::1'], ttlMs: 5_000 };
  watch.watch(['a.example'], { ...POLICY, ipFamily: 'IPv6' });
  assert.deepEqual(watch.addressesOf('a.example'), ['192.0.2.1']);
  await settle();
  assert.deepEqual(watch.addressesOf('a.example'), ['2001:db8::1']);
  assert.deepEqual(state.asked, ['a.example Any', 'a.example IPv6']);
});

test('NameWatch forgets a name that nobody names any more, even while it asks', async () => {
  const { state, watch, settle, deadlineMs } = createWatch();
  state.answer = { addresses: ['192.0.2.1'], ttlMs: 5_000 };
  watch.watch(['a.example'], POLICY);
  watch.watch([], POLICY);
  await settle();
  assert.deepEqual([watch.addressesOf('a.example'), deadlineMs(), state.changes], [[], undefined, 0]);
});
