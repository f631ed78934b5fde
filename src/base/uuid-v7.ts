/*
 * UUIDv7 (RFC 9562 §5.7): 48 bits of Unix time in ms, the version, 12 bits that count within the millisecond, the
 * variant, 62 random bits.
 *
 *   0190b5a4-7c2e-7 xxx - vxxx-xxxxxxxxxxxx
 *   └─── head ────┘ count └─── random ───┘
 *
 * All characters are put together in one call: concatenating would leave a rope that whoever writes the id out has to
 * flatten, which costs more than making it.
 */

/** Character codes of the hexadecimal digits. */
const HEX = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
const HYPHEN = 0x2d;

/** Words of randomness drawn at once; `getRandomValues` costs a call into C++ whatever it fills. */
const POOL_WORDS = 2048;
const WORDS_PER_ID = 2;

const pool = new Uint32Array(POOL_WORDS);
let drawn = POOL_WORDS;
/** Character codes of what all ids of this millisecond begin with: the time and the version. */
const h = new Uint8Array(15);
let timeMs = 0;
let counter = 0;

/**
 * Makes a UUIDv7. Ids of one thread ascend strictly, also when the clock steps back; ids of several threads only by
 * the millisecond.
 * @see RFC 9562 §6.2, method 1
 */
export function createUuidV7(): string {
  if (drawn === POOL_WORDS) refill();
  const a = pool[drawn]!;
  const b = pool[drawn + 1]!;
  drawn += WORDS_PER_ID;
  advance(Date.now(), a);
  const n = counter;
  // oxfmt-ignore
  return String.fromCharCode(
    h[0]!, h[1]!, h[2]!, h[3]!, h[4]!, h[5]!, h[6]!, h[7]!, HYPHEN, h[9]!, h[10]!, h[11]!, h[12]!, HYPHEN, h[14]!,
    HEX[n >>> 8]!, HEX[(n >>> 4) & 15]!, HEX[n & 15]!, HYPHEN,
    HEX[8 | (a & 3)]!, HEX[(a >>> 2) & 15]!, HEX[(a >>> 6) & 15]!, HEX[(a >>> 10) & 15]!, HYPHEN,
    HEX[(a >>> 14) & 15]!, HEX[(a >>> 18) & 15]!, HEX[(a >>> 22) & 15]!, HEX[(a >>> 26) & 15]!,
    HEX[b & 15]!, HEX[(b >>> 4) & 15]!, HEX[(b >>> 8) & 15]!, HEX[(b >>> 12) & 15]!,
    HEX[(b >>> 16) & 15]!, HEX[(b >>> 20) & 15]!, HEX[(b >>> 24) & 15]!, HEX[b >>> 28]!,
  );
}

/** Counts on within the millisecond, or begins a new one. A full counter borrows the next millisecond. */
function advance(nowMs: number, random: number): void {
  if (nowMs <= timeMs && counter < 0xfff) {
    counter++;
    return;
  }
  timeMs = Math.max(nowMs, timeMs + 1);
  // Half of the counter's range is left to count in, the other half is random, so that ids do not tell the load.
  counter = random >>> 21;
  const time = timeMs.toString(16).padStart(12, '0');
  const head = `${time.slice(0, 8)}-${time.slice(8)}-7`;
  for (let i = 0; i < head.length; i++) h[i] = head.charCodeAt(i);
}

function refill(): void {
  crypto.getRandomValues(pool);
  drawn = 0;
}
