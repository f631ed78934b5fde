import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { ApplyReport, BoundAddress } from '#proxy/listener-set.ts';
import type { MetricTotals } from '#telemetry/metric-totals.ts';

/** What carries the traffic of this process, on whatever threads. */
export interface DataPlane {
  /** What is bound now. */
  readonly bound: readonly BoundAddress[];
  /** Goes over to what the delta leads to; one call at a time. */
  apply(delta: SnapshotDelta): Promise<ApplyReport>;
  /** Adds what was counted since the last call. */
  collect(totals: MetricTotals): Promise<void>;
  /** Opens the access log by its name again. */
  reopenLog(): void;
  /** Accepts nothing new and finishes what is open. @returns when the last connection has gone */
  drain(): Promise<void>;
  /** Closes everything at once. @returns when the access log is written */
  close(): Promise<void>;
}

/** What every thread of the data plane needs to know from the start. Plain, so that it crosses to a worker. */
export interface DataPlaneOptions {
  readonly accessLog:
    | { readonly type: 'none' }
    | { readonly type: 'stdout' }
    | { readonly type: 'file'; readonly path: string };
  /** CIDRs. */
  readonly trustedProxies: readonly string[];
  /** Where threads share the key of TLS session tickets; none where there is one thread. */
  readonly ticketMemory?: SharedArrayBuffer;
  /** Who a thread is in the mesh when it starts, as of `writeSavedIdentity`: null for nobody yet, absent outside of a mesh. */
  readonly identity?: string | null;
}
