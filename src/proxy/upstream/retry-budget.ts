/** Share of requests that may be retries on top of the fixed rate (conventions, Linkerd). */
const RATIO = 0.2;
/** Retries a second that are always allowed. */
const PER_SECOND = 10;
/** How long unused allowance lasts. */
const WINDOW_SECONDS = 10;

/**
 * Bounds what retries add to the load of a cluster in trouble: 20 % of its requests and 10 a second, over 10 seconds.
 * A token bucket that requests and time fill and retries empty.
 */
export class RetryBudget {
  #tokens = PER_SECOND * WINDOW_SECONDS;
  #filledAtMs = 0;
  /** Since the bucket was filled last. */
  #requests = 0;
  /** Of the last window, older ones counting less: what they allow may be used in one burst. */
  #recentRequests = 0;

  /** A first attempt was made. */
  deposit(): void {
    this.#requests++;
  }

  /** @returns whether a retry may be made now; if so, it is paid for */
  withdraw(nowMs: number): boolean {
    this.#fill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  #fill(nowMs: number): void {
    const seconds = this.#filledAtMs === 0 ? 0 : (nowMs - this.#filledAtMs) / 1000;
    this.#filledAtMs = nowMs;
    const earned = PER_SECOND * seconds + RATIO * this.#requests;
    this.#recentRequests = this.#recentRequests * Math.max(0, 1 - seconds / WINDOW_SECONDS) + this.#requests;
    this.#requests = 0;
    const most = PER_SECOND * WINDOW_SECONDS + RATIO * this.#recentRequests;
    this.#tokens = Math.min(this.#tokens + earned, most);
  }
}
