import { FAULTS, type Fault } from './fault.ts';

const LF = 0x0a;
const CR = 0x0d;
const NONE = Buffer.alloc(0);
const FIRST_BYTES = 1024;

/** How far into `CR LF CR LF` the octets seen so far have come. */
const MATCHED_LINE = 2;
const MATCHED_ALL = 4;

/**
 * Keeps the octets of a head (or trailer section) that does not arrive in one read, up to a limit. It looks for the
 * end in what is new only, so that octets that come one by one cost no more than those that come together; and for
 * broken line ends, so that a peer that ends lines with LF alone is told at once instead of waited for.
 */
export class PartialHead {
  #bytes: Buffer = NONE;
  #length = 0;
  #matched = 0;
  #nextScan = FIRST_BYTES;
  readonly #limitBytes: number;
  /** Set by `append` when a line end is broken. */
  fault: Fault | null = null;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** What has come; valid up to {@link length} until `clear`. */
  get bytes(): Buffer {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Whether the empty line behind the fields has come. */
  get whole(): boolean {
    return this.#matched === MATCHED_ALL;
  }

  get full(): boolean {
    return this.#length === this.#limitBytes;
  }

  /**
   * Whether what is kept has doubled since the last time this was true. A scan each time finds what is wrong long
   * before the limit, and all scans together cost no more than two of the whole.
   */
  takeScanDue(): boolean {
    if (this.#length < this.#nextScan) return false;
    this.#nextScan = this.#length * 2;
    return true;
  }

  /** Begins a section of fields alone: one that is empty ends with its first line. */
  beginTrailers(): void {
    this.#matched = MATCHED_LINE;
  }

  /** Takes octets up to the end of the head or the limit. @returns how many it took */
  append(buffer: Buffer, start: number, end: number): number {
    const room = Math.min(end - start, this.#limitBytes - this.#length);
    const taken = this.#watch(buffer, start, start + room);
    this.#reserve(this.#length + taken);
    buffer.copy(this.#bytes, this.#length, start, start + taken);
    this.#length += taken;
    return taken;
  }

  /** Forgets all and gives the memory back: idle connections hold none. */
  clear(): void {
    this.#bytes = NONE;
    this.#length = 0;
    this.#matched = 0;
    this.#nextScan = FIRST_BYTES;
  }

  #watch(buffer: Buffer, start: number, end: number): number {
    let matched = this.#matched;
    let i = start;
    while (i < end && matched !== MATCHED_ALL) {
      const c = buffer[i++]!;
      const afterCr = (matched & 1) === 1;
      if ((c === LF) !== afterCr) {
        this.fault = FAULTS.lineEnd;
        break;
      }
      matched = c === CR || c === LF ? matched + 1 : 0;
    }
    this.#matched = matched;
    return i - start;
  }

  #reserve(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    const size = Math.min(this.#limitBytes, Math.max(FIRST_BYTES, bytes, this.#bytes.length * 2));
    const grown = Buffer.allocUnsafeSlow(size);
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
