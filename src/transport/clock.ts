import { TimerWheel, type WheelTimer } from '#base/timer-wheel.ts';
import { beginTurn, endTurn, turnNow } from './turn.ts';

/** The wheel that a thread's timers share, driven by one system timer that sleeps until the next deadline. */
export class Clock {
  readonly #wheel = new TimerWheel(performance.now());
  #alarm: NodeJS.Timeout | null = null;
  #alarmAtMs = Infinity;

  /** Monotonic milliseconds; within one turn always the same. */
  now(): number {
    return turnNow();
  }

  /** How many timers are set. */
  get timers(): number {
    return this.#wheel.size;
  }

  /** Sets a timer to expire at `deadlineMs`, or moves it. */
  schedule(timer: WheelTimer, deadlineMs: number): void {
    this.#wheel.schedule(timer, deadlineMs);
    if (deadlineMs < this.#alarmAtMs) this.#setAlarm(deadlineMs);
  }

  cancel(timer: WheelTimer): void {
    this.#wheel.cancel(timer);
  }

  /** Stops the system timer; deadlines no longer come. */
  stop(): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarm = null;
    this.#alarmAtMs = Infinity;
  }

  #setAlarm(atMs: number): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#alarmAtMs = atMs;
    this.#alarm = setTimeout(this.#ring, Math.max(1, atMs - performance.now() + this.#wheel.tickMs));
    this.#alarm.unref();
  }

  readonly #ring = (): void => {
    this.#alarm = null;
    this.#alarmAtMs = Infinity;
    const outermost = beginTurn();
    this.#wheel.advance(performance.now());
    endTurn(outermost);
    const next = this.#wheel.nextDeadlineMs();
    if (next !== Infinity && next < this.#alarmAtMs) this.#setAlarm(next);
  };
}
