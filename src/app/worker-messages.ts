import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { ApplyReport, BoundAddress } from '#proxy/listener-set.ts';
import type { MetricSnapshot } from '#telemetry/metric-snapshot.ts';

/** What the main thread asks of a worker. Each gets one reply, in order. */
export type WorkerRequest =
  | { readonly type: 'apply'; readonly delta: SnapshotDelta }
  /** This process is somebody else in the mesh now, as of `writeSavedIdentity`; null for nobody. */
  | { readonly type: 'renew'; readonly identity: string | null }
  | { readonly type: 'collect' }
  | { readonly type: 'reopen-log' }
  | { readonly type: 'drain' }
  | { readonly type: 'close' };

/** What a worker answers to a request of each type. */
export interface WorkerAnswers {
  readonly apply: { readonly report: ApplyReport; readonly bound: readonly BoundAddress[] };
  readonly renew: null;
  readonly collect: MetricSnapshot;
  readonly 'reopen-log': null;
  readonly drain: null;
  readonly close: null;
}

export interface WorkerReply {
  /** Of the request; a drain is answered long after requests that came later. */
  readonly id: number;
  readonly answer: WorkerAnswers[WorkerRequest['type']];
}
