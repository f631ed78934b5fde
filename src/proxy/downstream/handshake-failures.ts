/** At most one line in this time: scanners fail all day. */
const INTERVAL_MS = 60_000;

/** Tells of connections of one port that failed before they carried anything, sparsely: the metrics have all of them. */
export class HandshakeFailures {
  readonly #port: number;
  readonly #warn: (message: string) => void;
  #silentUntilMs = 0;
  #unsaid = 0;

  constructor(port: number, warn: (message: string) => void) {
    this.#port = port;
    this.#warn = warn;
  }

  /** @param cause '' where nothing went wrong but this proxy's stop */
  add(cause: string): void {
    if (cause === '') return;
    const nowMs = performance.now();
    if (nowMs < this.#silentUntilMs) {
      this.#unsaid++;
      return;
    }
    const others = this.#unsaid === 0 ? '' : ` (and ${this.#unsaid} more since the last such line)`;
    this.#unsaid = 0;
    this.#silentUntilMs = nowMs + INTERVAL_MS;
    this.#warn(`cannot begin a connection on port ${this.#port}: ${cause}${others}`);
  }
}
