/** What lives on one accepted connection, as its acceptor knows it. */
export interface Session {
  /** Finishes what is open, then closes. */
  drain(): void;
  /** Closes at once. */
  destroy(): void;
}

/** The sessions of one acceptor. */
export class SessionSet {
  readonly #sessions = new Set<Session>();
  #onEmpty: (() => void) | null = null;

  get size(): number {
    return this.#sessions.size;
  }

  /** Those that there are now. */
  get all(): readonly Session[] {
    return [...this.#sessions];
  }

  add(session: Session): void {
    this.#sessions.add(session);
    // A handshake that was under way when the drain began.
    if (this.#onEmpty !== null) session.drain();
  }

  delete(session: Session): void {
    this.#sessions.delete(session);
    if (this.#sessions.size === 0) this.#onEmpty?.();
  }

  /** Drains all. @returns when the last one has gone */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve;
      for (const session of this.#sessions) session.drain();
      if (this.#sessions.size === 0) resolve();
    });
  }

  destroy(): void {
    for (const session of this.#sessions) session.destroy();
  }
}
