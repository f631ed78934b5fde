import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WheelTimer } from '#base/timer-wheel.ts';
import { Clock } from './clock.ts';

/** Resolves when the timer expires. */
const createTimer = (): { readonly timer: WheelTimer; readonly expired: Promise<number> } => {
  let expire: (nowMs: number) => void = () => {};
  const expired = new Promise<number>((resolve) => {
    expire = resolve;
  });
  return { timer: new WheelTimer({ expire }), expired };
};

/** The clock alone keeps no process alive. */
const keepAlive = (t: { after(end: () => void): void }): void => {
  const timer = setInterval(() => {}, 1000);
  t.after(() => clearInterval(timer));
};

test('Clock expires timers at their deadline and not before, in any order of setting', async (t) => {
  keepAlive(t);
  const clock = new Clock();
  const [late, early] = [createTimer(), createTimer()];
  const nowMs = clock.now();
  clock.schedule(late.timer, nowMs + 60);
  clock.schedule(early.timer, nowMs + 20);
  assert.equal(clock.timers, 2);
  assert.ok((await early.expired) >= nowMs + 20);
  assert.equal(late.timer.scheduled, true);
  assert.ok((await late.expired) >= nowMs + 60);
  assert.equal(clock.timers, 0);
});

test('Clock forgets what is cancelled, and goes on after a stop', async (t) => {
  keepAlive(t);
  const clock = new Clock();
  const [cancelled, kept, later] = [createTimer(), createTimer(), createTimer()];
  clock.schedule(cancelled.timer, clock.now() + 10);
  clock.cancel(cancelled.timer);
  void cancelled.expired.then(() => assert.fail('was cancelled'));
  clock.schedule(kept.timer, clock.now() + 10);
  clock.stop();
  clock.schedule(later.timer, clock.now() + 30);
  await Promise.all([kept.expired, later.expired]);
  assert.equal(clock.timers, 0);
});
