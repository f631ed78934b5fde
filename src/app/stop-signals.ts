import { closeSync, openSync, readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

/** The wish of whoever runs this process that it ends: in order at first, at once when repeated. */
export class StopSignals {
  readonly #first = Promise.withResolvers<void>();
  readonly #second = Promise.withResolvers<void>();
  readonly #ranInTerminal = isatty(2);
  #leavesInterrupts = false;
  #count = 0;

  /** Catches the signals from now on. */
  constructor() {
    process.on('SIGTERM', () => this.#receive());
    process.on('SIGINT', () => {
      if (!this.#leavesInterrupts || !isInForeground()) this.#receive();
    });
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
   * Does nothing for a Ctrl-C that all processes in the foreground of a terminal have got: it is for the program that this
   * one has started there, which may end or go on.
   */
  leaveInterruptsToForeground(): void {
    this.#leavesInterrupts = true;
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

/** Whether this process is in the foreground of its terminal (proc(5): fields 5, pgrp, and 8, tpgid, of stat). */
function isInForeground(): boolean {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[2] === fields[5];
  } catch {
    return isatty(0);
  }
}
