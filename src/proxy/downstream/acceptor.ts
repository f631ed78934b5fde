import { bind, type BoundSocket } from '#transport/bind.ts';
import type { Admission } from './admission.ts';
import { SessionSet, type Session } from './session.ts';

export interface AcceptorOptions {
  readonly address: string;
  readonly port: number;
  /** Whether other threads accept on the same port. */
  readonly shared: boolean;
  readonly admission: Admission;
}

/** Accepts connections on one address and port, and knows the sessions that live on them. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #sessions = new SessionSet();
  #socket: BoundSocket | null = null;
  #drained: Promise<void> | null = null;

  constructor(options: AcceptorOptions) {
    this.#options = options;
  }

  /** The bound port; differs from the declared one where that was 0. */
  get port(): number {
    return this.#socket?.port ?? this.#options.port;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** The sessions that live on its connections now. */
  get sessions(): readonly Session[] {
    return this.#sessions.all;
  }

  /** @throws BindError where the system refuses */
  async open(): Promise<void> {
    const { address, port, shared, admission } = this.#options;
    this.#socket = await bind({ address, port, shared, accept: (arrival) => admission.admit(arrival, this.#sessions) });
  }

  /** Accepts nothing new and finishes what is open. @returns when the last session has gone */
  drain(): Promise<void> {
    this.#socket?.close();
    this.#drained ??= this.#sessions.drain();
    return this.#drained;
  }

  /** Closes everything at once. */
  destroy(): void {
    this.#socket?.close();
    this.#sessions.destroy();
  }
}
