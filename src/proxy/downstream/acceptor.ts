import { bind, type BoundSocket } from '#transport/bind.ts';
import type { ConnectionCounts } from '#telemetry/request-metrics.ts';
import type { Clock } from '#transport/clock.ts';
import type { ExchangeEntry } from '../exchange/exchange.ts';
import { Http1Session, type SessionEnvironment } from './http1-session.ts';
import type { DownstreamLimits } from './limits.ts';

export interface AcceptorOptions {
  readonly address: string;
  readonly port: number;
  /** Whether other threads accept on the same port. */
  readonly shared: boolean;
  readonly entry: ExchangeEntry;
  readonly clock: Clock;
  readonly limits: DownstreamLimits;
  /** Told of each connection that comes and goes. */
  readonly connections: ConnectionCounts;
}

/** Accepts connections on one address and port, and knows the sessions that live on them. */
export class Acceptor {
  readonly #options: AcceptorOptions;
  readonly #sessions = new Set<Http1Session>();
  #socket: BoundSocket | null = null;
  #drained: Promise<void> | null = null;
  #onEmpty: (() => void) | null = null;

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

  /** @throws BindError where the system refuses */
  async open(): Promise<void> {
    const { address, port, shared, entry, clock, limits, connections } = this.#options;
    const environment: SessionEnvironment = {
      entry,
      clock,
      limits,
      encrypted: false,
      ended: (session) => {
        this.#sessions.delete(session);
        connections.closed();
        if (this.#sessions.size === 0) this.#onEmpty?.();
      },
    };
    this.#socket = await bind({
      address,
      port,
      shared,
      accept: (connection) => {
        connections.opened();
        const session = new Http1Session(connection, environment);
        this.#sessions.add(session);
        return session;
      },
    });
  }

  /** Accepts nothing new and finishes what is open. @returns when the last session has gone */
  drain(): Promise<void> {
    this.#drained ??= new Promise((resolve) => {
      this.#onEmpty = resolve;
      this.#socket?.close();
      for (const session of this.#sessions) session.drain();
      if (this.#sessions.size === 0) resolve();
    });
    return this.#drained;
  }

  /** Closes everything at once. */
  destroy(): void {
    this.#socket?.close();
    for (const session of this.#sessions) session.destroy();
  }
}
