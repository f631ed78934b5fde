/*
 * How much content the other side may still send.
 * @see RFC 9113 §5.2, §6.9
 */

/** A window that this side has opened to the peer, of a stream or of the connection. */
export class ReceiveWindow {
  readonly #size: number;
  /** Octets that the peer may still send. */
  #available: number;
  /** Octets that were passed on and not given back to the peer yet. */
  #passedOn = 0;

  /**
   * @param size octets that shall be open when nothing is held
   * @param available octets that are open at first
   */
  constructor(size: number, available: number) {
    this.#size = size;
    this.#available = available;
  }

  /** The peer has sent octets. @returns false where it must not have */
  take(octets: number): boolean {
    this.#available -= octets;
    return this.#available >= 0;
  }

  /**
   * Octets have been passed on. They are given back in large steps: a WINDOW_UPDATE for each frame would cost both
   * sides as much as a frame.
   * @returns how much to give back now, or 0
   */
  pass(octets: number): number {
    this.#passedOn += octets;
    if (this.#passedOn * 2 < this.#size) return 0;
    const increment = this.#passedOn;
    this.#passedOn = 0;
    this.#available += increment;
    return increment;
  }
}
