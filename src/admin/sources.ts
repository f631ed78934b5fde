import type { AdminActions } from './actions.ts';
import type { Snapshot } from '#model/snapshot/snapshot.ts';
import type { MetricSnapshot } from '#telemetry/metric-snapshot.ts';

/** Whether traffic should come to this process. */
export interface ReadyReport {
  readonly ready: boolean;
  /** Why not, one sentence each: not configured yet, a listener that is not bound, draining. */
  readonly reasons: readonly string[];
}

/** Where the admin API finds what it says; asked at each request. */
export interface AdminSources {
  ready(): ReadyReport;
  /** Totals since the start, of all threads. */
  metrics(): Promise<MetricSnapshot>;
  /** What control reported for each object. */
  status(): unknown;
  /** What the proxy goes by; null before there is any. */
  snapshot(): Snapshot | null;
  /** Version of the build. */
  version(): string;
  /** Pages that this process alone has, by path: what they show, as JSON. */
  readonly views?: ReadonlyMap<string, () => unknown>;
  /** What this process can be told to do; without it, the API is for reading. */
  readonly actions?: AdminActions;
}
