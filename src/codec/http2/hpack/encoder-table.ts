import { entryBytes } from './dynamic-table.ts';
import { BUCKETS } from './name-rule.ts';
import { STATIC_LENGTH } from './static-table.ts';

const FIRST_SLOTS = 16;
/** Entries of one bucket that are compared at most: what differs that much is not worth the time. */
const MOST_COMPARED = 8;
const NONE = -1;

/**
 * The dynamic table as the encoder needs it: found by name and value. Entries of one bucket (one known name, or several
 * unknown ones) are chained from the newest to the oldest. Entries have a number each, counted since the connection
 * began; the index on the wire is how far back that number lies.
 */
export class EncoderTable {
  #names: string[] = [];
  #values: string[] = [];
  /** By slot: number of the entry before in the same bucket. Doubles, because integers of 32 bits would run out. */
  #previous = new Float64Array(FIRST_SLOTS);
  readonly #newest = new Float64Array(BUCKETS).fill(NONE);
  #mask = FIRST_SLOTS - 1;
  /** Numbers of the oldest entry, and of the next to come. */
  #first = 0;
  #next = 0;
  #bytes = 0;
  #maxBytes: number;
  /** After `find`: index of an entry with the same name at least, or 0. */
  nameIndex = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get maxBytes(): number {
    return this.#maxBytes;
  }

  /** @returns the index of the field, or 0; and then {@link nameIndex} may tell one of its name */
  find(bucket: number, name: string, value: string): number {
    this.nameIndex = 0;
    let entry = this.#newest[bucket]!;
    for (let i = 0; entry >= this.#first && i < MOST_COMPARED; i++) {
      const slot = entry & this.#mask;
      if (this.#names[slot] === name) {
        if (this.#values[slot] === value) return this.#indexOf(entry);
        if (this.nameIndex === 0) this.nameIndex = this.#indexOf(entry);
      }
      entry = this.#previous[slot]!;
    }
    return 0;
  }

  /** Whether a field is small enough to leave most others in the table. */
  fits(name: string, value: string): boolean {
    return entryBytes(name, value) * 4 <= this.#maxBytes * 3;
  }

  /** Adds a field that {@link fits}, evicting as the decoder will (RFC 7541 §4.4). */
  add(bucket: number, name: string, value: string): void {
    const bytes = entryBytes(name, value);
    this.#evictTo(this.#maxBytes - bytes);
    if (this.#next - this.#first > this.#mask) this.#grow();
    const slot = this.#next & this.#mask;
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#previous[slot] = this.#newest[bucket]!;
    this.#newest[bucket] = this.#next++;
    this.#bytes += bytes;
  }

  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  #indexOf(entry: number): number {
    return STATIC_LENGTH + this.#next - entry;
  }

  #evictTo(bytes: number): void {
    while (this.#bytes > bytes && this.#first < this.#next) {
      const slot = this.#first++ & this.#mask;
      this.#bytes -= entryBytes(this.#names[slot]!, this.#values[slot]!);
      this.#values[slot] = ''; // lets go of the memory
    }
  }

  #grow(): void {
    const mask = this.#mask * 2 + 1;
    const names: string[] = [];
    const values: string[] = [];
    const previous = new Float64Array(mask + 1);
    for (let slot = 0; slot <= mask; slot++) {
      names.push('');
      values.push('');
    }
    for (let entry = this.#first; entry < this.#next; entry++) {
      names[entry & mask] = this.#names[entry & this.#mask]!;
      values[entry & mask] = this.#values[entry & this.#mask]!;
      previous[entry & mask] = this.#previous[entry & this.#mask]!;
    }
    this.#names = names;
    this.#values = values;
    this.#previous = previous;
    this.#mask = mask;
  }
}
