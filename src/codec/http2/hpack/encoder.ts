import type { Output } from '../frame/output.ts';
import { DEFAULT_TABLE_BYTES } from './dynamic-table.ts';
import { EncoderTable } from './encoder-table.ts';
import { encodeHuffman, huffmanLength } from './huffman.ts';
import { INTEGER_BYTES, writeInteger } from './integer.ts';
import { bucketOf, COOKIE, INDEX, INDEX_REPEATED, LITERAL, NEVER_INDEX, type NameRule } from './name-rule.ts';

// First octets of the representations, RFC 7541 §6.
const INDEXED = 0x80;
const INCREMENTAL = 0x40;
const WITHOUT_INDEXING = 0x00;
const NEVER_INDEXED = 0x10;
const SIZE_UPDATE = 0x20;
const HUFFMAN = 0x80;

/** What one field takes beside its octets: three integers. */
const FIELD_OVERHEAD_BYTES = 3 * INTEGER_BYTES;
/** Up to this many characters a loop beats the call that writes a string. */
const SHORT_TEXT = 24;
/** A cookie shorter than this may be guessed by watching lengths (RFC 7541 §7.1). */
const GUESSABLE_COOKIE_BYTES = 20;
/** How many values that were not put into the table are remembered, to know when one comes again. */
const REMEMBERED = 64;
/** Longer values are not, so that a connection holds little. */
const LONGEST_REMEMBERED = 1024;

/**
 * Encodes the header blocks of one direction of a connection straight into its output.
 *
 * Huffman code is used only for what goes into the table. That is paid once; elsewhere both ends would spend more on it,
 * every time, than the octets that it saves are worth between machines that are near each other.
 * @see RFC 7541
 */
export class HpackEncoder {
  readonly #output: Output;
  readonly #table: EncoderTable;
  readonly #remembered: string[] = Array.from({ length: REMEMBERED }, () => '');
  /** Sizes to be told at the start of the next block: the least since the last block, and the present one; or -1. */
  #leastSize = -1;
  #toldSize = -1;

  constructor(output: Output) {
    this.#output = output;
    this.#table = new EncoderTable(DEFAULT_TABLE_BYTES);
  }

  get tableBytes(): number {
    return this.#table.bytes;
  }

  /** Uses a table of this size from the next block on; no more than the peer allows (RFC 7541 §4.2). */
  resize(maxTableBytes: number): void {
    if (maxTableBytes === this.#table.maxBytes && this.#leastSize === -1) return;
    if (this.#leastSize === -1 || maxTableBytes < this.#leastSize) this.#leastSize = maxTableBytes;
    this.#toldSize = maxTableBytes;
    this.#table.resize(maxTableBytes);
  }

  /** Must be called before the first field of a block. */
  begin(): void {
    if (this.#leastSize === -1) return;
    const out = this.#output;
    let at = out.reserve(2 * INTEGER_BYTES);
    if (this.#leastSize < this.#toldSize) at = writeInteger(out.bytes, at, SIZE_UPDATE, 0x1f, this.#leastSize);
    out.length = writeInteger(out.bytes, at, SIZE_UPDATE, 0x1f, this.#toldSize);
    this.#leastSize = -1;
  }

  /**
   * Encodes one field.
   * @param rule of its name, or null
   * @param value characters up to U+00FF
   */
  field(rule: NameRule | null, name: string, value: string): void {
    if (rule === null) {
      this.#encode(bucketOf(name), 0, name, value, INDEX_REPEATED);
      return;
    }
    const values = rule.staticValues;
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== value) continue;
      const out = this.#output;
      const at = out.reserve(1);
      out.bytes[at] = INDEXED | (rule.staticIndex + i);
      out.length = at + 1;
      return;
    }
    let indexing = rule.indexing;
    if (indexing === COOKIE) indexing = value.length < GUESSABLE_COOKIE_BYTES ? NEVER_INDEX : INDEX_REPEATED;
    this.#encode(rule.bucket, rule.staticIndex, name, value, indexing);
  }

  #encode(bucket: number, staticIndex: number, name: string, value: string, indexing: number): void {
    const out = this.#output;
    const at = out.reserve(name.length + value.length + FIELD_OVERHEAD_BYTES);
    if (indexing >= LITERAL) {
      const flags = indexing === NEVER_INDEX ? NEVER_INDEXED : WITHOUT_INDEXING;
      const next = this.#writeName(at, flags, 0x0f, staticIndex, name);
      out.length = writeText(out.bytes, next, value);
      return;
    }
    const table = this.#table;
    const index = table.find(bucket, name, value);
    if (index > 0) {
      out.length = writeInteger(out.bytes, at, INDEXED, 0x7f, index);
      return;
    }
    const nameIndex = staticIndex > 0 ? staticIndex : table.nameIndex;
    if ((indexing === INDEX || this.#cameBefore(bucket, value)) && table.fits(name, value)) {
      const next = this.#writeName(at, INCREMENTAL, 0x3f, nameIndex, name);
      out.length = writeShortest(out.bytes, next, value);
      table.add(bucket, name, value);
    } else {
      const next = this.#writeName(at, WITHOUT_INDEXING, 0x0f, nameIndex, name);
      out.length = writeText(out.bytes, next, value);
    }
  }

  #writeName(at: number, flags: number, mask: number, index: number, name: string): number {
    const bytes = this.#output.bytes;
    const next = writeInteger(bytes, at, flags, mask, index);
    return index > 0 ? next : flags === INCREMENTAL ? writeShortest(bytes, next, name) : writeText(bytes, next, name);
  }

  /** Whether the same value was seen not long ago; remembers it in any case. */
  #cameBefore(bucket: number, value: string): boolean {
    const length = value.length;
    if (length > LONGEST_REMEMBERED) return false;
    const last = length === 0 ? 0 : value.charCodeAt(length - 1) + value.charCodeAt(length >> 1) * 3;
    const slot = (Math.imul(bucket, 7) + length + last) & (REMEMBERED - 1);
    if (this.#remembered[slot] === value) return true;
    this.#remembered[slot] = value;
    return false;
  }
}

/** Writes a string literal as it is. @returns the position behind it */
function writeText(bytes: Buffer, at: number, text: string): number {
  const length = text.length;
  const start = writeInteger(bytes, at, 0, 0x7f, length);
  if (length > SHORT_TEXT) bytes.latin1Write(text, start, length);
  else for (let i = 0; i < length; i++) bytes[start + i] = text.charCodeAt(i);
  return start + length;
}

/** Writes a string literal as Huffman code where that is shorter (RFC 7541 §5.2). */
function writeShortest(bytes: Buffer, at: number, text: string): number {
  const length = huffmanLength(text);
  if (length >= text.length) return writeText(bytes, at, text);
  return encodeHuffman(text, bytes, writeInteger(bytes, at, HUFFMAN, 0x7f, length));
}
