import { readdirSync, realpathSync, statSync, type BigIntStats } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { isHiddenName, isSourceFileName } from './source-file.ts';

/** What lies in a folder of documents, without the text. */
export interface Listing {
  readonly files: readonly ListedFile[];
  /** Real paths of the directories in which a change can alter the listing, with the identity of each. */
  readonly directories: ReadonlyMap<string, string>;
  readonly problems: readonly ListingProblem[];
  /** False where the folder itself is absent or cannot be opened. */
  readonly rootFound: boolean;
}

export interface ListedFile {
  readonly file: string;
  readonly sizeBytes: number;
  /** Differs whenever the content may differ. */
  readonly fingerprint: string;
}

/** A path that is there by name but could not be looked into. */
export interface ListingProblem {
  readonly file: string;
  readonly message: string;
}

/**
 * Lists the documents of a folder, in the order in which they count: by name, a folder's content at its place.
 *
 * Symbolic links are followed, because that is how ConfigMaps are mounted. Whatever is reached a second time is left
 * out, so that a cycle ends and no document counts as its own duplicate.
 *
 * @param root a folder, or one file of any name
 */
export function listSources(root: string): Listing {
  const walk = new Walk();
  const rootFound = walk.enter(normalize(root), true);
  return { files: walk.files, directories: walk.directories, problems: walk.problems, rootFound };
}

class Walk {
  readonly files: ListedFile[] = [];
  readonly directories = new Map<string, string>();
  readonly problems: ListingProblem[] = [];
  readonly #seen = new Set<string>();

  enter(path: string, isRoot: boolean): boolean {
    try {
      const realPath = realpathSync(path);
      const stats = statSync(realPath, { bigint: true });
      if (stats.isDirectory()) this.#enterDirectory(path, realPath, stats);
      else if (stats.isFile() && (isRoot || isSourceFileName(basename(path)))) this.#addFile(path, realPath, stats);
      // A FIFO or a device would block the reader.
      else if (isRoot) throw new Error('neither a folder nor a regular file');
      return true;
    } catch (error) {
      // What vanished between the listing and now was deleted; what never resolved is a dangling link. Both look alike,
      // and the next change event tells.
      this.problems.push({ file: path, message: `cannot read ${path}: ${reasonOf(error)}` });
      return false;
    }
  }

  #enterDirectory(path: string, realPath: string, stats: BigIntStats): void {
    if (this.directories.has(realPath) && this.#seen.has(realPath)) return;
    this.#seen.add(realPath);
    this.directories.set(realPath, identityOf(stats));
    for (const entry of readdirSync(realPath, { withFileTypes: true }).sort(byName)) {
      if (isHiddenName(entry.name)) continue;
      const worthEntering = entry.isDirectory() || entry.isSymbolicLink() || isSourceFileName(entry.name);
      if (!worthEntering) continue;
      if (entry.isSymbolicLink() && !leadsToSource(join(realPath, entry.name), entry.name)) continue;
      this.enter(join(path, entry.name), false);
    }
  }

  #addFile(path: string, realPath: string, stats: BigIntStats): void {
    if (this.#seen.has(realPath)) return;
    this.#seen.add(realPath);
    // The directory of a link's target: a change there is a change of this file.
    const home = dirname(realPath);
    if (!this.directories.has(home)) this.directories.set(home, identityOf(statSync(home, { bigint: true })));
    const fingerprint = `${identityOf(stats)} ${stats.size} ${stats.mtimeNs} ${stats.ctimeNs}`;
    this.files.push({ file: path, sizeBytes: Number(stats.size), fingerprint });
  }
}

/** A link that leads nowhere is worth a complaint only where its name says that documents were meant. */
function leadsToSource(path: string, name: string): boolean {
  if (isSourceFileName(name)) return true;
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function identityOf(stats: BigIntStats): string {
  return `${stats.dev}:${stats.ino}`;
}

/** Tells one directory from another that later has its name; undefined where there is none. */
export function directoryIdentity(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats?.isDirectory() === true ? identityOf(stats) : undefined;
}

/** By code units: the same on every machine, whatever its locale. */
function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** Words for an error of the file system, without the path that Node puts into its message. */
export function reasonOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'no such file or folder';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  if (code === 'ELOOP') return 'too many symbolic links';
  return code ?? (error as Error).message;
}
