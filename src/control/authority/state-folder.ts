import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { findPrivateFileProblem, findPrivateFolderProblem } from '#identity/private-path.ts';

const PRIVATE_FILE = 0o600;
const PRIVATE_FOLDER = 0o700;

/** The folder where a control plane keeps its secrets; nobody but its user may read or write there. */
export class StateFolder {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
  }

  /**
   * Opens the folder, and makes it where there is none.
   *
   * @throws where other users may access it
   */
  static open(path: string): StateFolder {
    mkdirSync(path, { recursive: true, mode: PRIVATE_FOLDER });
    refuse(findPrivateFolderProblem(path, lstatSync(path), ownUid()));
    return new StateFolder(path);
  }

  /** @returns where a file of this folder is, for messages and for libraries that open it themselves */
  pathOf(name: string): string {
    return join(this.#path, name);
  }

  /**
   * @returns undefined where there is no such file
   * @throws where other users may access it
   */
  read(name: string): string | undefined {
    const file = this.#open(name, constants.O_RDONLY);
    if (file === undefined) return undefined;
    try {
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  }

  /** Replaces a file: after a crash it is the old one or the new one, and complete. */
  write(name: string, text: string): void {
    const temporary = this.#writeTemporary(name, text);
    renameSync(temporary, this.pathOf(name));
    this.#syncFolder();
  }

  /** @returns false, and changes nothing, where there is such a file already: of two processes only one succeeds */
  create(name: string, text: string): boolean {
    const temporary = this.#writeTemporary(name, text);
    try {
      linkSync(temporary, this.pathOf(name));
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error;
      return false;
    } finally {
      rmSync(temporary, { force: true });
    }
    this.#syncFolder();
    return true;
  }

  /**
   * Makes an empty file for a library that would make it readable for others.
   *
   * @throws where it exists and other users may access it
   */
  ensure(name: string): void {
    const file = this.#open(name, constants.O_RDWR | constants.O_CREAT);
    if (file !== undefined) closeSync(file);
  }

  /** The open file is judged, not the path: that one may be another file by then. */
  #open(name: string, flags: number): number | undefined {
    const path = this.pathOf(name);
    let file: number;
    try {
      file = openSync(path, flags | constants.O_NOFOLLOW | constants.O_NONBLOCK, PRIVATE_FILE);
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined;
      if (codeOf(error) === 'ELOOP') refuse(findPrivateFileProblem(path, lstatSync(path), ownUid()));
      throw error;
    }
    const problem = findPrivateFileProblem(path, fstatSync(file), ownUid());
    if (problem !== undefined) closeSync(file);
    refuse(problem);
    return file;
  }

  #writeTemporary(name: string, text: string): string {
    const temporary = this.pathOf(`${name}.${process.pid}.tmp`);
    // Left by a process of the same id that crashed.
    rmSync(temporary, { force: true });
    const file = openSync(temporary, 'wx', PRIVATE_FILE);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } catch (error) {
      // A full disk; what was written may be part of a key.
      rmSync(temporary, { force: true });
      throw error;
    } finally {
      closeSync(file);
    }
    return temporary;
  }

  /** Else the new name may be lost with the power, although the content is safe. */
  #syncFolder(): void {
    const folder = openSync(this.#path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  }
}

function ownUid(): number {
  return process.getuid?.() ?? 0;
}

function refuse(problem: string | undefined): void {
  if (problem !== undefined) throw new Error(problem);
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
