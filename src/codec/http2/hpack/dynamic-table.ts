import { INVALID, kindOfText } from './field-kind.ts';
import { STATIC_LENGTH } from './static-table.ts';

/** What an entry takes beside its name and value (RFC 7541 §4.1). */
export const ENTRY_OVERHEAD_BYTES = 32;

/** Size of a table before anybody has said another (RFC 9113 §6.5.2). */
export const DEFAULT_TABLE_BYTES = 4096;

/** Slots at first; they double as needed up to what the table's size allows. */
const FIRST_SLOTS = 16;

/** Size of an entry in the table (RFC 7541 §4.1). */
export function entryBytes(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD_BYTES;
}

/**
 * The fields that one side has put into memory, newest first, as the decoder needs them: found by index. Kept in a ring
 * of parallel arrays: nothing moves and nothing is allocated when a field comes and another goes.
 * @see RFC 7541 §2.3.2, §4
 */
export class DynamicTable {
  #names: string[] = [];
  #values: string[] = [];
  #kinds = new Uint8Array(FIRST_SLOTS);
  #mask = FIRST_SLOTS - 1;
  /** Slot of the newest entry. */
  #newest = 0;
  #count = 0;
  #bytes = 0;
  #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get count(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** @returns the slot of an index behind the static table's, or -1 where there is no such entry */
  slotOf(index: number): number {
    const age = index - STATIC_LENGTH - 1;
    return age < this.#count ? (this.#newest - age) & this.#mask : -1;
  }

  nameAt(slot: number): string {
    return this.#names[slot]!;
  }

  valueAt(slot: number): string {
    return this.#values[slot]!;
  }

  kindAt(slot: number): number {
    return this.#kinds[slot]!;
  }

  /** Kind of the name alone: that the value of this entry is invalid says nothing of the next value. */
  nameKindAt(slot: number): number {
    return this.#kinds[slot] === INVALID ? kindOfText(this.#names[slot]!) : this.#kinds[slot]!;
  }

  /** Evicts what must make room, then adds. An entry larger than the table empties it (RFC 7541 §4.4). */
  add(kind: number, name: string, value: string): void {
    const bytes = entryBytes(name, value);
    this.#evictTo(this.#maxBytes - bytes);
    if (bytes > this.#maxBytes) return;
    if (this.#count > this.#mask) this.#grow();
    const slot = (this.#newest + 1) & this.#mask;
    this.#newest = slot;
    this.#names[slot] = name;
    this.#values[slot] = value;
    this.#kinds[slot] = kind;
    this.#count++;
    this.#bytes += bytes;
  }

  /** @see RFC 7541 §4.3 */
  resize(maxBytes: number): void {
    this.#maxBytes = maxBytes;
    this.#evictTo(maxBytes);
  }

  #evictTo(bytes: number): void {
    while (this.#bytes > bytes && this.#count > 0) {
      const slot = (this.#newest - this.#count + 1) & this.#mask;
      this.#bytes -= entryBytes(this.#names[slot]!, this.#values[slot]!);
      this.#values[slot] = ''; // lets go of the memory
      this.#count--;
    }
  }

  #grow(): void {
    const slots = (this.#mask + 1) * 2;
    const names: string[] = [];
    const values: string[] = [];
    const kinds = new Uint8Array(slots);
    for (let i = 0; i < this.#count; i++) {
      const slot = (this.#newest - this.#count + 1 + i) & this.#mask;
      names[i] = this.#names[slot]!;
      values[i] = this.#values[slot]!;
      kinds[i] = this.#kinds[slot]!;
    }
    this.#names = names;
    this.#values = values;
    this.#kinds = kinds;
    this.#mask = slots - 1;
    this.#newest = this.#count - 1;
  }
}
