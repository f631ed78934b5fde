import { DEFAULT_TABLE_BYTES, DynamicTable } from './dynamic-table.ts';
import { fieldName, INVALID, isValue, readName } from './field-kind.ts';
import { decodedBound, decodeHuffman } from './huffman.ts';
import { integer, readInteger } from './integer.ts';
import { STATIC_KINDS, STATIC_LENGTH, STATIC_NAMES, STATIC_VALUES } from './static-table.ts';

/** Takes the fields of a header block in their order. */
export interface FieldSink {
  /** @param kind one of `field-kind.ts`, which says whether name and value are valid */
  field(kind: number, name: string, value: string): void;
}

// First octets of the representations, RFC 7541 §6.
const INDEXED = 0x80;
const INCREMENTAL = 0x40;
const SIZE_UPDATE = 0x20;
/** Of the length of a string literal: whether it is Huffman code (RFC 7541 §5.2). */
const HUFFMAN = 0x80;

/** Where the octets of the string literal that was read last lie: in the block, or decoded in the scratch. */
const literal: { bytes: Buffer; start: number; end: number } = { bytes: Buffer.alloc(0), start: 0, end: 0 };
let scratch = Buffer.allocUnsafeSlow(4096);

/**
 * Decodes the header blocks of one direction of a connection. Blocks must be decoded all, in order and completely,
 * also those that nobody wants: each may change what the next ones mean.
 * @see RFC 7541 §3
 */
export class HpackDecoder {
  readonly #table: DynamicTable;
  readonly #maxTableBytes: number;
  #at = 0;

  /**
   * @param maxTableBytes what this side announces as SETTINGS_HEADER_TABLE_SIZE. The default holds until the peer has
   * seen that, and says so with a size update; a smaller size is therefore not enforced.
   */
  constructor(maxTableBytes: number) {
    this.#table = new DynamicTable(DEFAULT_TABLE_BYTES);
    this.#maxTableBytes = Math.max(maxTableBytes, DEFAULT_TABLE_BYTES);
  }

  /** Octets that the fields in memory take, by the count of RFC 7541 §4.1. */
  get tableBytes(): number {
    return this.#table.bytes;
  }

  /**
   * Decodes one whole block.
   * @returns false where it is broken; the connection is then of no use any more (RFC 9113 §4.3)
   */
  decode(buffer: Buffer, start: number, end: number, sink: FieldSink): boolean {
    this.#at = start;
    if (!this.#readSizeUpdates(buffer, end)) return false;
    while (this.#at < end) {
      const octet = buffer[this.#at]!;
      if (octet >= INDEXED) {
        if (!this.#readIndexed(buffer, end, sink)) return false;
      } else if (!this.#readLiteral(buffer, end, octet, sink)) return false;
    }
    return true;
  }

  /** Only at the beginning of a block (RFC 7541 §4.2), and no larger than announced (§6.3). */
  #readSizeUpdates(buffer: Buffer, end: number): boolean {
    while (this.#at < end && (buffer[this.#at]! & 0xe0) === SIZE_UPDATE) {
      const bytes = readInteger(buffer, this.#at, end, 0x1f);
      if (bytes === -1 || bytes > this.#maxTableBytes) return false;
      this.#at = integer.end;
      this.#table.resize(bytes);
    }
    return true;
  }

  #readIndexed(buffer: Buffer, end: number, sink: FieldSink): boolean {
    let index = buffer[this.#at]! & 0x7f;
    if (index < 0x7f) this.#at++;
    else {
      index = readInteger(buffer, this.#at, end, 0x7f);
      this.#at = integer.end;
    }
    if (index <= 0) return false;
    if (index <= STATIC_LENGTH) {
      sink.field(STATIC_KINDS[index]!, STATIC_NAMES[index]!, STATIC_VALUES[index]!);
      return true;
    }
    const table = this.#table;
    const slot = table.slotOf(index);
    if (slot === -1) return false;
    sink.field(table.kindAt(slot), table.nameAt(slot), table.valueAt(slot));
    return true;
  }

  #readLiteral(buffer: Buffer, end: number, octet: number, sink: FieldSink): boolean {
    const kept = octet >= INCREMENTAL;
    if (!kept && octet >= SIZE_UPDATE) return false;
    const index = readInteger(buffer, this.#at, end, kept ? 0x3f : 0x0f);
    if (index === -1) return false;
    this.#at = integer.end;
    if (!this.#readName(buffer, end, index)) return false;
    const name = fieldName.text;
    let kind = fieldName.kind;
    if (!this.#locateString(buffer, end)) return false;
    if (!isValue(literal.bytes, literal.start, literal.end, kind)) kind = INVALID;
    const value = literal.start === literal.end ? '' : literal.bytes.latin1Slice(literal.start, literal.end);
    if (kept) this.#table.add(kind, name, value);
    sink.field(kind, name, value);
    return true;
  }

  #readName(buffer: Buffer, end: number, index: number): boolean {
    if (index === 0) {
      if (!this.#locateString(buffer, end)) return false;
      readName(literal.bytes, literal.start, literal.end);
    } else if (index <= STATIC_LENGTH) {
      fieldName.text = STATIC_NAMES[index]!;
      fieldName.kind = STATIC_KINDS[index]!;
    } else {
      const slot = this.#table.slotOf(index);
      if (slot === -1) return false;
      fieldName.text = this.#table.nameAt(slot);
      fieldName.kind = this.#table.nameKindAt(slot);
    }
    return true;
  }

  /** Notes where a string literal lies, decoded (RFC 7541 §5.2). */
  #locateString(buffer: Buffer, end: number): boolean {
    if (this.#at >= end) return false;
    const coded = buffer[this.#at]! >= HUFFMAN;
    const length = readInteger(buffer, this.#at, end, 0x7f);
    const start = integer.end;
    if (length === -1 || length > end - start) return false;
    this.#at = start + length;
    if (!coded) {
      literal.bytes = buffer;
      literal.start = start;
      literal.end = start + length;
      return true;
    }
    if (scratch.length < decodedBound(length)) scratch = Buffer.allocUnsafeSlow(decodedBound(length) * 2);
    literal.bytes = scratch;
    literal.start = 0;
    literal.end = decodeHuffman(buffer, start, start + length, scratch);
    return literal.end !== -1;
  }
}
