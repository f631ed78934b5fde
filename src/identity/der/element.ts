/*
 * Reads DER (X.690 §8, §10), the one encoding of certificates and requests. BER's other ways to say the same, such as
 * indefinite or padded lengths, are refused: two readers could take them for different things.
 */

/** One tag with what it holds. */
export interface DerElement {
  /** Identifier octet: class, constructed bit and number. */
  readonly tag: number;
  /** Tag, length and content, as they were received. */
  readonly bytes: Uint8Array;
  readonly content: Uint8Array;
  /** Empty for a primitive one. */
  readonly children: readonly DerElement[];
}

/** Identifier octets of the universal types that certificates are made of (X.680 §8.4). */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** @returns the identifier octet of `[number]` around other elements */
export const constructedTag = (number: number): number => 0xa0 | number;

/** @returns the identifier octet of an implicit `[number]` that holds octets itself */
export const primitiveTag = (number: number): number => 0x80 | number;

/** Certificates nest to about ten; without a bound, a short input of opened tags would exhaust the stack. */
const MAX_DEPTH = 24;
const CONSTRUCTED = 0x20;

/** @returns undefined unless the bytes are exactly one well-formed element */
export function parseDer(bytes: Uint8Array): DerElement | undefined {
  const element = parseElement(bytes, 0);
  return element?.bytes.length === bytes.length ? element : undefined;
}

function parseElement(bytes: Uint8Array, depth: number): DerElement | undefined {
  const tag = bytes[0];
  const length = parseLength(bytes);
  if (tag === undefined || length === undefined || depth > MAX_DEPTH) return undefined;
  // Numbers from 31 on take more octets; no structure read here has one.
  if ((tag & 0x1f) === 0x1f || !hasItsForm(tag)) return undefined;
  const end = length.start + length.value;
  if (end > bytes.length) return undefined;
  const content = bytes.subarray(length.start, end);
  const children = (tag & CONSTRUCTED) === 0 ? [] : parseChildren(content, depth + 1);
  return children && { tag, bytes: bytes.subarray(0, end), content, children };
}

function parseChildren(content: Uint8Array, depth: number): DerElement[] | undefined {
  const children: DerElement[] = [];
  for (let rest = content; rest.length > 0;) {
    const child = parseElement(rest, depth);
    if (child === undefined) return undefined;
    children.push(child);
    rest = rest.subarray(child.bytes.length);
  }
  return children;
}

/** Of the universal types, sequences and sets are constructed and all others primitive (X.690 §10.2). */
function hasItsForm(tag: number): boolean {
  if (tag >= 0x40) return true;
  const number = tag & 0x1f;
  const needsChildren = number === 0x10 || number === 0x11;
  return number !== 0 && needsChildren === ((tag & CONSTRUCTED) !== 0);
}

/** Definite and in the fewest octets (X.690 §10.1). */
function parseLength(bytes: Uint8Array): { readonly start: number; readonly value: number } | undefined {
  const first = bytes[1];
  if (first === undefined) return undefined;
  if (first < 0x80) return { start: 2, value: first };
  const octets = first & 0x7f;
  if (octets === 0 || octets > 4 || bytes.length < 2 + octets) return undefined;
  let value = 0;
  for (let i = 0; i < octets; i++) value = value * 256 + bytes[2 + i]!;
  const isShortest = value >= 0x80 && (octets === 1 || value >= 2 ** (8 * (octets - 1)));
  return isShortest ? { start: 2 + octets, value } : undefined;
}
