import { derTag, type DerElement } from './element.ts';

/** @returns the dotted form, or undefined for anything but an object identifier in its shortest form (X.690 §8.19) */
export function readObjectIdentifier(element: DerElement | undefined): string | undefined {
  if (element?.tag !== derTag.objectIdentifier || element.content.length === 0) return undefined;
  const arcs: number[] = [];
  let arc = 0;
  let isFirstOctet = true;
  for (const octet of element.content) {
    if ((isFirstOctet && octet === 0x80) || arc > 2 ** 40) return undefined;
    arc = arc * 128 + (octet & 0x7f);
    isFirstOctet = octet < 0x80;
    if (!isFirstOctet) continue;
    arcs.push(...(arcs.length === 0 ? firstArcs(arc) : [arc]));
    arc = 0;
  }
  return isFirstOctet ? arcs.join('.') : undefined;
}

function firstArcs(value: number): [number, number] {
  const first = Math.min(2, Math.floor(value / 40));
  return [first, value - first * 40];
}

/** @returns undefined for anything but TRUE and FALSE as DER writes them (X.690 §11.1) */
export function readBoolean(element: DerElement | undefined): boolean | undefined {
  if (element?.tag !== derTag.boolean || element.content.length !== 1) return undefined;
  return { 0x00: false, 0xff: true }[element.content[0]!];
}

/** @returns undefined for anything but an integer from 0 to 2³¹ − 1 */
export function readSmallInteger(element: DerElement | undefined): number | undefined {
  const octets = readInteger(element);
  if (octets === undefined || octets.length > 4 || octets[0]! >= 0x80) return undefined;
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

/** @returns the octets in two's complement, or undefined unless they are the fewest possible (X.690 §8.3) */
export function readInteger(element: DerElement | undefined): Uint8Array | undefined {
  if (element?.tag !== derTag.integer) return undefined;
  const [first, second] = element.content;
  if (first === undefined) return undefined;
  const isPadded = second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80));
  return isPadded ? undefined : element.content;
}

/** @returns the octets, whose unused last bits are zero (X.690 §11.2), and the number of those */
export function readBitString(
  element: DerElement | undefined,
): { readonly octets: Uint8Array; readonly unusedBits: number } | undefined {
  if (element?.tag !== derTag.bitString) return undefined;
  const unusedBits = element.content[0];
  if (unusedBits === undefined || unusedBits > 7) return undefined;
  const octets = element.content.subarray(1);
  const last = octets.at(-1);
  if (last === undefined) return unusedBits === 0 ? { octets, unusedBits } : undefined;
  return (last & (2 ** unusedBits - 1)) === 0 ? { octets, unusedBits } : undefined;
}

/** @returns milliseconds since 1970, or undefined for anything but a time as certificates write it (RFC 5280 §4.1.2.5) */
export function readTime(element: DerElement | undefined): number | undefined {
  const text = element === undefined ? '' : Buffer.from(element.content).toString('latin1');
  const isLong = element?.tag === derTag.generalizedTime;
  if (!isLong && element?.tag !== derTag.utcTime) return undefined;
  if (!(isLong ? /^\d{14}Z$/ : /^\d{12}Z$/).test(text)) return undefined;
  const digits = isLong ? text : centuryOf(text) + text;
  const [, year, month, day, hour, minute, second] = /^(....)(..)(..)(..)(..)(..)/.exec(digits)!;
  const iso = `${year}-${month}-${day}T${hour}:${minute}:${second}.000Z`;
  const timeMs = Date.parse(iso);
  // A day that a month does not have would silently become one of the next.
  return Number.isNaN(timeMs) || new Date(timeMs).toISOString() !== iso ? undefined : timeMs;
}

function centuryOf(utcTime: string): string {
  return Number(utcTime.slice(0, 2)) >= 50 ? '19' : '20';
}
