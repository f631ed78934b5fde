// The control plane of `selvage up`, in a process of its own: see ControlClient. It answers one request at a time and
// ends when whoever started it has gone.
import process from 'node:process';
import { deserialize, serialize } from 'node:v8';
import { emptyState, reconcile, ReconcileMemo, type ControlState } from '#control/reconcile.ts';
import { readDirectory } from '#control/sources/directory.ts';
import type { Snapshot, SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { ReconcileReply, ReconcileRequest, Reconciliation } from './control-messages.ts';

/** What is kept from one request to the next, which another process may answer. */
interface Kept {
  readonly control: ControlState;
  /** Of what the last answer led to, by key: all that a delta needs to know of it. */
  readonly versions: ReadonlyMap<string, string>;
}

/** A burst of changes parses and compiles only what each of them changed. */
const memo = new ReconcileMemo();

// Ctrl-C reaches the whole group, and whoever started this one still may want an answer.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

process.on('message', (request: ReconcileRequest) => process.send?.(answer(request)));
process.on('disconnect', () => process.exit());

function answer(request: ReconcileRequest): ReconcileReply {
  try {
    return { type: 'reconciled', reconciliation: reconcileFolder(request) };
  } catch (error) {
    return { type: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}

function reconcileFolder({ folder, state }: ReconcileRequest): Reconciliation {
  const kept: Kept = state === null ? { control: emptyState, versions: new Map() } : (deserialize(state) as Kept);
  const { files, unreadable } = readDirectory(folder);
  const outcome = reconcile(kept.control, files, { unreadable, source: folder, memo });
  const versions = new Map([...outcome.snapshot.resources].map(([key, { version }]) => [key, version]));
  return {
    state: serialize({ control: outcome.state, versions } satisfies Kept),
    delta: deltaFrom(kept.versions, outcome.snapshot),
    statuses: outcome.statuses,
    diagnostics: outcome.diagnostics,
    fileCount: files.length,
  };
}

/** As `diffSnapshots`, for somebody who knows the versions alone. */
function deltaFrom(versions: ReadonlyMap<string, string>, { version, resources }: Snapshot): SnapshotDelta {
  return {
    version,
    upserts: [...resources].filter(([key, resource]) => versions.get(key) !== resource.version).map(([, one]) => one),
    removals: [...versions.keys()].filter((key) => !resources.has(key)),
  };
}
