import { isDeepStrictEqual } from 'node:util';
import type { Diagnostic } from '#model/diagnostic.ts';
import { parseDocuments, type LoadedResource, type ParsedDocuments } from '#model/documents.ts';
import { resourceKey } from '#model/resource.ts';
import type { Snapshot } from '#model/snapshot/snapshot.ts';
import { Compiler } from './compile/compiler.ts';
import { keepLastGood, type KnownObject } from './last-good.ts';
import type { SourceFile } from './sources/source-file.ts';
import { withBrokenObjects, type ObjectStatus } from './status.ts';

/** What outlives a reconciliation: plain values, so that it crosses threads and survives on disk. */
export interface ControlState {
  /** What is served now, by key. It holds the secrets that were declared. */
  readonly objects: ReadonlyMap<string, KnownObject>;
}

export const emptyState: ControlState = { objects: new Map() };

export interface ReconcileOptions {
  /** What the sources could not read: files, or whole folders. Objects from there are kept. */
  readonly unreadable?: readonly Diagnostic[];
  /** How diagnostics name the sources as a whole. @defaultValue '.' */
  readonly source?: string;
  /** What time it is, in milliseconds since 1970: it tells of certificates that expire. @defaultValue that of the call */
  readonly nowMs?: number;
  /** What to remember between calls; without it each one starts from nothing, to the same result. */
  readonly memo?: ReconcileMemo;
}

export interface Reconciliation {
  readonly state: ControlState;
  readonly snapshot: Snapshot;
  readonly statuses: readonly ObjectStatus[];
  /** In the order of their places. */
  readonly diagnostics: readonly Diagnostic[];
}

interface ParsedFile extends ParsedDocuments {
  readonly text: string;
}

/** Spares work where successive reconciliations run in one thread; it changes no result. */
export class ReconcileMemo {
  readonly compiler = new Compiler();
  #files: ReadonlyMap<string, ParsedFile> = new Map();

  /** Parses what changed since the call before. */
  parse(files: readonly SourceFile[]): readonly ParsedFile[] {
    const parsed = new Map<string, ParsedFile>();
    for (const { file, text } of files) {
      const before = this.#files.get(file);
      parsed.set(
        file,
        before?.text === text ? before : { ...withKnownObjects(parseDocuments(file, text), before), text },
      );
    }
    this.#files = parsed;
    return [...parsed.values()];
  }
}

/** Keeps the identity of objects that an edit elsewhere in their file left alone: compilation goes by it. */
function withKnownObjects(parsed: ParsedDocuments, before: ParsedFile | undefined): ParsedDocuments {
  if (before === undefined) return parsed;
  const known = new Map(before.resources.map(({ resource }) => [resourceKey(resource), resource]));
  const resources = parsed.resources.map((loaded): LoadedResource => {
    const old = known.get(resourceKey(loaded.resource));
    return old !== undefined && isDeepStrictEqual(old, loaded.resource) ? { ...loaded, resource: old } : loaded;
  });
  return { ...parsed, resources };
}

/**
 * Leads from what is served to what the files now say.
 *
 * An object that became invalid, or whose document or file can no longer be read, keeps being served in its last good
 * form; one whose document is gone is gone. A `ReferenceGrant` that became invalid grants nothing: what it should
 * permit now is unknown, and only references through it fail. A policy for security that was never valid closes what it
 * is about.
 *
 * @param state of the reconciliation before, or {@link emptyState}
 * @param files all that the sources read, in the order in which documents count
 */
export function reconcile(
  state: ControlState,
  files: readonly SourceFile[],
  options: ReconcileOptions = {},
): Reconciliation {
  const { unreadable = [], source = '.', nowMs = Date.now(), memo = new ReconcileMemo() } = options;
  const parsed = memo.parse(files);
  const valid = parsed.flatMap(({ resources }) => resources);
  const complaints = [...unreadable, ...parsed.flatMap(({ diagnostics }) => diagnostics)];
  const { kept, notices, broken } = keepLastGood(state.objects, valid, complaints, unreadable);
  const rejected = parsed.flatMap((file) => file.rejected);
  const compiled = memo.compiler.compile([...valid, ...kept.map(loadedAgain)], { source, nowMs, rejected });
  return {
    state: { objects: objectsOf(valid, kept) },
    snapshot: compiled.snapshot,
    statuses: withBrokenObjects(compiled.statuses, broken),
    diagnostics: [...complaints, ...notices, ...compiled.diagnostics].sort(byPlace),
  };
}

/** Its text is no longer there: every field is where the object was. */
function loadedAgain({ resource, location }: KnownObject): LoadedResource {
  return { resource, location, locate: () => location };
}

function objectsOf(valid: readonly LoadedResource[], kept: readonly KnownObject[]): ReadonlyMap<string, KnownObject> {
  const objects = new Map<string, KnownObject>();
  for (const { resource, location } of [...valid, ...kept]) {
    const key = resourceKey(resource);
    if (!objects.has(key)) objects.set(key, { resource, location });
  }
  return objects;
}

function byPlace({ location: a }: Diagnostic, { location: b }: Diagnostic): number {
  const byFile = a.file < b.file ? -1 : a.file > b.file ? 1 : 0;
  return byFile || a.line - b.line || a.column - b.column;
}
