/** Time as the sources use it, so that tests need not wait. */
export interface Clock {
  /** Milliseconds from any origin, never going back. */
  nowMs(): number;
  /** Calls once, after at least so many milliseconds; the result cancels it. */
  after(delayMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};
