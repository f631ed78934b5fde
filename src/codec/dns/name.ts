/** Longest name, with its length octets and the root's (RFC 1035 §2.3.4). */
const MAX_NAME_BYTES = 255;
const MAX_LABEL_BYTES = 63;
/** The two high bits of a length octet: both set for a pointer, none for a label (RFC 1035 §4.1.4). */
const POINTER = 0xc0;

/** A name, and where what follows it begins. */
export interface ReadName {
  /** As people write it, without the last dot; '' is the root. Octets that would mislead are escaped (RFC 1035 §5.1). */
  readonly name: string;
  readonly end: number;
}

/**
 * Reads a name that may be compressed. A pointer leads only to before where its part of the name began: so none leads
 * round in a circle, however a message is made.
 *
 * @returns undefined where there is no well-formed name
 */
export const readName = (octets: Uint8Array, start: number): ReadName | undefined => {
  const labels: string[] = [];
  let at = start;
  let partStart = start;
  let end = -1;
  let nameBytes = 1;
  for (;;) {
    const length = octets[at];
    if (length === undefined) return undefined;
    if (length === 0) return { name: labels.join('.'), end: end === -1 ? at + 1 : end };
    if ((length & POINTER) === POINTER) {
      const low = octets[at + 1];
      if (low === undefined) return undefined;
      const target = ((length & ~POINTER) << 8) | low;
      if (target >= partStart) return undefined;
      if (end === -1) end = at + 2;
      at = target;
      partStart = target;
      continue;
    }
    nameBytes += length + 1;
    if (length > MAX_LABEL_BYTES || nameBytes > MAX_NAME_BYTES || at + length >= octets.length) return undefined;
    labels.push(showLabel(octets, at + 1, at + 1 + length));
    at += length + 1;
  }
};

/**
 * @param name as {@link readName} gives it; a last dot is allowed
 * @returns the octets of the name, not compressed; undefined where it can be none
 */
export const encodeName = (name: string): readonly number[] | undefined => {
  if (name === '' || name === '.') return [0];
  const octets: number[] = [];
  let label: number[] = [];
  for (const [sign] of `${name}${/[^\\]\.$/.test(name) ? '' : '.'}`.matchAll(SIGN)) {
    if (sign !== '.') {
      label.push(octetOf(sign));
      continue;
    }
    if (label.length === 0 || label.length > MAX_LABEL_BYTES) return undefined;
    octets.push(label.length, ...label);
    label = [];
  }
  octets.push(0);
  return octets.length > MAX_NAME_BYTES || octets.some((octet) => octet > 255) ? undefined : octets;
};

/** One octet of a name as it is written: as it is, or escaped (RFC 1035 §5.1). */
const SIGN = /\\\d{3}|\\?[^]/g;

const octetOf = (sign: string): number =>
  /^\\\d{3}/.test(sign) ? Number(sign.slice(1)) : sign.charCodeAt(sign.length - 1);

const BACKSLASH = 0x5c;
const DOT = 0x2e;

const showLabel = (octets: Uint8Array, start: number, end: number): string => {
  let text = '';
  for (let i = start; i < end; i++) {
    const octet = octets[i]!;
    if (octet === DOT || octet === BACKSLASH) text += `\\${String.fromCharCode(octet)}`;
    else if (octet > 0x20 && octet < 0x7f) text += String.fromCharCode(octet);
    else text += `\\${String(octet).padStart(3, '0')}`;
  }
  return text;
};
