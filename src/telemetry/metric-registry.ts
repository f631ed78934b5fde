import { seriesKey, valuesPerSeries } from './metric-snapshot.ts';
import type { FamilySnapshot, MetricSnapshot } from './metric-snapshot.ts';
import { metricEntry, type MetricEntry, type MetricName } from './metric-table.ts';
import { IDLE_SERIES_MS, OVERFLOW_LABEL, SeriesStore } from './series-store.ts';

/** One value of a metric that is read when somebody asks, and not counted here. */
export interface WatchedSeries {
  readonly labels: readonly string[];
  readonly value: number;
}

/** The series of one metric on this thread. */
class Family {
  readonly name: MetricName;
  readonly entry: MetricEntry;
  readonly store: SeriesStore<readonly string[]>;
  readonly nowMs: () => number;

  constructor(name: MetricName, nowMs: () => number) {
    const entry = metricEntry(name);
    this.name = name;
    this.entry = entry;
    this.nowMs = nowMs;
    this.store = new SeriesStore(
      valuesPerSeries(entry),
      entry.labels.map(() => OVERFLOW_LABEL),
      { idleWhen: 'zero' },
    );
  }

  collect(): FamilySnapshot {
    const { store } = this;
    if (this.entry.dropsWhenIdle === true) store.dropIdle(this.nowMs(), IDLE_SERIES_MS);
    const labels: (readonly string[])[] = [];
    const values = new Float64Array((store.size + 1) * store.columns);
    store.each((rowLabels, row) => {
      const from = row * store.columns;
      values.set(store.values.subarray(from, from + store.columns), labels.length * store.columns);
      labels.push(rowLabels);
    });
    if (this.entry.type !== 'gauge') store.values.fill(0);
    return { name: this.name, labels, values: values.subarray(0, labels.length * store.columns).slice() };
  }
}

/**
 * One series, for whoever counts in it. May be kept as long as one likes: a series that was dropped because it was
 * idle comes back when it is used again.
 */
class Series {
  readonly #family: Family;
  readonly #labels: readonly string[];
  #row = 0;
  #epoch = 0;

  constructor(family: Family, labels: readonly string[]) {
    this.#family = family;
    this.#labels = labels;
    this.offset();
  }

  protected get family(): Family {
    return this.#family;
  }

  /** @returns where its numbers begin */
  protected offset(): number {
    const { store } = this.#family;
    if (this.#epoch !== store.epoch) {
      this.#row = store.acquire(seriesKey(this.#labels), this.#labels, this.#family.nowMs());
      this.#epoch = store.epoch;
    }
    return this.#row * store.columns;
  }
}

/** A count that only grows. */
export class Counter extends Series {
  /** @param amount ≥ 0 */
  add(amount = 1): void {
    const offset = this.offset();
    this.family.store.values[offset]! += amount;
  }
}

/** A number that goes up and down. */
export class Gauge extends Series {
  add(amount: number): void {
    const offset = this.offset();
    this.family.store.values[offset]! += amount;
  }

  set(value: number): void {
    const offset = this.offset();
    this.family.store.values[offset] = value;
  }
}

/** How often values fell into which range. */
export class Histogram extends Series {
  observe(value: number): void {
    const offset = this.offset();
    const { store, entry } = this.family;
    const bounds = entry.buckets!;
    store.values[offset]! += 1;
    store.values[offset + 1]! += value;
    for (let i = 0; i < bounds.length; i++) {
      if (value > bounds[i]!) continue;
      store.values[offset + 2 + i]! += 1;
      return;
    }
  }
}

/** The declared metrics that one thread counts, the hot ones of exchanges aside (those are in `RequestMetrics`). */
export class MetricRegistry {
  readonly #families = new Map<MetricName, Family>();
  readonly #watched: {
    readonly name: MetricName;
    readonly read: () => readonly WatchedSeries[];
    seen: Map<string, number>;
  }[] = [];
  readonly #nowMs: () => number;

  /** @param nowMs a monotonic clock */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** @param labels in the order of the declaration @throws where the metric is no counter, or the labels are not its */
  counter(name: MetricName, labels: readonly string[] = []): Counter {
    return new Counter(this.#family(name, 'counter', labels), labels);
  }

  /** @param labels in the order of the declaration @throws where the metric is no gauge, or the labels are not its */
  gauge(name: MetricName, labels: readonly string[] = []): Gauge {
    return new Gauge(this.#family(name, 'gauge', labels), labels);
  }

  /** @param labels in the order of the declaration @throws where the metric is no histogram, or the labels are not its */
  histogram(name: MetricName, labels: readonly string[] = []): Histogram {
    return new Histogram(this.#family(name, 'histogram', labels), labels);
  }

  /**
   * Exposes what somebody else counts.
   *
   * @param read asked at each collection; of a counter it says the total, and the registry works out the growth
   */
  watch(name: MetricName, read: () => readonly WatchedSeries[]): void {
    this.#watched.push({ name, read, seen: new Map() });
  }

  /** @returns what was counted since the last call; gauges as they stand */
  collect(): MetricSnapshot {
    const families: FamilySnapshot[] = [];
    for (const family of this.#families.values()) families.push(family.collect());
    for (const watched of this.#watched) {
      const series = watched.read();
      const isCounter = metricEntry(watched.name).type === 'counter';
      families.push({
        name: watched.name,
        labels: series.map((one) => one.labels),
        values: Float64Array.from(series, (one) => (isCounter ? growth(watched.seen, one) : one.value)),
      });
    }
    return { families };
  }

  #family(name: MetricName, type: MetricEntry['type'], labels: readonly string[]): Family {
    let family = this.#families.get(name);
    if (family === undefined) this.#families.set(name, (family = new Family(name, this.#nowMs)));
    if (family.entry.type !== type)
      throw new Error(`cannot count ${name} as a ${type}: it is declared a ${family.entry.type}`);
    if (family.entry.labels.length !== labels.length) {
      throw new Error(`cannot count ${name}: it has ${family.entry.labels.length} labels and not ${labels.length}`);
    }
    return family;
  }
}

/** A total that shrank was restarted, and has grown by all that it says. */
const growth = (seen: Map<string, number>, series: WatchedSeries): number => {
  const key = seriesKey(series.labels);
  const before = seen.get(key) ?? 0;
  seen.set(key, series.value);
  return series.value >= before ? series.value - before : series.value;
};
