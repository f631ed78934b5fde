import { CONNECTION_FAULTS, type Fault } from '../fault.ts';
import { type Http2Limits, MAX_FRAME_BYTES } from '../limits.ts';

/**
 * A header block that comes in several frames. They are bounded in number and size, because a block must be decoded
 * whole, however many CONTINUATION frames a peer makes of it.
 * @see RFC 9113 §4.3, §6.10
 */
export class PartialBlock {
  readonly #limits: Http2Limits;
  /** The stream of the block, or 0 where none is under way. */
  streamId = 0;
  /** Whether the stream ends with it. */
  ends = false;
  #parts: Buffer[] = [];
  #bytes = 0;

  constructor(limits: Http2Limits) {
    this.#limits = limits;
  }

  begin(streamId: number, ends: boolean): void {
    this.streamId = streamId;
    this.ends = ends;
  }

  append(buffer: Buffer, start: number, end: number): Fault | null {
    if (this.#parts.length > this.#limits.continuationFrames) return CONNECTION_FAULTS.continuations;
    this.#bytes += end - start;
    this.#parts.push(Buffer.from(buffer.subarray(start, end)));
    return this.#bytes > this.#limits.fieldBytes + MAX_FRAME_BYTES ? CONNECTION_FAULTS.blockBytes : null;
  }

  /** Makes ready for the next block. @returns the whole block */
  take(): Buffer {
    const block = Buffer.concat(this.#parts);
    this.clear();
    return block;
  }

  clear(): void {
    this.streamId = 0;
    this.#parts = [];
    this.#bytes = 0;
  }
}
