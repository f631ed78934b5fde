import { metricEntry, type MetricEntry, type MetricName } from './metric-table.ts';

/**
 * The values of one metric. Plain data, so that a worker may post it to another thread.
 *
 * `values` holds {@link valuesPerSeries} numbers for each series: a counter or gauge its value; a histogram its
 * count, its sum, and the count of each declared bucket, not cumulative (what exceeds all bounds is only in the count).
 */
export interface FamilySnapshot {
  readonly name: MetricName;
  /** Label values of each series, in the order of the declaration. */
  readonly labels: readonly (readonly string[])[];
  readonly values: Float64Array;
}

/**
 * The metrics of one thread or process.
 *
 * From a `collect()` it says what was counted since the call before (gauges: how they stand), so that a worker that
 * restarts or forgets an idle series never makes a total shrink, which a scraper would take for a restart of all.
 * From `MetricTotals` it says what was counted since the process started.
 */
export interface MetricSnapshot {
  readonly families: readonly FamilySnapshot[];
}

/** @returns how many numbers one series of that metric has in {@link FamilySnapshot.values} */
export const valuesPerSeries = (entry: MetricEntry): number =>
  entry.buckets === undefined ? 1 : 2 + entry.buckets.length;

/** Label values cannot hold this in practice; where one does, two series merely become one. */
const SEPARATOR = '\u0000';

/** @returns one string for a set of label values */
export const seriesKey = (labels: readonly string[]): string => labels.join(SEPARATOR);

/** Adds series of one metric up, by their labels. */
export class FamilyBuilder {
  readonly name: MetricName;
  readonly #width: number;
  readonly #takesMaximum: boolean;
  readonly #series = new Map<string, { readonly labels: readonly string[]; readonly values: Float64Array }>();

  constructor(name: MetricName) {
    const entry = metricEntry(name);
    this.name = name;
    this.#width = valuesPerSeries(entry);
    this.#takesMaximum = entry.merge === 'max';
  }

  /**
   * @param key {@link seriesKey} of the labels
   * @param source the numbers of this series begin at `offset`
   */
  add(key: string, labels: readonly string[], source: Float64Array, offset: number): void {
    const width = this.#width;
    const known = this.#series.get(key);
    if (known === undefined) {
      this.#series.set(key, { labels, values: source.slice(offset, offset + width) });
      return;
    }
    const values = known.values;
    if (this.#takesMaximum) values[0] = Math.max(values[0]!, source[offset]!);
    else for (let i = 0; i < width; i++) values[i]! += source[offset + i]!;
  }

  build(): FamilySnapshot {
    const labels: (readonly string[])[] = [];
    const values = new Float64Array(this.#series.size * this.#width);
    for (const series of this.#series.values()) {
      values.set(series.values, labels.length * this.#width);
      labels.push(series.labels);
    }
    return { name: this.name, labels, values };
  }
}

/** @returns the metrics of several threads as those of one, in the order of first appearance */
export const mergeSnapshots = (snapshots: readonly MetricSnapshot[]): MetricSnapshot => {
  const builders = new Map<MetricName, FamilyBuilder>();
  for (const snapshot of snapshots) {
    for (const family of snapshot.families) {
      let builder = builders.get(family.name);
      if (builder === undefined) builders.set(family.name, (builder = new FamilyBuilder(family.name)));
      const width = valuesPerSeries(metricEntry(family.name));
      for (const [i, labels] of family.labels.entries())
        builder.add(seriesKey(labels), labels, family.values, i * width);
    }
  }
  return { families: [...builders.values()].map((builder) => builder.build()) };
};
