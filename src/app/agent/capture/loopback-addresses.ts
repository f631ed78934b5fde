import { createHash } from 'node:crypto';

/**
 * Loopback addresses that stand for services: 127.64.0.0/10. Clear of what others use (127.0.0.1, Debian's 127.0.1.1,
 * the 127.0.0.53 of systemd-resolved), and all of it belongs to the machine without being set up (RFC 1122 §3.2.1.3).
 */
export const SERVICE_RANGE = '127.64.0.0/10';
const RANGE_START = 127 * 0x100_0000 + 64 * 0x1_0000;

/** So many sidecars of one machine have addresses of their own. */
const BLOCKS = 1024;
const BLOCK_SIZE = 4096;
/** The first is the network's by custom, the second the resolver's. */
const RESERVED = 2;

/**
 * The addresses of one sidecar. Each follows from the names of workload and service, so that what an application
 * remembers is still right after a start.
 */
export class LoopbackAddresses {
  readonly #start: number;
  readonly #taken = new Map<string, string>();

  /** @param block one of {@link blocksFor} */
  constructor(block: number) {
    this.#start = RANGE_START + block * BLOCK_SIZE;
  }

  /** Where the resolver of this sidecar answers. */
  get resolver(): string {
    return format(this.#start + 1);
  }

  /**
   * Takes an address for a service.
   *
   * @param attempt counts from 0; another one is for whom the address before did not serve
   * @returns undefined where all are taken
   */
  take(service: string, attempt = 0): string | undefined {
    const usable = BLOCK_SIZE - RESERVED;
    const first = numberOf(service) + attempt;
    for (let i = 0; i < usable; i++) {
      const address = format(this.#start + RESERVED + ((first + i) % usable));
      if (this.#taken.has(address)) continue;
      this.#taken.set(address, service);
      return address;
    }
    return undefined;
  }

  release(address: string): void {
    this.#taken.delete(address);
  }
}

/** @param id of the workload @returns blocks to try, the workload's own first, then others where that is taken */
export function* blocksFor(id: string, count = 16): Iterable<number> {
  const first = numberOf(id);
  for (let i = 0; i < count; i++) yield (first + i) % BLOCKS;
}

const numberOf = (text: string): number => createHash('sha256').update(text).digest().readUInt32BE();

const format = (address: number): string => [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
