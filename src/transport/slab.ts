/** Octets of one slab: a read's worth, and room for a head in front. */
const SLAB_BYTES = 72 * 1024;
/** Slabs kept for the next write; what more there was goes back to the heap. */
const KEPT_SLABS = 16;

const free: Slab[] = [];

/**
 * A stretch of memory for one write. Content is read into a buffer that the next read overwrites, and the kernel may
 * take a write only in part; so content is copied into a slab once, which stays untouched until the write is done.
 */
export class Slab {
  readonly buffer: Buffer = Buffer.allocUnsafeSlow(SLAB_BYTES);
  /** Gives the slab back; made once, so that a write makes no closure. */
  readonly release = (): void => {
    if (free.length < KEPT_SLABS) free.push(this);
  };
}

/** Whether `length` octets fit into one slab. */
export const fitsSlab = (length: number): boolean => length <= SLAB_BYTES;

/** Takes a slab; whoever took it calls `release` when nothing refers to its memory any more. */
export const acquireSlab = (): Slab => free.pop() ?? new Slab();
