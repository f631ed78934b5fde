import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import process from 'node:process';
import { findPrivateFileProblem } from '#identity/private-path.ts';
import type { TrustBundle } from '#identity/trust-bundle.ts';
import type { TrustDomain } from '#identity/trust-domain.ts';
import { countExternalRoots, readExternalKeys } from './external-keys.ts';
import type { Signer } from './signer.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { StateFolder } from './state-folder.ts';

/** Where the files of an operator's own authority are. */
export interface ExternalPaths {
  /** PEM: the certificate to sign with, then those between it and the root. */
  readonly certificate: string;
  /** PEM, not encrypted; nobody else may read it. */
  readonly key: string;
  /** PEM: every root that workloads are to trust. */
  readonly roots: string;
}

export interface ExternalFilesOptions {
  readonly paths: ExternalPaths;
  /** Where the changes of the roots are counted. */
  readonly folder: StateFolder;
  readonly trustDomain: TrustDomain;
  /** Told once of each change that cannot be used; what was read before signs on. */
  readonly complain: (message: string) => void;
}

/** An authority in files, which are read again when they change. */
export class ExternalFiles implements SigningKeys {
  readonly #options: ExternalFilesOptions;
  #keys: SigningKeys;
  /** Of the files when they were read last, whether or not they were of use. */
  #stamp: string;
  /** Of the files when they were looked at last. */
  #seen: string;

  /** @throws where the files cannot be used */
  constructor(options: ExternalFilesOptions, nowMs: number) {
    this.#options = options;
    this.#stamp = stampOf(options.paths);
    this.#seen = this.#stamp;
    this.#keys = read(options, nowMs);
  }

  get bundle(): TrustBundle {
    return this.#keys.bundle;
  }

  get signer(): Signer {
    return this.#keys.signer;
  }

  get ownSigner(): Signer {
    return this.#keys.ownSigner;
  }

  /** Reads the files again once they have changed and are the same at two looks. What cannot be used waits for the next change. */
  advance(nowMs: number): boolean {
    const stamp = stampOf(this.#options.paths);
    const isQuiet = stamp === this.#seen;
    this.#seen = stamp;
    // Three files are not written at once: what still changes is looked at later.
    if (stamp === this.#stamp || !isQuiet) return false;
    this.#stamp = stamp;
    const before = this.#keys;
    try {
      this.#keys = read(this.#options, nowMs);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#options.complain(`${reason}; what was read before goes on signing`);
    }
    return this.#keys.bundle.version !== before.bundle.version;
  }
}

function read({ paths, folder, trustDomain }: ExternalFilesOptions, nowMs: number): SigningKeys {
  const files = {
    certificateChain: readText(paths.certificate, false),
    privateKey: readText(paths.key, true),
    roots: readText(paths.roots, false),
  };
  // Judged before the change is counted: roots that are never used are no version.
  const judged = readExternalKeys(files, trustDomain, 0, nowMs);
  if (typeof judged === 'string') throw new Error(judged);
  const keys = readExternalKeys(files, trustDomain, countExternalRoots(folder, files.roots), nowMs);
  if (typeof keys === 'string') throw new Error(keys);
  return keys;
}

/** Links are followed, as secrets are mounted by them; the file that is opened is the one that is judged. */
function readText(path: string, isSecret: boolean): string {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw unreadable(path, error);
  }
  try {
    const problem = isSecret ? findPrivateFileProblem(path, fstatSync(file), process.getuid?.() ?? 0) : undefined;
    if (problem !== undefined) throw new Error(problem);
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === undefined ? error : unreadable(path, error);
  } finally {
    closeSync(file);
  }
}

function unreadable(path: string, error: unknown): Error {
  const { code, message } = error as NodeJS.ErrnoException;
  const reason = code === 'ENOENT' ? 'no such file' : (code ?? message);
  return new Error(`cannot read ${path} of the external certificate authority: ${reason}`, { cause: error });
}

/** Changes when a file is written, exchanged or removed. */
function stampOf(paths: ExternalPaths): string {
  return [paths.certificate, paths.key, paths.roots]
    .map((path) => {
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? '-' : `${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    })
    .join('\n');
}
