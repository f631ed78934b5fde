/** Octets of the least block: frames of one octet share it, since an object for each would cost a hundred times as much. */
const BLOCK_BYTES = 4096;

/** Content that has come for a stream whose observer is paused, in the order in which it came. */
export class HeldContent {
  readonly #blocks: Buffer[] = [];
  /** Octets of the last block that are used. */
  #lastLength = 0;
  /** Octets held. */
  length = 0;

  /** Copies `buffer[start, end)` behind what is held. */
  append(buffer: Buffer, start: number, end: number): void {
    this.length += end - start;
    const last = this.#blocks.at(-1);
    const fitting = last === undefined ? 0 : Math.min(end - start, last.length - this.#lastLength);
    if (fitting > 0) {
      buffer.copy(last!, this.#lastLength, start, start + fitting);
      this.#lastLength += fitting;
    }
    const rest = end - start - fitting;
    if (rest === 0) return;
    const block = Buffer.allocUnsafeSlow(Math.max(rest, BLOCK_BYTES));
    buffer.copy(block, 0, start + fitting, end);
    this.#blocks.push(block);
    this.#lastLength = rest;
  }

  /** Takes some of the content away, from its beginning. @returns undefined where none is left */
  shift(): Buffer | undefined {
    const block = this.#blocks.shift();
    if (block === undefined) return undefined;
    const taken = this.#blocks.length > 0 ? block : block.subarray(0, this.#lastLength);
    this.length -= taken.length;
    return taken;
  }
}
