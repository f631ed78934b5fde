import { watch, type FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { systemClock, type Clock } from './clock.ts';
import { Debounce } from './debounce.ts';
import { directoryIdentity, listSources, type Listing } from './listing.ts';

export interface DirectoryWatcherOptions {
  /** Silence after the last event before the folder is looked at. @defaultValue 100 */
  readonly quietMs?: number;
  /** Changes that keep coming are reported at least this often. @defaultValue 10000 */
  readonly maxDelayMs?: number;
  /** How often the folder is looked at where events cannot be had. @defaultValue 1000 */
  readonly pollIntervalMs?: number;
  /**
   * How often the folder is looked at although events arrive: no event tells that a link far above the folder was
   * turned elsewhere. @defaultValue 30000
   */
  readonly auditIntervalMs?: number;
  readonly clock?: Clock;
}

const defaults = { quietMs: 100, maxDelayMs: 10_000, pollIntervalMs: 1000, auditIntervalMs: 30_000 };

interface Watch {
  readonly identity: string;
  readonly watcher: FSWatcher;
}

/**
 * Tells when the documents of a folder may have changed.
 *
 * Events are taken as hints only; what counts is whether the listing differs (names, sizes, times, inodes). So atomic
 * renames, swapped links, swap files of editors, and a folder that is deleted and recreated all need no case of their
 * own. There is one watch per directory rather than Node's recursive watch, which follows no links and forgets files
 * that were replaced by a rename.
 */
export class DirectoryWatcher {
  readonly #root: string;
  readonly #onChange: () => void;
  readonly #options: Required<DirectoryWatcherOptions>;
  readonly #debounce: Debounce;
  readonly #watches = new Map<string, Watch>();
  #seen: string;
  #cancelPoll: (() => void) | undefined;
  #closed = false;

  /**
   * Watches from now on. Create it before the first reading, so that no change falls between the two.
   *
   * @param folder a folder or one file; it may be absent yet
   * @param onChange called after each burst of changes; read the folder then
   */
  constructor(folder: string, onChange: () => void, options: DirectoryWatcherOptions = {}) {
    this.#root = folder;
    this.#onChange = onChange;
    this.#options = { ...defaults, clock: systemClock, ...options };
    this.#debounce = new Debounce(() => this.#look(), this.#options);
    const listing = listSources(folder);
    this.#seen = digest(listing);
    this.#follow(listing);
    // What came between the listing and its watches.
    const rechecked = digest(listSources(folder));
    if (rechecked !== this.#seen) this.#debounce.call();
  }

  /** Stops watching; nothing is called afterwards. */
  close(): void {
    this.#closed = true;
    this.#debounce.close();
    this.#cancelPoll?.();
    for (const path of this.#watches.keys()) this.#unwatch(path);
  }

  #look(): void {
    if (this.#closed) return;
    const listing = listSources(this.#root);
    this.#follow(listing);
    const now = digest(listing);
    if (now === this.#seen) return;
    this.#seen = now;
    this.#onChange();
  }

  /** Watches what the listing says and nothing else; polls where that fails. */
  #follow(listing: Listing): void {
    // The folder itself may be renamed, or be a link that is turned elsewhere: its parent tells.
    const parent = dirname(resolve(this.#root));
    const wanted = new Map([[parent, directoryIdentity(parent)], ...listing.directories]);
    for (const [path, { identity }] of this.#watches) if (wanted.get(path) !== identity) this.#unwatch(path);
    let complete = listing.rootFound;
    for (const [path, identity] of wanted) {
      const only = listing.directories.has(path) ? undefined : basename(resolve(this.#root));
      if (identity === undefined || !this.#watch(path, identity, only)) complete = false;
    }
    this.#poll(complete ? this.#options.auditIntervalMs : this.#options.pollIntervalMs);
  }

  /** @param only the one name in the directory that matters; undefined for all */
  #watch(path: string, identity: string, only: string | undefined): boolean {
    if (this.#watches.has(path)) return true;
    try {
      const watcher = watch(path, (_event, name) => {
        if (name === null || only === undefined || name === only) this.#debounce.call();
      });
      watcher.on('error', () => {
        this.#unwatch(path);
        this.#debounce.call();
      });
      this.#watches.set(path, { identity, watcher });
      return true;
    } catch {
      // Absent, or out of inotify watches: polling takes over.
      return false;
    }
  }

  #unwatch(path: string): void {
    this.#watches.get(path)?.watcher.close();
    this.#watches.delete(path);
  }

  #poll(intervalMs: number): void {
    this.#cancelPoll?.();
    this.#cancelPoll = this.#options.clock.after(intervalMs, () => this.#look());
  }
}

function digest({ files, problems }: Listing): string {
  return JSON.stringify([files.map(({ file, fingerprint }) => [file, fingerprint]), problems]);
}
