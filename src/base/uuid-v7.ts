/*
 * UUIDv7 (RFC 9562 §5.7): 48 bits of Unix time in ms, the version, 12 bits that count within the millisecond, the
 * variant, 62 random bits. All but the random part is the same for a whole millisecond or one step of a counter, so an
 * id is put together from tables of ready-made text.
 *
 *   0190b5a4-7c2e-7 xxx - vxxx - xxxxxxxxxxxx
 *   └── prefix ──┘ counter └──── random ────┘
 */

const HEX3: readonly string[] = Array.from({ length: 4096 }, (_, n) => n.toString(16).padStart(3, '0'));
/** The variant's two bits, 10, with the two random bits behind them. */
const VARIANT: readonly string[] = ['-8', '-9', '-a', '-b'];

/** Words of randomness drawn at once; `getRandomValues` costs a call into C++ whatever it fills. */
const POOL_WORDS = 2048;
const WORDS_PER_ID = 3;

const pool = new Uint32Array(POOL_WORDS);
let drawn = POOL_WORDS;
let timeMs = 0;
let prefix = '';
let counter = 0;

/**
 * Makes a UUIDv7. Ids of one thread ascend strictly, also when the clock steps back; ids of several threads only by
 * the millisecond.
 * @see RFC 9562 §6.2, method 1
 */
export function createUuidV7(): string {
  if (drawn + WORDS_PER_ID > POOL_WORDS) refill();
  const a = pool[drawn]!;
  const b = pool[drawn + 1]!;
  const c = pool[drawn + 2]!;
  drawn += WORDS_PER_ID;
  advance(Date.now(), c);
  return `${prefix}${HEX3[counter]!}${VARIANT[a >>> 30]!}${HEX3[a & 0xfff]!}-${HEX3[(a >>> 12) & 0xfff]!}${HEX3[b & 0xfff]!}${HEX3[(b >>> 12) & 0xfff]!}${HEX3[c & 0xfff]!}`;
}

/** Counts on within the millisecond, or begins a new one. A full counter borrows the next millisecond. */
function advance(nowMs: number, random: number): void {
  if (nowMs <= timeMs) {
    if (++counter < 4096) return;
    nowMs = timeMs + 1;
  }
  timeMs = nowMs;
  // Half of the counter's range is left to count in, the other half is random, so that ids do not tell the load.
  counter = (random >>> 12) & 0x7ff;
  const time = nowMs.toString(16).padStart(12, '0');
  prefix = `${time.slice(0, 8)}-${time.slice(8)}-7`;
}

function refill(): void {
  crypto.getRandomValues(pool);
  drawn = 0;
}
