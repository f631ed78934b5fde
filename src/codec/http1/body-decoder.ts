import { Fields } from '#http/fields.ts';
import { TOKEN_LOWER } from '#http/token.ts';
import { FAULTS, type Fault } from './fault.ts';
import { FIELD_NAMES, FIRST_ORDINARY, isDroppedTrailer, UNKNOWN_NAME } from '#http/field-names.ts';
import { FAULTY, INCOMPLETE, LINE_INTS, scan, scanFields } from './head-scanner.ts';
import type { Http1Limits } from './limits.ts';
import type { PartialHead } from './partial-head.ts';

/** Where content goes, piece by piece. */
export interface ContentObserver {
  /** @param chunk valid for the call only */
  body(chunk: Uint8Array): void;
}

/*
 * ```
 *            ┌──────────── size 0 ─────────────┐
 *  SIZE ─► SIZE_MORE ─► (EXTENSION…) ─► SIZE_LF ┴► TRAILERS ─► DONE
 *   ▲                                     │ size > 0
 *   └── DATA_LF ◄── DATA_CR ◄── DATA ◄────┘
 * ```
 * LENGTH counts down to DONE; UNTIL_CLOSE ends with the connection.
 */
const DONE = 0;
const LENGTH = 1;
const UNTIL_CLOSE = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILERS = 6;
const SIZE = 7;
const SIZE_MORE = 8;
const SIZE_LF = 9;
const EXTENSION_NAME_FIRST = 10;
const EXTENSION_NAME = 11;
const EXTENSION_VALUE_FIRST = 12;
const EXTENSION_TOKEN = 13;
const EXTENSION_QUOTED = 14;
const EXTENSION_ESCAPE = 15;
const EXTENSION_END = 16;

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const QUOTE = 0x22;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** 16^13 - 1 is below 2^53, so that no size is ever rounded. */
const MAX_SIZE_DIGITS = 13;

/** What each hexadecimal digit is worth, 255 for all other octets. */
const HEX = hexTable();

function hexTable(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let value = 0; value < 16; value++) {
    table[value.toString(16).charCodeAt(0)] = value;
    table[value.toString(16).toUpperCase().charCodeAt(0)] = value;
  }
  return table;
}

/** Decodes the content of one message at a time, in any of the framings of RFC 9112 §6. */
export class BodyDecoder {
  #state = DONE;
  /** Octets left of the content (LENGTH) or of the chunk. */
  #remaining = 0;
  #sizeDigits = 0;
  #extensionBytes = 0;
  readonly #limits: Http1Limits;
  readonly #partial: PartialHead;
  /** What is wrong with the content, or null; final. */
  fault: Fault | null = null;
  /** Fields behind the content, or null; set when done. */
  trailers: Fields | null = null;

  /** @param partial where a trailer section is kept that comes in several reads; empty between messages */
  constructor(limits: Http1Limits, partial: PartialHead) {
    this.#limits = limits;
    this.#partial = partial;
  }

  get done(): boolean {
    return this.#state === DONE;
  }

  /** Whether the end of the connection is the end of the content (RFC 9112 §6.3, rule 8). */
  get untilClose(): boolean {
    return this.#state === UNTIL_CLOSE;
  }

  /** @param length octets; with 0 the content is done at once */
  beginLength(length: number): void {
    this.#begin(length > 0 ? LENGTH : DONE);
    this.#remaining = length;
  }

  beginChunked(): void {
    this.#begin(SIZE);
    this.#remaining = 0;
    this.#sizeDigits = 0;
    this.#extensionBytes = 0;
  }

  beginUntilClose(): void {
    this.#begin(UNTIL_CLOSE);
  }

  #begin(state: number): void {
    this.#state = state;
    this.trailers = null;
  }

  /** @returns the position up to which octets were taken: `end`, or behind the content, or where the fault is */
  decode(buffer: Buffer, start: number, end: number, observer: ContentObserver): number {
    let i = start;
    while (i < end && this.#state !== DONE && this.fault === null) {
      if (this.#state <= DATA) i = this.#passContent(buffer, i, end, observer);
      else if (this.#state === TRAILERS) i = this.#takeTrailers(buffer, i, end);
      else i = this.#takeChunkLines(buffer, i, end);
    }
    return i;
  }

  #passContent(buffer: Buffer, start: number, end: number, observer: ContentObserver): number {
    if (this.#state === UNTIL_CLOSE) {
      observer.body(buffer.subarray(start, end));
      return end;
    }
    const stop = Math.min(end, start + this.#remaining);
    this.#remaining -= stop - start;
    if (this.#remaining === 0) this.#state = this.#state === DATA ? DATA_CR : DONE;
    observer.body(buffer.subarray(start, stop));
    return stop;
  }

  /** All that is between the contents of chunks, octet by octet. */
  #takeChunkLines(buffer: Buffer, start: number, end: number): number {
    let i = start;
    while (i < end && this.#state > DATA && this.#state !== TRAILERS) {
      if (!this.#takeOctet(buffer[i++]!)) break;
    }
    return i;
  }

  #takeOctet(c: number): boolean {
    switch (this.#state) {
      case SIZE:
      case SIZE_MORE:
        return this.#takeSize(c);
      case SIZE_LF:
        return this.#endSizeLine(c);
      case DATA_CR:
        return this.#require(c === CR, DATA_LF, FAULTS.chunkEnd);
      case DATA_LF:
        return this.#require(c === LF, SIZE, FAULTS.chunkEnd);
      default:
        return this.#takeExtension(c);
    }
  }

  /** Digits alone: no sign, no `0x`, no white space, which other parsers skip or stop at (RFC 9112 §7.1). */
  #takeSize(c: number): boolean {
    const digit = HEX[c]!;
    if (digit !== 255) {
      if (this.#state === SIZE) this.#remaining = this.#sizeDigits = 0;
      this.#remaining = this.#remaining * 16 + digit;
      return this.#require(++this.#sizeDigits <= MAX_SIZE_DIGITS, SIZE_MORE, FAULTS.chunkSize);
    }
    if (this.#state === SIZE) return this.#require(false, SIZE, FAULTS.chunkSize);
    return this.#endElement(c, FAULTS.chunkSize);
  }

  /** What may stand behind a size or a whole extension: the next extension, or the line's end. */
  #endElement(c: number, fault: Fault): boolean {
    if (c === SEMICOLON) return this.#extend(EXTENSION_NAME_FIRST);
    return this.#require(c === CR, SIZE_LF, c === LF ? FAULTS.chunkLine : fault);
  }

  #endSizeLine(c: number): boolean {
    if (this.#remaining > 0) return this.#require(c === LF, DATA, FAULTS.chunkLine);
    this.#partial.beginTrailers();
    return this.#require(c === LF, TRAILERS, FAULTS.chunkLine);
  }

  /**
   * Extensions are thrown away, but only after their grammar: `5;` and a bare LF in one are where parsers part ways
   * about where the line ends. White space around `;` and `=` is refused, as senders must not send it (RFC 9112 §7.1.1).
   */
  #takeExtension(c: number): boolean {
    const isTokenOctet = TOKEN_LOWER[c] !== 0;
    switch (this.#state) {
      case EXTENSION_NAME_FIRST:
        return isTokenOctet ? this.#extend(EXTENSION_NAME) : this.#refuseExtension();
      case EXTENSION_NAME:
        if (c === EQUALS) return this.#extend(EXTENSION_VALUE_FIRST);
        return isTokenOctet ? this.#extend(EXTENSION_NAME) : this.#endElement(c, FAULTS.chunkExtension);
      case EXTENSION_VALUE_FIRST:
        if (c === QUOTE) return this.#extend(EXTENSION_QUOTED);
        return isTokenOctet ? this.#extend(EXTENSION_TOKEN) : this.#refuseExtension();
      case EXTENSION_TOKEN:
        return isTokenOctet ? this.#extend(EXTENSION_TOKEN) : this.#endElement(c, FAULTS.chunkExtension);
      case EXTENSION_QUOTED:
        if (c === QUOTE) return this.#extend(EXTENSION_END);
        if (c === BACKSLASH) return this.#extend(EXTENSION_ESCAPE);
        return isQuotable(c) ? this.#extend(EXTENSION_QUOTED) : this.#refuseExtension();
      case EXTENSION_ESCAPE:
        return isQuotable(c) ? this.#extend(EXTENSION_QUOTED) : this.#refuseExtension();
      default:
        return this.#endElement(c, FAULTS.chunkExtension);
    }
  }

  #extend(state: number): boolean {
    return this.#require(++this.#extensionBytes <= this.#limits.chunkExtensionBytes, state, FAULTS.chunkExtensionBytes);
  }

  #refuseExtension(): boolean {
    return this.#require(false, DONE, FAULTS.chunkExtension);
  }

  #require(holds: boolean, state: number, fault: Fault): boolean {
    if (holds) this.#state = state;
    else this.fault = fault;
    return holds;
  }

  #takeTrailers(buffer: Buffer, start: number, end: number): number {
    const partial = this.#partial;
    if (partial.length === 0) {
      const next = scanFields(buffer, start, Math.min(end, start + this.#limits.fieldBytes), this.#limits);
      if (next !== INCOMPLETE) return this.#endTrailers(buffer, start, next);
    }
    const taken = partial.append(buffer, start, end);
    if (partial.fault !== null) this.fault = partial.fault;
    else if (partial.whole) this.#endPartialTrailers();
    else if (partial.full) this.fault = FAULTS.trailerBytes;
    return start + taken;
  }

  #endPartialTrailers(): void {
    const { bytes, length } = this.#partial;
    const next = scanFields(bytes, 0, length, this.#limits);
    if (next === INCOMPLETE) this.fault = FAULTS.truncatedHead;
    else this.#endTrailers(bytes, 0, next);
  }

  #endTrailers(buffer: Buffer, start: number, next: number): number {
    if (next === FAULTY) {
      this.fault = scan.fault;
      return start;
    }
    this.fault = this.#collectTrailers(buffer);
    this.#state = DONE;
    this.#partial.clear();
    return next;
  }

  /**
   * Refuses what frames or routes a message: no sender has a reason to put it there but an attack. Drops what may
   * not come late (RFC 9110 §6.5.1): those may be a careless sender's, and ignoring them is always right.
   */
  #collectTrailers(buffer: Buffer): Fault | null {
    const lines = scan.lines;
    const entries: string[] = [];
    for (let i = 0; i < scan.lineCount * LINE_INTS; i += LINE_INTS) {
      const id = lines[i]!;
      if (id !== UNKNOWN_NAME && id < FIRST_ORDINARY) return FAULTS.trailerField;
      const name =
        id === UNKNOWN_NAME ? buffer.latin1Slice(lines[i + 1], lines[i + 2]).toLowerCase() : FIELD_NAMES[id]!;
      if (!isDroppedTrailer(name)) entries.push(name, buffer.latin1Slice(lines[i + 3], lines[i + 4]));
    }
    this.trailers = entries.length === 0 ? null : new Fields(entries, true);
    return null;
  }
}

/** Octets of a quoted string beside quote and backslash, without obs-text (RFC 9110 §5.6.4). */
function isQuotable(c: number): boolean {
  return c === HTAB || (c >= SP && c < 0x7f);
}
