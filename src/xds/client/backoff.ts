/** How long a client waits before it tries again. */
export interface BackoffLimits {
  /**
   * Milliseconds that the first wait takes at most.
   * @defaultValue 500
   */
  readonly firstMs: number;
  /**
   * Milliseconds that any wait takes at most.
   * @defaultValue 30000
   */
  readonly mostMs: number;
}

export const DEFAULT_BACKOFF: BackoffLimits = Object.freeze({ firstMs: 500, mostMs: 30_000 });

/**
 * Waits that double, each drawn from the whole of its range ("full jitter"): when a control plane comes back, thousands
 * of proxies come back spread over time and not in waves.
 */
export class Backoff {
  readonly #limits: BackoffLimits;
  readonly #random: () => number;
  #attempts = 0;

  /** @param random in [0, 1) */
  constructor(limits: BackoffLimits, random: () => number) {
    this.#limits = limits;
    this.#random = random;
  }

  /** How often {@link next} was asked since {@link reset}. */
  get attempts(): number {
    return this.#attempts;
  }

  /** @returns milliseconds to wait now */
  next(): number {
    const { firstMs, mostMs } = this.#limits;
    const rangeMs = Math.min(mostMs, firstMs * 2 ** this.#attempts);
    this.#attempts++;
    return this.#random() * rangeMs;
  }

  /** It went well. */
  reset(): void {
    this.#attempts = 0;
  }
}
