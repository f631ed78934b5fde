import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Reconciliation, ReconcileReply, ReconcileRequest } from './control-messages.ts';
import { moduleLoading } from './module-loading.ts';

const PROGRAM = fileURLToPath(new URL('./control-process.ts', import.meta.url));

/** Compiling a thousand routes takes a fraction of a second: what takes this long will never end. */
const DEADLINE_MS = 30_000;

/** A burst of changes finds the process warm; afterwards its memory is worth more than the 130 ms of its start. */
const IDLE_MS = 2000;

/** The change could not be compiled; what served before is untouched. */
export class ControlError extends Error {}

/**
 * Compiles documents in a process of its own, which exists only while there is something to do. So the proxy's process
 * holds neither the schemas nor the parser (24 MB), and a document that crashes or stalls the compiler hurts nothing.
 */
export class ControlClient {
  readonly #deadlineMs: number;
  #child: ChildProcess | undefined;
  #idle: NodeJS.Timeout | undefined;

  /** Starts the process at once: it loads while the caller does. */
  constructor(deadlineMs: number = DEADLINE_MS) {
    this.#deadlineMs = deadlineMs;
    this.#child = this.#start();
  }

  /** The process that compiles, while there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /**
   * Reads a folder and compiles what it declares. One call at a time.
   *
   * A process that dies is started once more: it may have been ended from outside.
   *
   * @throws ControlError (rejects) where that fails twice, or takes too long
   */
  async reconcile(request: ReconcileRequest): Promise<Reconciliation> {
    clearTimeout(this.#idle);
    try {
      const reply = (await this.#ask(request)) ?? (await this.#ask(request));
      if (reply === undefined) throw new ControlError('the process that compiles it ended unexpectedly, twice');
      if (reply.type === 'failed') throw new ControlError(`the compiler failed on it: ${reply.reason}`);
      return reply.reconciliation;
    } finally {
      // Not unref'ed: the process itself would not let this one end either.
      this.#idle = setTimeout(() => this.close(), IDLE_MS);
    }
  }

  /** Lets the process end; it comes back with the next call. */
  close(): void {
    clearTimeout(this.#idle);
    if (this.#child?.connected === true) this.#child.disconnect();
    this.#child = undefined;
  }

  /** @returns undefined where the process ended without an answer */
  #ask(request: ReconcileRequest): Promise<ReconcileReply | undefined> {
    const child = (this.#child ??= this.#start());
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => {
        settle();
        child.kill('SIGKILL');
        this.close();
        reject(new ControlError(`compiling it took longer than ${this.#deadlineMs / 1000} s and was stopped`));
      }, this.#deadlineMs);
      const answer = (reply: ReconcileReply): void => {
        settle();
        resolve(reply);
      };
      const end = (): void => {
        settle();
        if (this.#child === child) this.#child = undefined;
        resolve(undefined);
      };
      const settle = (): void => {
        clearTimeout(deadline);
        child.off('message', answer).off('exit', end).off('error', end);
      };
      child.on('message', answer).on('exit', end).on('error', end);
      child.send(request, () => {}); // a failure to send comes with the end of the process
    });
  }

  #start(): ChildProcess {
    const child = fork(PROGRAM, { serialization: 'advanced', ...moduleLoading() });
    child.on('error', () => {});
    child.on('exit', () => {
      if (this.#child === child) this.#child = undefined;
    });
    return child;
  }
}
