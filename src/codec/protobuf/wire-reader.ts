import { FIXED32, FIXED64, LENGTH_DELIMITED, VARINT } from './wire-type.ts';

const MAX_VARINT_BYTES = 10;
const MAX_FIELD_NUMBER = 0x1fffffff;
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Reads one protobuf message, field by field: ask {@link next} for a field, then read or skip it. A field that is not
 * read is skipped, and so is one with another wire type than its number should have, as unknown ones are.
 *
 * What is wrong with the octets is a value: {@link fault} says it, reading gives empty values from then on, and
 * {@link next} ends. So check it once, at the end.
 *
 * ```ts
 * while (reader.next()) if (reader.is(1, LENGTH_DELIMITED)) name = reader.string();
 * if (reader.fault !== '') …
 * ```
 */
export class WireReader {
  readonly #bytes: Uint8Array;
  #at = 0;
  #field = 0;
  #wireType = VARINT;
  /** Whether the value of the present field was not read yet. */
  #unread = false;
  #fault = '';
  // Of the varint that was read last: its lower 32 bits, and whether there were more.
  #low = 0;
  #wide = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** What is wrong, or ''. */
  get fault(): string {
    return this.#fault;
  }

  /** Goes to the next field. @returns false at the end, and once something is wrong */
  next(): boolean {
    if (this.#unread) this.#skip();
    if (this.#fault !== '' || this.#at >= this.#bytes.length) return false;
    const tag = this.#uint32();
    this.#field = Math.floor(tag / 8);
    this.#wireType = tag % 8;
    this.#unread = true;
    if (this.#fault !== '') return false;
    if (this.#field === 0 || this.#field > MAX_FIELD_NUMBER) return this.fail('field number out of range');
    return true;
  }

  /** Whether the present field is this one, in this form. */
  is(field: number, wireType: number): boolean {
    return this.#field === field && this.#wireType === wireType;
  }

  /** Value of an `int32`. */
  int32(): number {
    if (!this.#take(VARINT)) return 0;
    this.#varint();
    return this.#low;
  }

  /** Value of `bytes` or of a message. @returns a part of what is read, not a copy */
  bytes(): Uint8Array {
    if (!this.#take(LENGTH_DELIMITED)) return EMPTY;
    const length = this.#uint32();
    const at = this.#at;
    return this.#advance(length) ? this.#bytes.subarray(at, at + length) : EMPTY;
  }

  /** Value of a `string`. Text that is not UTF-8 is a fault, as proto3 has it. */
  string(): string {
    const bytes = this.bytes();
    try {
      return UTF8.decode(bytes);
    } catch {
      this.fail('string is not UTF-8');
      return '';
    }
  }

  /** Value of a message. @param read told its reader; a fault in there is one here */
  message<T>(read: (inner: WireReader) => T): T {
    const inner = new WireReader(this.bytes());
    const value = read(inner);
    if (inner.fault !== '') this.fail(inner.fault);
    return value;
  }

  /** Ends the reading. Only the first reason stands. @returns false */
  fail(reason: string): false {
    if (this.#fault === '') this.#fault = reason;
    return false;
  }

  #take(wireType: number): boolean {
    if (this.#fault !== '' || !this.#unread || this.#wireType !== wireType) return false;
    this.#unread = false;
    return true;
  }

  #skip(): void {
    this.#unread = false;
    if (this.#fault !== '') return;
    switch (this.#wireType) {
      case VARINT:
        this.#varint();
        break;
      case FIXED64:
        this.#advance(8);
        break;
      case FIXED32:
        this.#advance(4);
        break;
      case LENGTH_DELIMITED:
        this.#advance(this.#uint32());
        break;
      default:
        this.fail(`wire type ${this.#wireType} is not supported`);
    }
  }

  #advance(octets: number): boolean {
    if (this.#fault !== '') return false;
    if (octets > this.#bytes.length - this.#at) return this.fail('message ends within a field');
    this.#at += octets;
    return true;
  }

  /** @returns what a tag or a length is; none of them is greater than that */
  #uint32(): number {
    this.#varint();
    if (!this.#wide) return this.#low >>> 0;
    this.fail('tag or length is greater than 32 bits');
    return 0;
  }

  /** Reads up to 64 bits, of which nobody here wants more than the lower 32: {@link #low}. */
  #varint(): void {
    this.#low = 0;
    this.#wide = false;
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      const byte = this.#bytes[this.#at];
      if (byte === undefined) return void this.fail('message ends within a varint');
      this.#at++;
      const bits = byte & 0x7f;
      if (i < 5) this.#low |= bits << (7 * i);
      if ((i === 4 && bits > 0x0f) || (i > 4 && bits !== 0)) this.#wide = true;
      if (byte < 0x80) return;
    }
    this.fail('varint is longer than 10 octets');
  }
}

const EMPTY = new Uint8Array(0);
