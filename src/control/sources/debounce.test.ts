import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from './clock.ts';
import { Debounce } from './debounce.ts';

class ManualClock implements Clock {
  #nowMs = 0;
  readonly #timers = new Set<{ atMs: number; callback: () => void }>();

  nowMs = (): number => this.#nowMs;

  after = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  advance(durationMs: number): void {
    this.#nowMs += durationMs;
    for (const timer of this.#timers) {
      if (timer.atMs <= this.#nowMs && this.#timers.delete(timer)) timer.callback();
    }
  }
}

function debounced() {
  const clock = new ManualClock();
  const settledAtMs: number[] = [];
  const debounce = new Debounce(() => settledAtMs.push(clock.nowMs()), { quietMs: 100, maxDelayMs: 10_000, clock });
  return { clock, settledAtMs, debounce };
}

test('Debounce calls once when a burst falls silent', () => {
  const { clock, settledAtMs, debounce } = debounced();
  for (let i = 0; i < 5; i++) {
    debounce.call();
    clock.advance(50);
  }
  assert.deepEqual(settledAtMs, []);
  clock.advance(50);
  assert.deepEqual(settledAtMs, [300]);
  clock.advance(1000);
  assert.deepEqual(settledAtMs, [300]);
});

test('Debounce cuts a burst that does not end', () => {
  const { clock, settledAtMs, debounce } = debounced();
  for (let i = 0; i < 500; i++) {
    debounce.call();
    clock.advance(50);
  }
  assert.deepEqual(settledAtMs, [10_000, 20_000]);
});

test('Debounce forgets its burst when it is closed', () => {
  const { clock, settledAtMs, debounce } = debounced();
  debounce.call();
  debounce.close();
  clock.advance(1000);
  assert.deepEqual(settledAtMs, []);
});
