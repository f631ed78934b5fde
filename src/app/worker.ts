import { Worker } from 'node:worker_threads';
import type { DataPlaneOptions } from './data-plane.ts';
import { endFrugalStart } from './frugal-start.ts';
import { moduleLoading } from './module-loading.ts';
import type { WorkerAnswers, WorkerReply, WorkerRequest } from './worker-messages.ts';

type Settle = (answer: WorkerReply['answer'] | undefined) => void;

/** The main thread's end of one worker thread. */
export class DataPlaneWorker {
  readonly name: string;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Settle>();
  #nextId = 0;

  /** @param ended called once when the thread has ended, with what ended it where it was an exception */
  constructor(name: string, options: DataPlaneOptions, ended: (error: Error | undefined) => void) {
    this.name = name;
    endFrugalStart();
    this.#worker = new Worker(new URL('./worker-thread.ts', import.meta.url), {
      name,
      workerData: options,
      ...moduleLoading(),
    });
    let cause: Error | undefined;
    this.#worker.on('message', ({ id, answer }: WorkerReply) => this.#settle(id, answer));
    this.#worker.on('error', (error) => {
      cause = error instanceof Error ? error : new Error(String(error));
    });
    this.#worker.on('exit', () => {
      for (const settle of this.#waiting.values()) settle(undefined);
      this.#waiting.clear();
      ended(cause);
    });
  }

  /** @returns undefined where the thread ends before it answers */
  ask<R extends WorkerRequest>(request: R): Promise<WorkerAnswers[R['type']] | undefined> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve as Settle);
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread is no window
      this.#worker.postMessage({ id, request });
    });
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }

  #settle(id: number, answer: WorkerReply['answer']): void {
    this.#waiting.get(id)?.(answer);
    this.#waiting.delete(id);
  }
}
