import { emptyState, reconcile, ReconcileMemo } from '#control/reconcile.ts';
import { readDirectory } from '#control/sources/directory.ts';
import type { Diagnostic, SourceLocation } from '#model/diagnostic.ts';
import type { LoadedResource } from '#model/documents.ts';
import type { Path } from '#model/field-path.ts';
import type { RejectedResource } from '#model/rejected-resource.ts';
import { resourceKey } from '#model/resource.ts';
import type { Snapshot } from '#model/snapshot/snapshot.ts';

/** A folder of documents, read and compiled once, as `selvage up` would at its start. */
export interface Declarations {
  readonly snapshot: Snapshot;
  readonly diagnostics: readonly Diagnostic[];
  /** All that is valid, in the order in which documents count. */
  readonly loaded: readonly LoadedResource[];
  /** All that is not, as far as it says what it was meant to be. */
  readonly rejected: readonly RejectedResource[];
  readonly fileCount: number;
  readonly objectCount: number;
  /**
   * Finds where a field of an object is written.
   *
   * @param key as in `HTTPRoute/shop/web`
   */
  readonly locate: (key: string, path: Path) => SourceLocation | undefined;
}

/** Reads and compiles a folder, or one file. Never throws for what is written in it. */
export function readDeclarations(folder: string): Declarations {
  const { files, unreadable } = readDirectory(folder);
  const memo = new ReconcileMemo();
  const { state, snapshot, diagnostics } = reconcile(emptyState, files, { unreadable, source: folder, memo });
  const loaded = new Map<string, LoadedResource>();
  // The memo has them parsed; of two with one name, the first counts.
  const parsed = memo.parse(files);
  for (const { resources } of parsed.toReversed()) {
    for (const one of resources.toReversed()) loaded.set(resourceKey(one.resource), one);
  }
  return {
    snapshot,
    diagnostics,
    loaded: parsed.flatMap(({ resources }) => resources),
    rejected: parsed.flatMap((file) => file.rejected),
    fileCount: files.length,
    objectCount: state.objects.size,
    locate: (key, path) => loaded.get(key)?.locate(path),
  };
}
