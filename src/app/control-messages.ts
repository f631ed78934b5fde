import type { Diagnostic } from '#model/diagnostic.ts';
import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { ObjectStatus } from '#control/status.ts';

/** Asks the control process to read the folder and say what follows from it. */
export interface ReconcileRequest {
  readonly folder: string;
  /** What the last answer gave; null at first. Only the control process knows what is in it. */
  readonly state: Uint8Array | null;
}

/** What a folder declares now. */
export interface Reconciliation {
  readonly state: Uint8Array;
  /** From the snapshot that the request's state belongs to. */
  readonly delta: SnapshotDelta;
  readonly statuses: readonly ObjectStatus[];
  /** All that is wrong now, sorted by place. */
  readonly diagnostics: readonly Diagnostic[];
  readonly fileCount: number;
}

/** How a request went; a failure is a defect of the compiler, since what people write wrong are diagnostics. */
export type ReconcileReply =
  | { readonly type: 'reconciled'; readonly reconciliation: Reconciliation }
  | { readonly type: 'failed'; readonly reason: string };
