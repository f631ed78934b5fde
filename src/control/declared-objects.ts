import { resourceKey } from '#model/resource.ts';
import type { Diagnostic } from '#model/diagnostic.ts';
import type { LoadedResource } from '#model/documents.ts';
import type { RejectedResource } from '#model/rejected-resource.ts';
import { keepLastGood, type KnownObject } from './last-good.ts';
import { ReconcileMemo } from './reconcile.ts';
import type { DirectoryContent } from './sources/directory.ts';
import type { BrokenObject } from './status.ts';

/** What a folder declares now, with the last good forms of what is not valid any more. */
export interface Declared {
  readonly loaded: readonly LoadedResource[];
  readonly rejected: readonly RejectedResource[];
  readonly diagnostics: readonly Diagnostic[];
  /** What is not as its document says, for the statuses. */
  readonly broken: readonly BrokenObject[];
}

/** Reads one content of a folder after another; nothing is compiled. */
export class DeclaredObjects {
  readonly #memo = new ReconcileMemo();
  #known: ReadonlyMap<string, KnownObject> = new Map();

  update({ files, unreadable }: DirectoryContent): Declared {
    const parsed = this.#memo.parse(files);
    const valid = parsed.flatMap(({ resources }) => resources);
    const complaints = [...unreadable, ...parsed.flatMap(({ diagnostics }) => diagnostics)];
    const { kept, notices, broken } = keepLastGood(this.#known, valid, complaints, unreadable);
    const again = kept.map(({ resource, location }): LoadedResource => ({
      resource,
      location,
      locate: () => location,
    }));
    const loaded = [...valid, ...again];
    // Of two with one name, the first counts.
    this.#known = new Map(
      loaded.toReversed().map(({ resource, location }) => [resourceKey(resource), { resource, location }]),
    );
    return {
      loaded,
      rejected: parsed.flatMap(({ rejected }) => rejected),
      diagnostics: [...complaints, ...notices],
      broken,
    };
  }
}
