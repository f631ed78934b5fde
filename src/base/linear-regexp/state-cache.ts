/** Most states kept for one pattern. */
const MAX_STATES = 1024;
/** Most cells of the transition table: 64 KiB of 16-bit cells. */
const MAX_CELLS = 32_768;
/** Most instructions kept over all states: 128 KiB. */
const MAX_KEPT = 65_536;
const INITIAL_STATES = 8;

/** A transition that has not been worked out yet. */
export const UNKNOWN = -1;
/** Returned when the cache has no room. */
export const FULL = -2;

/** The match is decided in this state, whatever follows. */
export const FLAG_DECIDED = 1;
/** The input matches if it ends in this state, or at once when decided. */
export const FLAG_ACCEPTS = 2;

/**
 * States of the deterministic automaton worked out so far, and the transitions between them.
 *
 * Bounded, because `.*a.{20}` has a million states: whoever sends the input must not choose how much memory it takes.
 */
export class StateCache {
  readonly #symbolCount: number;
  readonly #maxStates: number;
  readonly #numbers = new Map<string, number>();
  #threads: Uint16Array[] = [];
  #kept = 0;
  /** `next[state * symbolCount + symbol]`; replaced when it grows. */
  next: Int16Array;
  flags: Uint8Array;

  constructor(symbolCount: number) {
    this.#symbolCount = symbolCount;
    this.#maxStates = Math.max(16, Math.min(MAX_STATES, Math.floor(MAX_CELLS / symbolCount)));
    this.next = new Int16Array(INITIAL_STATES * symbolCount).fill(UNKNOWN);
    this.flags = new Uint8Array(INITIAL_STATES);
  }

  threadsOf(state: number): Uint16Array {
    return this.#threads[state] as Uint16Array;
  }

  find(key: string): number | undefined {
    return this.#numbers.get(key);
  }

  /**
   * Keeps a state.
   * @param key - undefined for a state that no transition leads to
   * @returns its number, or FULL
   */
  add(key: string | undefined, threads: Uint16Array, flags: number): number {
    const state = this.#threads.length;
    if (state >= this.#maxStates || this.#kept + threads.length > MAX_KEPT) return FULL;
    if (state >= this.flags.length) this.#grow();
    this.#threads.push(threads);
    this.#kept += threads.length;
    this.flags[state] = flags;
    if (key !== undefined) this.#numbers.set(key, state);
    return state;
  }

  clear(): void {
    this.#numbers.clear();
    this.#threads = [];
    this.#kept = 0;
    this.next.fill(UNKNOWN);
  }

  #grow(): void {
    const states = Math.min(this.#maxStates, this.flags.length * 2);
    const next = new Int16Array(states * this.#symbolCount).fill(UNKNOWN);
    next.set(this.next);
    const flags = new Uint8Array(states);
    flags.set(this.flags);
    this.next = next;
    this.flags = flags;
  }
}
