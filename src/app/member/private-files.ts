import { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { findPrivateFileProblem, findPrivateFolderProblem } from '#identity/private-path.ts';

/** The folder of one sidecar: its key and what it was told, for the next start. Nobody else may read it. */
export class PrivateFiles {
  readonly #folder: string;

  /** @throws where others may access it */
  constructor(folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const problem = findPrivateFolderProblem(folder, lstatSync(folder), ownUid());
    if (problem !== undefined) throw new Error(problem);
    this.#folder = folder;
  }

  pathOf(name: string): string {
    return join(this.#folder, name);
  }

  /** Whether there is such a file. @throws where others may access it */
  has(name: string): boolean {
    const path = this.pathOf(name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return false;
    const problem = findPrivateFileProblem(path, stat, ownUid());
    if (problem !== undefined) throw new Error(problem);
    return true;
  }

  /** @returns undefined where there is none @throws where others may access it */
  read(name: string): string | undefined {
    return this.has(name) ? readFileSync(this.pathOf(name), 'utf8') : undefined;
  }

  /** Replaces a file: after a crash it is the old one or the new one. */
  write(name: string, text: string): void {
    const path = this.pathOf(name);
    const file = openSync(`${path}.new`, 'w', 0o600);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.new`, path);
  }
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}
