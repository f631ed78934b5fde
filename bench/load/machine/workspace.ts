// Everything that a run leaves on the machine while it lasts: one temporary folder and the processes it started.

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** How to start one process. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  /** Added to the environment of the bench. */
  readonly env?: Readonly<Record<string, string>>;
  /** Where its standard output goes; nowhere when absent. Its standard error goes to `<folder>/stderr`. */
  readonly stdoutFile?: string;
}

/** A process that the workspace started and will end. */
export interface Started {
  readonly pid: number;
  readonly hasEnded: () => boolean;
  /** Asks it to end, waits at most `graceMs`, then ends its whole process group. */
  readonly stop: (graceMs?: number) => Promise<void>;
}

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Owns the temporary folder and the child processes of a run, and removes both when the bench ends for any reason that
 * it can notice: normally, by an exception, or by SIGINT, SIGTERM or SIGHUP.
 */
export class Workspace {
  readonly folder: string;
  readonly #running = new Set<ChildProcess>();
  #folders = 0;
  #isInterrupted = false;

  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), 'selvage-bench-'));
    process.once('exit', () => this.dispose());
    for (const [signal, status] of Object.entries(SIGNALS)) process.on(signal, () => this.#interrupt(status));
  }

  /** Makes a new folder inside of the workspace. */
  newFolder(name: string): string {
    const folder = join(this.folder, `${++this.#folders}-${name}`);
    mkdirSync(folder);
    return folder;
  }

  /** Starts a process that runs until it is stopped. @param folder - its working folder; gets its standard error. */
  start(launch: Launch, folder: string): Started {
    const stdout = launch.stdoutFile === undefined ? 'ignore' : openSync(launch.stdoutFile, 'a');
    const stderr = openSync(join(folder, 'stderr'), 'a');
    const child = this.#spawn(launch, folder, ['ignore', stdout, stderr]);
    if (stdout !== 'ignore') closeSync(stdout);
    closeSync(stderr);
    return {
      pid: child.pid ?? -1,
      hasEnded: () => hasEnded(child),
      stop: (graceMs = 2_000) => this.#stop(child, graceMs),
    };
  }

  /**
   * Runs a process to its end.
   *
   * @returns its standard output.
   * @throws {Error} when it fails or takes longer than `limitMs`.
   */
  async run(launch: Launch, limitMs: number): Promise<string> {
    const child = this.#spawn(launch, this.folder, ['ignore', 'pipe', 'pipe']);
    let output = '';
    let complaint = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (complaint += text));
    const limit = setTimeout(() => killGroup(child, 'SIGKILL'), limitMs);
    const status = await new Promise<number | null>((resolve) => child.once('close', resolve));
    clearTimeout(limit);
    // What follows would take this for a failure of the measured; nothing has to follow.
    if (this.#isInterrupted) return new Promise(() => {});
    if (status === 0) return output;
    const how = status === null ? `was ended by a signal (limit ${limitMs} ms)` : `exited with ${status}`;
    throw new Error(`cannot complete ${launch.command}: it ${how}: ${complaint.trim().slice(-500)}`);
  }

  /** Asks all processes to end, waits for them, then disposes. Unlike {@link dispose} it leaves no orphans to reap. */
  async close(): Promise<void> {
    await Promise.all([...this.#running].map((child) => this.#stop(child, 2_000)));
    this.dispose();
  }

  /** Ends all processes at once and removes the folder. May be called twice. */
  dispose(): void {
    for (const child of this.#running) killGroup(child, 'SIGKILL');
    this.#running.clear();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
  }

  // In order at first, so that nobody's children become orphans; at once when the user insists.
  #interrupt(status: number): void {
    if (this.#isInterrupted) process.exit(status);
    this.#isInterrupted = true;
    void this.close().finally(() => process.exit(status));
  }

  #spawn(launch: Launch, cwd: string, stdio: ('ignore' | 'pipe' | number)[]): ChildProcess {
    if (this.#isInterrupted) throw new Error(`cannot start ${launch.command}: the bench is ending`);
    // A group of its own (detached), so that one signal reaches the children of the peer too and Ctrl-C does not
    // reach them before the bench had its say.
    const env = { ...process.env, ...launch.env };
    const child = spawn(launch.command, launch.args, { cwd, env, stdio, detached: true });
    this.#running.add(child);
    // A process that runs to its end needs no stopping.
    child.once('close', () => this.#running.delete(child));
    child.once('error', () => this.#running.delete(child));
    return child;
  }

  async #stop(child: ChildProcess, graceMs: number): Promise<void> {
    if (!hasEnded(child)) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const limit = setTimeout(() => killGroup(child, 'SIGKILL'), graceMs);
      await ended;
      clearTimeout(limit);
    }
    // What the process started may outlive it.
    killGroup(child, 'SIGKILL');
    this.#running.delete(child);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // The group is already empty.
  }
}
