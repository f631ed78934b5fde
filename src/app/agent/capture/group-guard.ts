import { type ChildProcess, spawn } from 'node:child_process';
import process from 'node:process';

/**
 * Kills a process group when this process ends without closing this: killed, out of memory, crashed. It waits for the end
 * of a pipe, which the kernel brings about.
 */
export class GroupGuard {
  readonly #child: ChildProcess;

  /** @param leader process id of the one that leads the group */
  constructor(leader: number) {
    // Nothing is ever written: what is read is the end. In a session of its own, it outlives signals of the terminal.
    this.#child = spawn('sh', ['-c', 'read -r end; kill -KILL "-$1"', 'sh', String(leader)], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
      env: { PATH: process.env['PATH'] ?? '' },
    });
    this.#child.on('error', () => {});
    this.#child.stdin!.on('error', () => {});
  }

  /** @returns when it harms nobody any more */
  async close(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#child;
    if (exitCode !== null || signalCode !== null || pid === undefined) return;
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
