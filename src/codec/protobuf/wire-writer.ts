import { LENGTH_DELIMITED, VARINT } from './wire-type.ts';

const FIRST_BYTES = 256;
/** Of a varint that may hold a negative int32, which is written as an int64. */
const MAX_VARINT_BYTES = 10;

/**
 * Writes one protobuf message, field by field. What has its default value is left out, as proto3 has it; a field number
 * may be written again for repeated fields.
 * @see https://protobuf.dev/programming-guides/encoding/
 */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES);
  #length = 0;

  /** A `string`; '' is left out. */
  string(field: number, value: string): void {
    if (value !== '') this.element(field, value);
  }

  /** An element of a `repeated string`: also '' is written. */
  element(field: number, value: string): void {
    const length = Buffer.byteLength(value);
    this.#head(field, length);
    this.#length += this.#bytes.write(value, this.#length, length, 'utf8');
  }

  /** `bytes`, or an encoded message, also an empty one. */
  bytes(field: number, value: Uint8Array): void {
    this.#head(field, value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** A message that is written in place. */
  message(field: number, write: (inner: WireWriter) => void): void {
    const inner = new WireWriter();
    write(inner);
    this.bytes(field, inner.view());
  }

  /** An `int32`; 0 is left out. */
  int32(field: number, value: number): void {
    if (value === 0) return;
    this.#reserve(2 * MAX_VARINT_BYTES);
    this.#varint(field * 8 + VARINT);
    this.#int32(value);
  }

  /** @returns what was written; it stands only until more is written */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** @returns what was written, in memory of its own and no more of that than needed */
  finish(): Buffer {
    const copy = Buffer.allocUnsafeSlow(this.#length);
    this.#bytes.copy(copy, 0, 0, this.#length);
    return copy;
  }

  #head(field: number, length: number): void {
    this.#reserve(2 * MAX_VARINT_BYTES + length);
    this.#varint(field * 8 + LENGTH_DELIMITED);
    this.#varint(length);
  }

  #varint(value: number): void {
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  #int32(value: number): void {
    if (value >= 0) return this.#varint(value);
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest > 0x7fn) {
      this.#bytes[this.#length++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.#bytes[this.#length++] = Number(rest);
  }

  #reserve(octets: number): void {
    const needed = this.#length + octets;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
