import { randomFillSync } from 'node:crypto';

/** How long one key is in use: what is stolen of it opens no older sessions' early secrets (RFC 8446 §8.1, RFC 9325 §4.2.3). */
const ROTATION_MS = 12 * 60 * 60 * 1000;
/** Octets that OpenSSL takes: a name, an AES key, an HMAC key. */
const KEY_BYTES = 48;
const HEAD_BYTES = 16;
/** Places in the head. */
const LOCK = 0;
const GENERATION = 1;

/**
 * The key that session tickets are sealed with, in memory that all threads share: a client that comes back may reach
 * another thread. Whichever thread first notices that the key is too old makes the next one in its place, so that no
 * old key is left anywhere.
 */
export class TicketKeys {
  readonly #head: Int32Array;
  readonly #madeAt: Float64Array;
  readonly #shared: Uint8Array;
  readonly #nowMs: () => number;

  /** @param memory `TICKET_MEMORY_BYTES`, zero where no thread has used it @param nowMs a wall clock */
  constructor(memory: SharedArrayBuffer, nowMs: () => number = Date.now) {
    this.#head = new Int32Array(memory, 0, 2);
    this.#madeAt = new Float64Array(memory, 8, 1);
    this.#shared = new Uint8Array(memory, HEAD_BYTES, KEY_BYTES);
    this.#nowMs = nowMs;
  }

  /** Makes a new key where it is time. @returns a number that is another one for each key */
  generation(): number {
    const generation = Atomics.load(this.#head, GENERATION);
    if (generation !== 0 && this.#nowMs() - this.#madeAt[0]! < ROTATION_MS) return generation;
    this.#rotate(generation);
    return Atomics.load(this.#head, GENERATION);
  }

  /** @returns a copy of the present key */
  key(): Buffer {
    this.#lock();
    const key = Buffer.from(this.#shared);
    this.#unlock();
    return key;
  }

  #rotate(from: number): void {
    const fresh = randomFillSync(new Uint8Array(KEY_BYTES));
    this.#lock();
    if (Atomics.load(this.#head, GENERATION) === from) {
      this.#shared.set(fresh);
      this.#madeAt[0] = this.#nowMs();
      Atomics.store(this.#head, GENERATION, from + 1);
    }
    this.#unlock();
  }

  /** Held for some instructions only, twice a day: so it spins. */
  #lock(): void {
    while (Atomics.compareExchange(this.#head, LOCK, 0, 1) !== 0);
  }

  #unlock(): void {
    Atomics.store(this.#head, LOCK, 0);
  }
}
