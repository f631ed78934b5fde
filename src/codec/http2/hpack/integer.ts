/*
 * Integers of HPACK: in the low bits of an octet where they fit, else in octets of seven bits behind it.
 * @see RFC 7541 §5.1
 */

/** Where the last {@link readInteger} ended. A scratch: read it before the next call. */
export const integer = { end: 0 };

/** Octets of seven bits that are read at most: 28 bits more are enough for all that a header block can mean. */
const MOST_OCTETS = 4;

/**
 * Reads the integer that begins in `buffer[at]`.
 * @param mask the bits of the first octet that belong to it, e.g. 0x7f
 * @param end behind the last octet that may be read
 * @returns the integer, and `integer.end` is behind it; -1 where it is cut off or absurdly long
 */
export function readInteger(buffer: Uint8Array, at: number, end: number, mask: number): number {
  let value = buffer[at]! & mask;
  let i = at + 1;
  if (value === mask) {
    const last = Math.min(end, i + MOST_OCTETS);
    for (let shift = 0; ; shift += 7) {
      if (i >= last) return -1;
      const octet = buffer[i++]!;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) break;
    }
  }
  integer.end = i;
  return value;
}

/** Octets that {@link writeInteger} takes at most. */
export const INTEGER_BYTES = 6;

/**
 * Writes an integer, for which there must be room.
 * @param flags the bits of the first octet that do not belong to it
 * @returns the position behind it
 */
export function writeInteger(out: Uint8Array, at: number, flags: number, mask: number, value: number): number {
  if (value < mask) {
    out[at] = flags | value;
    return at + 1;
  }
  out[at++] = flags | mask;
  let rest = value - mask;
  while (rest > 0x7f) {
    out[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  out[at++] = rest;
  return at;
}
