import { derTag } from './element.ts';

/** Encodes one element in DER (X.690 §10.1) around parts that are encoded already. */
export function encodeElement(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(length)]), ...parts]);
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length];
  const octets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest & 0xff);
  return [0x80 | octets.length, ...octets];
}

export function encodeSequence(...parts: readonly Uint8Array[]): Uint8Array {
  return encodeElement(derTag.sequence, ...parts);
}

export function encodeSet(part: Uint8Array): Uint8Array {
  return encodeElement(derTag.set, part);
}

export function encodeTrue(): Uint8Array {
  return encodeElement(derTag.boolean, Buffer.from([0xff]));
}

/** @param value not negative */
export function encodeSmallInteger(value: number): Uint8Array {
  return encodeUnsigned(Buffer.from(value.toString(16).padStart(8, '0'), 'hex'));
}

/** Encodes the big-endian octets of a number that is not negative. */
export function encodeUnsigned(octets: Uint8Array): Uint8Array {
  const firstSet = octets.findIndex((octet) => octet !== 0);
  const shortest = firstSet === -1 ? Buffer.from([0]) : octets.subarray(firstSet);
  // A set first bit would say that the number is negative.
  return shortest[0]! >= 0x80
    ? encodeElement(derTag.integer, Buffer.from([0]), shortest)
    : encodeElement(derTag.integer, shortest);
}

/** @param unusedBits how many of the last octet's low bits do not count; they must be zero */
export function encodeBitString(octets: Uint8Array, unusedBits = 0): Uint8Array {
  return encodeElement(derTag.bitString, Buffer.from([unusedBits]), octets);
}

export function encodeOctetString(octets: Uint8Array): Uint8Array {
  return encodeElement(derTag.octetString, octets);
}

export function encodeNull(): Uint8Array {
  return encodeElement(derTag.null);
}

export function encodeUtf8String(text: string): Uint8Array {
  return encodeElement(derTag.utf8String, Buffer.from(text, 'utf8'));
}

/** @param dotted such as `2.5.29.17` */
export function encodeObjectIdentifier(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...arcs] = dotted.split('.').map(Number);
  const octets = [first * 40 + second, ...arcs].flatMap(arcOctets);
  return encodeElement(derTag.objectIdentifier, Buffer.from(octets));
}

/** Seven bits an octet, all but the last with the high bit set (X.690 §8.19.2). */
function arcOctets(arc: number): number[] {
  const octets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift(0x80 | (rest % 128));
  return octets;
}

/**
 * Encodes a time as certificates write it: two digits of the year before 2050, four from then on (RFC 5280 §4.1.2.5).
 *
 * @param timeMs since 1970; fractions of a second are dropped
 */
export function encodeTime(timeMs: number): Uint8Array {
  const date = new Date(timeMs);
  const digits = `${date.toISOString().slice(0, 19).replaceAll(/\D/g, '')}Z`;
  const isShort = date.getUTCFullYear() < 2050;
  const text = Buffer.from(isShort ? digits.slice(2) : digits, 'latin1');
  return encodeElement(isShort ? derTag.utcTime : derTag.generalizedTime, text);
}
