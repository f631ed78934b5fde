/** What the table needs of a stream. */
export interface Chained<T> {
  readonly id: number;
  /** The next stream of the same slot; the table's. */
  chained: T | null;
}

const SLOTS = 64;

/**
 * The open streams of a connection by their identifiers. These count up by two, so that the low bits spread perfectly,
 * and each look-up is an index and a comparison.
 */
export class StreamTable<T extends Chained<T>> {
  readonly #slots: (T | null)[] = Array.from({ length: SLOTS }, () => null);
  count = 0;

  get(id: number): T | null {
    let stream: T | null = this.#slots[(id >> 1) & (SLOTS - 1)]!;
    while (stream !== null && stream.id !== id) stream = stream.chained;
    return stream;
  }

  add(stream: T): void {
    const slot = (stream.id >> 1) & (SLOTS - 1);
    stream.chained = this.#slots[slot]!;
    this.#slots[slot] = stream;
    this.count++;
  }

  remove(stream: T): void {
    const slot = (stream.id >> 1) & (SLOTS - 1);
    let before: T | null = null;
    for (let at: T | null = this.#slots[slot]!; at !== null; at = at.chained) {
      if (at === stream) {
        if (before === null) this.#slots[slot] = stream.chained;
        else before.chained = stream.chained;
        stream.chained = null;
        this.count--;
        return;
      }
      before = at;
    }
  }

  /** @returns all streams as they are now, by identifier; for rare occasions */
  all(): T[] {
    const streams: T[] = [];
    for (const first of this.#slots) for (let at: T | null = first; at !== null; at = at.chained) streams.push(at);
    return streams.toSorted((a, b) => a.id - b.id);
  }
}
