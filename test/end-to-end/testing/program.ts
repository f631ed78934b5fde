import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import type { TestContext } from 'node:test';

export const ROOT = join(import.meta.dirname, '../../..');
export const LAUNCHER = join(ROOT, 'bin/selvage.cjs');

/** Above what a start takes on the busiest machine. */
const PATIENCE_MS = 30_000;

/** How a program ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program that runs beside the test, and what it has said so far. */
export class Program {
  readonly #child: ChildProcess;
  readonly ended: Promise<Ending>;
  stdout = '';
  stderr = '';
  #listeners: (() => void)[] = [];

  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#hear(() => (this.stdout += text)));
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => this.#hear(() => (this.stderr += text)));
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code, signal) => resolve({ code, signal, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Waits until it has said this on standard error, since `from`. @returns what matched */
  async said(words: RegExp, from = 0): Promise<RegExpExecArray> {
    return this.#until(() => words.exec(this.stderr.slice(from)), words);
  }

  /** Waits until it has written this to standard output. @returns what matched */
  async printed(words: RegExp): Promise<RegExpExecArray> {
    return this.#until(() => words.exec(this.stdout), words);
  }

  async #until<T>(look: () => T | null, sought: RegExp): Promise<T> {
    let hasEnded = false;
    void this.ended.then(() => this.#hear(() => (hasEnded = true)));
    const deadline = AbortSignal.timeout(PATIENCE_MS);
    for (;;) {
      const found = look();
      if (found !== null) return found;
      if (hasEnded || deadline.aborted) throw new Error(`never said ${String(sought)}:\n${this.stderr}${this.stdout}`);
      await new Promise<void>((resolve) => {
        this.#listeners.push(resolve);
        deadline.addEventListener('abort', () => resolve(), { once: true });
      });
    }
  }

  #hear(note: () => void): void {
    note();
    for (const listener of this.#listeners.splice(0)) listener();
  }
}

/** Starts `selvage` with these words; it is ended with the test. */
export function startSelvage(t: TestContext, ...words: string[]): Program {
  return startProgram(t, process.execPath, [LAUNCHER, ...words]);
}

/** As {@link startSelvage}, with more in its environment. */
export function startSelvageWith(t: TestContext, env: Readonly<Record<string, string>>, ...words: string[]): Program {
  return startProgram(t, process.execPath, [LAUNCHER, ...words], env);
}

/** Starts a program; it is ended with the test. */
export function startProgram(
  t: TestContext,
  command: string,
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
): Program {
  const program = new Program(command, args, env);
  t.after(async () => {
    program.kill('SIGKILL');
    await program.ended;
  });
  return program;
}

/** Runs `selvage` with these words to its end. */
export function runSelvage(t: TestContext, ...words: string[]): Promise<Ending> {
  return startSelvage(t, ...words).ended;
}

/** Starts `selvage up` on a free admin port and waits until it is ready. */
export async function startGateway(
  t: TestContext,
  folder: string,
  ...flags: string[]
): Promise<{ program: Program; adminUrl: string }> {
  const program = startSelvage(t, 'up', folder, '--admin-port', '0', ...flags);
  const [, adminUrl = ''] = await program.said(/(http:\/\/127\.0\.0\.1:\d+) {2}admin/);
  await program.said(/^ready after/m);
  return { program, adminUrl };
}
