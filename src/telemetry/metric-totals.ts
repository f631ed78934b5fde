import { FamilyBuilder, mergeSnapshots, seriesKey, valuesPerSeries } from './metric-snapshot.ts';
import type { FamilySnapshot, MetricSnapshot } from './metric-snapshot.ts';
import { metricEntry, type MetricName } from './metric-table.ts';
import { IDLE_SERIES_MS, OVERFLOW_LABEL, SeriesStore } from './series-store.ts';

type Totals = SeriesStore<readonly string[]>;

/** What a process counted since it started: the sum of what its threads report. Lives where metrics are exposed. */
export class MetricTotals {
  readonly #nowMs: () => number;
  readonly #totals = new Map<MetricName, Totals>();
  readonly #gauges = new Map<string, MetricSnapshot>();

  /** @param nowMs a monotonic clock */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  /** Adds what a thread counted since its last report. @param source names the thread; its gauges replace its earlier ones */
  absorb(source: string, report: MetricSnapshot): void {
    const gauges: FamilySnapshot[] = [];
    for (const family of report.families) {
      if (metricEntry(family.name).type === 'gauge') gauges.push(family);
      else this.#add(family);
    }
    this.#gauges.set(source, { families: gauges });
  }

  /** Drops the gauges of a thread that is gone. What it counted stays. */
  forget(source: string): void {
    this.#gauges.delete(source);
  }

  /** @returns everything since the start; series that were idle for long are dropped */
  snapshot(): MetricSnapshot {
    const nowMs = this.#nowMs();
    const families: FamilySnapshot[] = [];
    for (const [name, totals] of this.#totals) {
      if (metricEntry(name).dropsWhenIdle === true) totals.dropIdle(nowMs, IDLE_SERIES_MS);
      const builder = new FamilyBuilder(name);
      totals.each((labels, row, key) => builder.add(key, labels, totals.values, row * totals.columns));
      families.push(builder.build());
    }
    return { families: families.concat(mergeSnapshots([...this.#gauges.values()]).families) };
  }

  #add(family: FamilySnapshot): void {
    const totals = this.#totalsOf(family.name);
    const width = totals.columns;
    const nowMs = this.#nowMs();
    for (const [i, labels] of family.labels.entries()) {
      const to = totals.acquire(seriesKey(labels), labels, nowMs) * width;
      const values = totals.values; // acquire may have replaced it
      for (let column = 0; column < width; column++) values[to + column]! += family.values[i * width + column]!;
    }
  }

  #totalsOf(name: MetricName): Totals {
    let totals = this.#totals.get(name);
    if (totals === undefined) {
      const entry = metricEntry(name);
      totals = new SeriesStore(
        valuesPerSeries(entry),
        entry.labels.map(() => OVERFLOW_LABEL),
        { idleWhen: 'unchanged' },
      );
      this.#totals.set(name, totals);
    }
    return totals;
  }
}
