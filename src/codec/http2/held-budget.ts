/**
 * What paused streams may hold in all connections that share it, without closing the windows of these connections: else a
 * few streams that nobody reads would stop all others on their connection. Each stream stays within its own window.
 */
export class HeldBudget {
  readonly #octets: number;
  #held = 0;

  /** @param octets at most, of all connections together */
  constructor(octets: number) {
    this.#octets = octets;
  }

  /** Octets that are held now. */
  get held(): number {
    return this.#held;
  }

  /** @returns whether there is room for so much; it is held from then on */
  take(octets: number): boolean {
    if (this.#held + octets > this.#octets) return false;
    this.#held += octets;
    return true;
  }

  /** What was taken is held no longer. */
  release(octets: number): void {
    this.#held -= octets;
  }
}
