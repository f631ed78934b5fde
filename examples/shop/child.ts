import { fork, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** Starts `selvage`, on whatever Node this is. */
export const LAUNCHER = fileURLToPath(new URL('../../bin/selvage.cjs', import.meta.url));

/** Where the lines go that a process writes. */
export interface Hearer {
  /** Told of a line of standard output. */
  readonly printed: (line: string) => void;
  /** Told of a line of standard error. */
  readonly said: (line: string) => void;
}

/** One running `selvage`, with what it has started. */
export class Child {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #waiting = new Set<(line: string) => void>();
  /** Resolves with how it ended: an exit code or a signal. */
  readonly ended: Promise<string>;

  /** @param env added to this process's own */
  constructor(name: string, words: readonly string[], env: Readonly<Record<string, string>>, hearer: Hearer) {
    this.name = name;
    this.#process = fork(LAUNCHER, words, {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      // Ctrl-C in a terminal reaches the whole group, but what serves must outlive the requests that are still open.
      detached: true,
    });
    hearLines(this.#process.stdout, hearer.printed);
    hearLines(this.#process.stderr, (line) => {
      hearer.said(line);
      for (const look of this.#waiting) look(line);
    });
    this.ended = new Promise((resolve) => {
      this.#process.once('error', ({ message }) => resolve(message));
      this.#process.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`));
    });
  }

  /** Waits until it has said that on standard error; for ever where it does not. */
  said(words: RegExp): Promise<void> {
    return new Promise((resolve) => {
      const look = (line: string): void => {
        if (!words.test(line)) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
    });
  }

  /** Asks it to finish what it has and end, and when asked again, to end at once. @returns when it has ended */
  async end(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.ended;
  }
}

function hearLines(output: Readable | null, hear: (line: string) => void): void {
  if (output !== null) createInterface(output).on('line', hear);
}
