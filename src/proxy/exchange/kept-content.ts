/**
 * Content that is kept for later, in one piece: chunks may be single octets, and an object for each would cost a
 * hundred times what it holds.
 */
export class KeptContent {
  #buffer: Buffer = NONE;
  #length = 0;

  /** Octets kept. */
  get length(): number {
    return this.#length;
  }

  /** What is kept; valid until the next {@link append} or {@link clear}. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Copies the chunk behind what is kept. */
  append(chunk: Uint8Array): void {
    const length = this.#length + chunk.length;
    if (length > this.#buffer.length) this.#grow(length);
    this.#buffer.set(chunk, this.#length);
    this.#length = length;
  }

  /** Forgets all and gives the memory back. */
  clear(): void {
    this.#buffer = NONE;
    this.#length = 0;
  }

  /** The first chunk often is all there is: it gets its own size, and only a second one room for more. */
  #grow(length: number): void {
    const grown = Buffer.allocUnsafe(
      this.#length === 0 ? length : Math.max(length, this.#buffer.length * 2, FIRST_GROWTH),
    );
    grown.set(this.bytes);
    this.#buffer = grown;
  }
}

const NONE = Buffer.alloc(0);
const FIRST_GROWTH = 4096;
