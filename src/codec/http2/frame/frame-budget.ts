/**
 * How often a peer may do what costs this side more than the peer: a burst, and then so many a second. The clock is
 * read only when the burst is used up, so that honest peers cost one decrement.
 */
export class FrameBudget {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #nowMs: () => number;
  #left: number;
  #refilledAtMs: number;

  constructor(burst: number, perSecond: number, nowMs: () => number) {
    this.#burst = burst;
    this.#perSecond = perSecond;
    this.#nowMs = nowMs;
    this.#left = burst;
    this.#refilledAtMs = nowMs();
  }

  /** @returns false where the peer has done it too often */
  spend(): boolean {
    return --this.#left >= 0 || this.#refill();
  }

  /** Forgives some of it, because the peer has done something useful. */
  earn(count: number): void {
    this.#left = Math.min(this.#burst, this.#left + count);
  }

  #refill(): boolean {
    const nowMs = this.#nowMs();
    const earned = Math.floor(((nowMs - this.#refilledAtMs) * this.#perSecond) / 1000);
    if (earned < 1) return false;
    this.#refilledAtMs = nowMs;
    this.#left = Math.min(this.#burst, earned) - 1;
    return true;
  }
}
