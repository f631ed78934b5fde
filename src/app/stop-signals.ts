/** The wish of whoever runs this process that it ends: in order at first, at once when repeated. */
export class StopSignals {
  readonly #first = Promise.withResolvers<void>();
  readonly #second = Promise.withResolvers<void>();
  #count = 0;

  /** Catches the signals from now on. */
  constructor() {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#receive());
  }

  /** Resolves with the first signal. */
  get first(): Promise<void> {
    return this.#first.promise;
  }

  /** Resolves with the second one. */
  get second(): Promise<void> {
    return this.#second.promise;
  }

  #receive(): void {
    this.#count += 1;
    (this.#count === 1 ? this.#first : this.#second).resolve();
  }
}
