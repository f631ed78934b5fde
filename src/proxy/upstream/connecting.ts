import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import { connect, type ConnectObserver, type PendingConnect } from '#transport/connect.ts';

/** What becomes of a {@link Connecting}; exactly one of the two, once, unless it is cancelled. */
export interface ConnectOutcome {
  /** @returns who listens to the connection */
  made(connection: Connection): ConnectionObserver;
  failed(error: ProxyError): void;
}

/** A connect with its deadline. */
export class Connecting implements ConnectObserver, Expirable {
  readonly #timer = new WheelTimer(this);
  readonly #outcome: ConnectOutcome;
  readonly #clock: Clock;
  readonly #pending: PendingConnect;

  constructor(address: string, port: number, timeoutMs: number, clock: Clock, outcome: ConnectOutcome) {
    this.#clock = clock;
    this.#outcome = outcome;
    this.#pending = connect(address, port, this);
    clock.schedule(this.#timer, clock.now() + timeoutMs);
  }

  /** Gives up; nothing is reported. */
  cancel(): void {
    this.#clock.cancel(this.#timer);
    this.#pending.cancel();
  }

  connected(connection: Connection): ConnectionObserver {
    this.#clock.cancel(this.#timer);
    return this.#outcome.made(connection);
  }

  connectFailed(code: string): void {
    this.#clock.cancel(this.#timer);
    this.#outcome.failed(new ProxyError('upstream_connect_failed', 'upstream', 'stream', { retry: 'always', cause: code }));
  }

  expire(): void {
    this.#pending.cancel();
    this.#outcome.failed(new ProxyError('upstream_connect_timeout', 'upstream', 'stream', { retry: 'always', cause: 'ETIMEDOUT' }));
  }
}
