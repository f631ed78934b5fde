import type { Clock } from './clock.ts';

export interface DebounceOptions {
  /** Silence that ends a burst. */
  readonly quietMs: number;
  /** A burst that does not end is cut after this time from its first call. */
  readonly maxDelayMs: number;
  readonly clock: Clock;
}

/** Makes one call of a burst of calls. */
export class Debounce {
  readonly #settle: () => void;
  readonly #options: DebounceOptions;
  #burstSinceMs: number | undefined;
  #cancel: (() => void) | undefined;

  constructor(settle: () => void, options: DebounceOptions) {
    this.#settle = settle;
    this.#options = options;
  }

  call(): void {
    const { quietMs, maxDelayMs, clock } = this.#options;
    const nowMs = clock.nowMs();
    this.#burstSinceMs ??= nowMs;
    const leftMs = this.#burstSinceMs + maxDelayMs - nowMs;
    this.#cancel?.();
    this.#cancel = clock.after(Math.max(0, Math.min(quietMs, leftMs)), () => {
      this.close();
      this.#settle();
    });
  }

  /** Forgets a burst that has not settled. */
  close(): void {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#burstSinceMs = undefined;
  }
}
