/** A series goes when nothing was counted in it for this long, as in Linkerd; it comes back from zero. */
export const IDLE_SERIES_MS = 10 * 60_000;

/** How many series one store holds, before further ones are counted together. */
export const MAX_SERIES = 10_000;

/** Row that counts what found no room. */
export const OVERFLOW_ROW = 0;

/** Stands in every label of the series that counts for those that found no room. */
export const OVERFLOW_LABEL = 'overflow';

interface Row<Labels> {
  readonly key: string;
  readonly labels: Labels;
  /** Value of column 0 at the last sweep that found it changed, and when that was. */
  seenValue: number;
  seenAtMs: number;
}

/**
 * Series as rows of one growing `Float64Array`. Column 0 tells whether anything happened to a row, so that counting
 * itself need not note the time.
 *
 * Row numbers may be kept by whoever counts, but only while {@link epoch} stays what it was: a row that was dropped is
 * given to another series.
 */
export class SeriesStore<Labels> {
  /** Of a row `r`, column `c` is at `r * columns + c`. Replaced when it grows: never keep it. */
  values: Float64Array;
  readonly columns: number;
  readonly #capacity: number;
  readonly #idleWhen: 'zero' | 'unchanged';
  readonly #rowOfKey = new Map<string, number>();
  readonly #rows: (Row<Labels> | null)[];
  readonly #free: number[] = [];
  #epoch = nextEpoch();

  /**
   * @param columns numbers per series
   * @param overflow labels of the row that counts for all series beyond the capacity
   * @param options `idleWhen`: what column 0 of a row is where nothing happened: `zero` where readers set it back
   * (and for gauges), `unchanged` for totals
   */
  constructor(
    columns: number,
    overflow: Labels,
    options: { readonly capacity?: number; readonly idleWhen: 'zero' | 'unchanged' },
  ) {
    this.columns = columns;
    this.#capacity = options.capacity ?? MAX_SERIES;
    this.#idleWhen = options.idleWhen;
    this.#rows = [{ key: '', labels: overflow, seenValue: 0, seenAtMs: 0 }];
    this.values = new Float64Array(columns * 16);
  }

  /** Unique among all stores; another one after each sweep that dropped a row. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Series that exist, the overflow row aside. */
  get size(): number {
    return this.#rowOfKey.size;
  }

  /** @returns the row of that key, all zero where it is new; {@link OVERFLOW_ROW} where there is no room */
  acquire(key: string, labels: Labels, nowMs: number): number {
    const known = this.#rowOfKey.get(key);
    if (known !== undefined) return known;
    if (this.#rowOfKey.size >= this.#capacity) return OVERFLOW_ROW;
    const row = this.#free.pop() ?? this.#rows.length;
    this.#rows[row] = { key, labels, seenValue: 0, seenAtMs: nowMs };
    this.#rowOfKey.set(key, row);
    this.#reserve(row);
    return row;
  }

  /** Drops what was idle for `idleMs`. Rows may change hands then: see {@link epoch}. */
  dropIdle(nowMs: number, idleMs: number): void {
    const freeBefore = this.#free.length;
    for (let row = 1; row < this.#rows.length; row++) {
      const info = this.#rows[row]!;
      if (info === null || !this.#isIdle(info, row, nowMs, idleMs)) continue;
      this.#rowOfKey.delete(info.key);
      this.#rows[row] = null;
      this.#free.push(row);
      this.values.fill(0, row * this.columns, (row + 1) * this.columns);
    }
    if (this.#free.length !== freeBefore) this.#epoch = nextEpoch();
  }

  /** Calls `visit` with each row that counts something, the overflow row only when it was used. */
  each(visit: (labels: Labels, row: number, key: string) => void): void {
    for (let row = 0; row < this.#rows.length; row++) {
      const info = this.#rows[row]!;
      if (info === null || (row === OVERFLOW_ROW && this.values[0] === 0)) continue;
      visit(info.labels, row, info.key);
    }
  }

  #isIdle(info: Row<Labels>, row: number, nowMs: number, idleMs: number): boolean {
    const value = this.values[row * this.columns]!;
    if (value !== (this.#idleWhen === 'zero' ? 0 : info.seenValue)) {
      info.seenValue = value;
      info.seenAtMs = nowMs;
    }
    return nowMs - info.seenAtMs >= idleMs;
  }

  #reserve(row: number): void {
    const needed = (row + 1) * this.columns;
    if (needed <= this.values.length) return;
    const grown = new Float64Array(Math.max(needed, this.values.length * 2));
    grown.set(this.values);
    this.values = grown;
  }
}

let lastEpoch = 0;
const nextEpoch = (): number => ++lastEpoch;
