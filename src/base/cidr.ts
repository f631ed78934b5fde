/*
 * IP addresses as four 32-bit words. IPv4 is kept as its mapped IPv6 form, ::ffff:a.b.c.d (RFC 4291 §2.5.5.2), which
 * is also how a socket that listens on both families reports IPv4 peers.
 */

const WORDS = 4;
const V4_MAPPED = 0xffff;

/** Groups of the IPv6 address that is being parsed: one for all, since parsing never pauses. */
const groups = new Uint16Array(8);

/** A block of addresses, e.g. `10.0.0.0/8`. */
export interface Cidr {
  /** The block's first address, in four words. */
  readonly network: Uint32Array;
  readonly mask: Uint32Array;
  readonly isV4: boolean;
}

/**
 * Parses a block of addresses, or one address. Bits behind the prefix are ignored: `10.1.2.3/8` is `10.0.0.0/8`.
 * @returns undefined where the text is neither
 */
export function parseCidr(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  const network = new Uint32Array(WORDS);
  if (!parseAddress(slash < 0 ? text : text.slice(0, slash), network)) return undefined;
  const isV4 = isMappedV4(network);
  const written = text.includes(':') ? 128 : 32;
  const length = slash < 0 ? written : parseDecimal(text, slash + 1, text.length, written);
  if (length < 0) return undefined;
  const mask = createMask(written === 32 ? 96 + length : length);
  for (let i = 0; i < WORDS; i++) network[i] = (network[i]! & mask[i]!) >>> 0;
  return { network, mask, isV4: isV4 && isMappedV4(network) };
}

/**
 * A set of blocks of addresses. An IPv4 address, written as such or mapped into IPv6, is in IPv4 blocks only: `::/0`
 * does not hold it.
 */
export class CidrSet {
  readonly #blocks: readonly Cidr[];
  readonly #address = new Uint32Array(WORDS);

  constructor(blocks: readonly Cidr[]) {
    this.#blocks = blocks;
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0;
  }

  /** @param address IPv4 or IPv6 text; what is neither is in no block */
  has(address: string): boolean {
    if (this.#blocks.length === 0 || !parseAddress(address, this.#address)) return false;
    const isV4 = isMappedV4(this.#address);
    for (const block of this.#blocks) if (block.isV4 === isV4 && includes(block, this.#address)) return true;
    return false;
  }
}

function includes(block: Cidr, address: Uint32Array): boolean {
  for (let i = 0; i < WORDS; i++) if ((address[i]! & block.mask[i]!) >>> 0 !== block.network[i]!) return false;
  return true;
}

function isMappedV4(words: Uint32Array): boolean {
  return words[0] === 0 && words[1] === 0 && words[2] === V4_MAPPED;
}

function createMask(length: number): Uint32Array {
  const mask = new Uint32Array(WORDS);
  for (let i = 0; i < WORDS; i++) {
    const bits = Math.min(32, Math.max(0, length - 32 * i));
    mask[i] = bits === 0 ? 0 : 0xffffffff << (32 - bits); // a shift by 32 would be one by 0
  }
  return mask;
}

/**
 * Parses an address into `words`. A zone (`%eth0`) is ignored: it names an interface, not an address.
 * @returns false where the text is none; `words` then holds anything
 */
export function parseAddress(text: string, words: Uint32Array): boolean {
  const zone = text.indexOf('%');
  const end = zone < 0 ? text.length : zone;
  const colon = text.indexOf(':');
  if (colon >= 0) return parseV6(text, end, words);
  words[0] = 0;
  words[1] = 0;
  words[2] = V4_MAPPED;
  return zone < 0 && parseV4(text, 0, end, words);
}

/** Sets the last word. Leading zeros are refused: some read them as octal, which has let addresses past filters. */
function parseV4(text: string, from: number, end: number, words: Uint32Array): boolean {
  let value = 0;
  let start = from;
  for (let part = 0; part < 4; part++) {
    const dot = part < 3 ? text.indexOf('.', start) : end;
    const octet = dot < 0 || dot > end ? -1 : parseDecimal(text, start, dot, 255);
    if (octet < 0) return false;
    value = value * 256 + octet;
    start = dot + 1;
  }
  words[3] = value;
  return true;
}

/** @returns -1 where the text is no decimal number of at most three digits, has a leading zero, or is above `max` */
function parseDecimal(text: string, start: number, end: number, max: number): number {
  if (end === start || end - start > 3) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9 || (i > start && value === 0)) return -1;
    value = value * 10 + digit;
  }
  return value > max ? -1 : value;
}

/** RFC 4291 §2.2: eight groups, one run of zeros as `::`, the last two perhaps as IPv4. */
function parseV6(text: string, end: number, words: Uint32Array): boolean {
  let count = 0;
  let gap = -1;
  let i = 0;
  if (text.startsWith('::')) {
    gap = 0;
    i = 2;
  }
  while (i < end) {
    if (count === 8) return false;
    const colon = text.indexOf(':', i);
    const stop = colon < 0 || colon > end ? end : colon;
    if (stop === end && text.lastIndexOf('.', end - 1) >= i) {
      if (count > 6 || !parseV4(text, i, end, words)) return false;
      groups[count++] = words[3]! >>> 16;
      groups[count++] = words[3]! & 0xffff;
      break;
    }
    const group = parseGroup(text, i, stop);
    if (group < 0) return false;
    groups[count++] = group;
    i = stop + 1;
    if (stop === end) break;
    if (i === end) return false; // a lone colon at the end
    if (text.charCodeAt(i) !== 0x3a) continue;
    if (gap >= 0) return false;
    gap = count;
    i++;
  }
  return spread(count, gap, words);
}

function parseGroup(text: string, start: number, end: number): number {
  if (end === start || end - start > 4) return -1;
  let value = 0;
  for (let i = start; i < end; i++) {
    const c = text.charCodeAt(i) | 0x20; // lower case; digits have the bit already
    const digit = c >= 0x30 && c <= 0x39 ? c - 0x30 : c >= 0x61 && c <= 0x66 ? c - 0x57 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

/** Puts the zeros that `::` stands for in their place. */
function spread(count: number, gap: number, words: Uint32Array): boolean {
  if (gap < 0 ? count !== 8 : count > 7) return false;
  if (gap >= 0) {
    groups.copyWithin(8 - (count - gap), gap, count);
    groups.fill(0, gap, 8 - (count - gap));
  }
  for (let i = 0; i < WORDS; i++) words[i] = groups[2 * i]! * 0x10000 + groups[2 * i + 1]!;
  return true;
}
