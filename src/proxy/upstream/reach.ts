import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import type { Clock } from '#transport/clock.ts';

/** Wait after the first failed connect, in milliseconds; each further one doubles it (conventions, Envoy). */
const FIRST_WAIT_MS = 1_000;
/** Longest wait. Short, since a try costs no request: what was not sent goes elsewhere. */
const LONGEST_WAIT_MS = 10_000;
/** Share of a wait that is drawn, so that proxies which lost an endpoint together do not all come back together. */
const JITTER = 0.5;

type State = 'reachable' | 'resting' | 'due' | 'left';

/**
 * Whether an endpoint can be connected to, as far as that was tried. While it cannot, requests go to others, without
 * the detour and the retry that each would cost; one of them now and then finds out whether it is back.
 *
 *   reachable ──connect fails──▶ resting ──wait is over──▶ due ──a request tries──▶ resting
 *       ▲──────connected────────────┴───────────────────────┴──────────────────────────┘
 */
export class Reach implements Expirable {
  readonly #timer = new WheelTimer(this);
  readonly #clock: Clock;
  readonly #changed: () => void;
  #state: State = 'reachable';
  #failures = 0;

  /** @param changed told whenever {@link reachable} or {@link due} does */
  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock;
    this.#changed = changed;
  }

  get reachable(): boolean {
    return this.#state === 'reachable';
  }

  /** Whether it is time to try again. */
  get due(): boolean {
    return this.#state === 'due';
  }

  /** A connection was made. */
  connected(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#clock.cancel(this.#timer);
    this.#enter('reachable');
  }

  /** A connection could not be made. */
  failed(): void {
    this.#failures++;
    this.#rest();
  }

  /** The next request tries it. The others wait for what becomes of that, or as long again where nothing does. */
  tried(): void {
    this.#rest();
  }

  /** The endpoint is no longer wanted; what still becomes of its connects is of no interest. */
  close(): void {
    this.#clock.cancel(this.#timer);
    this.#state = 'left';
  }

  expire(): void {
    this.#enter('due');
  }

  #rest(): void {
    if (this.#state === 'left') return;
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** (this.#failures - 1), LONGEST_WAIT_MS);
    const drawnMs = waitMs * (1 - JITTER * Math.random());
    this.#clock.schedule(this.#timer, this.#clock.now() + drawnMs);
    this.#enter('resting');
  }

  #enter(state: State): void {
    if (state === this.#state || this.#state === 'left') return;
    this.#state = state;
    this.#changed();
  }
}
