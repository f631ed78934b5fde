/*
 * The Huffman code of HPACK. It is canonical: among codes of one length, and from one length to the next, codes count
 * up, so that the lengths alone tell all of it.
 * @see RFC 7541 §5.2, appendix B
 */

/** Length in bits of the code of each octet, and of EOS at the end, as a base-36 digit each. */
const LENGTHS =
  'dnsssssssoussussssssssusssssssss' +
  '6aacd68baa8b8666555666666678f6ca' +
  'd67777777777777777777777878djde6' +
  'f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnno' +
  'mlkmmnnlnmmolmnnllmlnmnnkmmmnmmn' +
  'qqkjmnmpqqqrrqopjlqrrqrollqqsrrr' +
  'koklmllnmmppooqnqrqqrrrrrsrrrrrq' +
  'u';

const EOS = 256;
const SYMBOLS = 257;
const LONGEST = 30;

/** Code of each octet, right-aligned, and its length in bits. */
const CODES = new Uint32Array(SYMBOLS);
const BITS = new Uint8Array(SYMBOLS);

/** The symbols in the order of their codes; and by length: the first code, and which symbol that is. */
const ORDERED = new Uint16Array(SYMBOLS);
const FIRST_CODE = new Uint32Array(LONGEST + 2);
const FIRST_SYMBOL = new Uint16Array(LONGEST + 2);

/** Codes of up to this many bits are found by one look: all that make up fields in use. */
const SHORT_BITS = 10;
const SHORT_MASK = (1 << SHORT_BITS) - 1;
/** For all that may follow in the next ten bits: length of the code << 8 | octet; 0 where the code is longer. */
const SHORT = new Uint16Array(1 << SHORT_BITS);

assignCodes();

function assignCodes(): void {
  let code = 0;
  let count = 0;
  for (let bits = 5; bits <= LONGEST; bits++) {
    FIRST_CODE[bits] = code;
    FIRST_SYMBOL[bits] = count;
    for (let symbol = 0; symbol < SYMBOLS; symbol++) {
      if (Number.parseInt(LENGTHS[symbol]!, 36) !== bits) continue;
      CODES[symbol] = code;
      BITS[symbol] = bits;
      ORDERED[count++] = symbol;
      if (bits <= SHORT_BITS) {
        const first = code << (SHORT_BITS - bits);
        SHORT.fill((bits << 8) | symbol, first, first + (1 << (SHORT_BITS - bits)));
      }
      code++;
    }
    code *= 2;
  }
  FIRST_SYMBOL[LONGEST + 1] = count;
}

/** @returns octets that the text takes as Huffman code. @param text characters up to U+00FF */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += BITS[text.charCodeAt(i)]!;
  return (bits + 7) >> 3;
}

/** Writes text as Huffman code, for which there must be room. @returns the position behind it */
export function encodeHuffman(text: string, out: Uint8Array, at: number): number {
  // At most 7 bits wait when a code of at most 30 comes: in two halves they stay within 32 bits.
  let waiting = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    let bits = BITS[c]!;
    const code = CODES[c]!;
    if (bits > 16) {
      held = (held << (bits - 16)) | (code >>> 16);
      waiting += bits - 16;
      bits = 16;
      while (waiting >= 8) out[at++] = held >>> (waiting -= 8);
    }
    held = (held << bits) | (code & 0xffff);
    waiting += bits;
    while (waiting >= 8) out[at++] = held >>> (waiting -= 8);
  }
  if (waiting > 0) out[at++] = (held << (8 - waiting)) | (0xff >>> waiting);
  return at;
}

/** Octets that `length` octets of code may stand for at most: the shortest code has five bits. */
export function decodedBound(length: number): number {
  return Math.floor((length * 8) / 5) + 1;
}

/**
 * Decodes into `out`, where {@link decodedBound} octets must have room.
 * @returns how many octets it wrote; -1 where the code is broken: EOS in it, or padding that is not the beginning of
 * EOS or longer than seven bits (RFC 7541 §5.2)
 */
export function decodeHuffman(buffer: Uint8Array, start: number, end: number, out: Uint8Array): number {
  let written = 0;
  let held = 0;
  let waiting = 0;
  let i = start;
  while (i < end) {
    held = (held << 8) | buffer[i++]!;
    waiting += 8;
    while (waiting >= SHORT_BITS) {
      const entry = SHORT[(held >>> (waiting - SHORT_BITS)) & SHORT_MASK]!;
      if (entry === 0) {
        // Behind the long code, go on at the bit where it ends.
        const next = decodeLong(buffer, i * 8 - waiting, end, out, written++);
        if (next === -1) return -1;
        i = (next + 7) >> 3;
        waiting = i * 8 - next;
        held = i > start ? buffer[i - 1]! : 0;
        continue;
      }
      out[written++] = entry;
      waiting -= entry >> 8;
    }
  }
  return decodeTail(held, waiting, out, written);
}

/** The last bits, fewer than ten: whole codes, then the padding. */
function decodeTail(held: number, waiting: number, out: Uint8Array, written: number): number {
  for (;;) {
    const padded = ((held << (SHORT_BITS - waiting)) | (SHORT_MASK >>> waiting)) & SHORT_MASK;
    const entry = SHORT[padded]!;
    if (entry === 0 || entry >> 8 > waiting) return waiting < 8 && padded === SHORT_MASK ? written : -1;
    out[written++] = entry;
    waiting -= entry >> 8;
  }
}

/** Decodes one code longer than ten bits at a bit position. @returns the bit position behind it, or -1 */
function decodeLong(buffer: Uint8Array, bit: number, end: number, out: Uint8Array, at: number): number {
  let code = 0;
  for (let bits = 1; bits <= LONGEST && bit < end * 8; bits++, bit++) {
    code = code * 2 + ((buffer[bit >> 3]! >> (7 - (bit & 7))) & 1);
    if (bits <= SHORT_BITS) continue;
    const symbol = FIRST_SYMBOL[bits]! + code - FIRST_CODE[bits]!;
    if (symbol >= FIRST_SYMBOL[bits + 1]!) continue;
    if (ORDERED[symbol] === EOS) return -1;
    out[at] = ORDERED[symbol]!;
    return bit + 1;
  }
  return -1;
}
