/** Octets of a fresh buffer: a turn's frames mostly fit. */
const FIRST_BYTES = 16 * 1024;
/** Larger buffers go back to the heap, so that one large turn does not stay in memory. */
const KEPT_BYTES = 128 * 1024;
const KEPT_BUFFERS = 16;
const NONE = Buffer.alloc(0);

/** Of this thread: a connection has a buffer only while there is something in it. */
const free: Buffer[] = [];

/**
 * What a connection has to say, one octet behind the other. Whoever writes calls `reserve` first, writes into `bytes`
 * from `length` on and moves `length`; there is no call per octet and no copy per frame.
 */
export class Output {
  bytes: Buffer = NONE;
  length = 0;

  /** Makes room. `bytes` may be another buffer afterwards. @returns the position to write at */
  reserve(octets: number): number {
    const needed = this.length + octets;
    if (needed > this.bytes.length) this.#grow(needed);
    return this.length;
  }

  /** Hands over all octets and begins anew. @returns octets that stand only until any connection writes again */
  take(): Buffer {
    const taken = this.bytes.subarray(0, this.length);
    this.#release();
    this.length = 0;
    return taken;
  }

  #grow(needed: number): void {
    let size = Math.max(FIRST_BYTES, this.bytes.length);
    while (size < needed) size *= 2;
    const pooled = this.length === 0 ? free.pop() : undefined;
    if (pooled !== undefined && pooled.length >= needed) {
      this.bytes = pooled;
      return;
    }
    const grown = Buffer.allocUnsafeSlow(size);
    this.bytes.copy(grown, 0, 0, this.length);
    this.#release();
    this.bytes = grown;
  }

  #release(): void {
    if (this.bytes.length > 0 && this.bytes.length <= KEPT_BYTES && free.length < KEPT_BUFFERS) free.push(this.bytes);
    this.bytes = NONE;
  }
}
