import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import process from 'node:process';
import { DatabaseSync } from 'node:sqlite';
import type { StateFolder } from './state-folder.ts';

const LOCK_FILE = 'lock';
/** Says who holds the lock, for people; what counts is the lock. */
const OWNER_FILE = 'lock-owner';
/** Above what it takes to look whether somebody has it. */
const LOOK_MS = 200;
/** SQLite's `SQLITE_BUSY`. */
const BUSY = 5;

/**
 * Lets one control plane at a time work on a state folder: two would each keep other workloads, and exchange roots past
 * each other.
 *
 * It is an exclusive transaction on a file of its own, and so a lock of the kernel's: it ends with the process, however
 * that ends, and no leftover has to be judged stale. Process ids are used again, so a file with one could not tell.
 */
export class StateLock {
  readonly #database: DatabaseSync;

  private constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** @throws where another process has the folder */
  static acquire(folder: StateFolder): StateLock {
    folder.ensure(LOCK_FILE);
    const database = new DatabaseSync(folder.pathOf(LOCK_FILE), { timeout: LOOK_MS });
    try {
      database.exec('begin exclusive');
    } catch (error) {
      database.close();
      const { errcode, message } = error as { readonly errcode?: number; readonly message: string };
      throw new Error(errcode === BUSY ? refusal(folder) : `cannot lock ${folder.pathOf(LOCK_FILE)}: ${message}`, {
        cause: error,
      });
    }
    folder.write(OWNER_FILE, `${process.pid} on ${hostname()}\n`);
    return new StateLock(database);
  }

  /** Whether some process has the folder now; nothing is changed. */
  static isHeld(folder: StateFolder): boolean {
    const path = folder.pathOf(LOCK_FILE);
    if (!existsSync(path)) return false;
    const database = new DatabaseSync(path, { readOnly: true, timeout: 0 });
    try {
      database.exec('select count(*) from sqlite_schema');
      return false;
    } catch (error) {
      return (error as { readonly errcode?: number }).errcode === BUSY;
    } finally {
      database.close();
    }
  }

  /** Lets others have the folder. */
  release(): void {
    this.#database.close();
  }
}

function refusal(folder: StateFolder): string {
  const owner = folder.read(OWNER_FILE)?.trim() || 'of unknown id';
  return `cannot use the state folder ${folder.pathOf('')}: another control plane works on it, process ${owner} (stop that one, or name another folder with --state)`;
}
