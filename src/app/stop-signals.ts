import { closeSync, openSync } from 'node:fs';
import { isatty } from 'node:tty';

/** The wish of whoever runs this process that it ends: in order at first, at once when repeated. */
export class StopSignals {
  readonly #first = Promise.withResolvers<void>();
  readonly #second = Promise.withResolvers<void>();
  readonly #ranInTerminal = isatty(2);
  #count = 0;

  /** Catches the signals from now on. */
  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#receive());
    // A program that started this one with a channel to it has gone, and nobody else would end this one.
    if (process.connected) process.once('disconnect', () => this.#receive());
  }

  /** Resolves with the first signal. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  /** Resolves with the second one. */
  get second(): Promise<void> {
    return this.#second.promise;
  }

  /**
   * SIGHUP has two meanings: a daemon is to open its logs anew, and the terminal of a program is gone. Only where the
   * second is known to be meant does it end the process, which otherwise nobody could see or end any more.
   *
   * @param reopen called for the first meaning
   */
  onHangUp(reopen: () => void): void {
    process.on('SIGHUP', () => {
      if (this.#ranInTerminal && !hasTerminal()) this.#receive();
      else reopen();
    });
  }

  #receive(): void {
    this.#count += 1;
    (this.#count === 1 ? this.#first : this.#second).resolve();
  }
}

/** Whether this process has a controlling terminal, which a hang-up takes away from it (tty(4)). */
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}
