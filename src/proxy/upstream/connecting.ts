import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import type { ConnectObserver, Dial, PendingConnect } from '#transport/connect.ts';

/** What becomes of a {@link Connecting}; exactly one of the two, once, unless it is cancelled. */
export interface ConnectOutcome {
  /** @returns who listens to the connection */
  made(connection: Connection): ConnectionObserver;
  failed(error: ProxyError): void;
}

/** A connect with its deadline, which is for the TLS handshake as well. */
export class Connecting implements ConnectObserver, Expirable {
  readonly #timer = new WheelTimer(this);
  readonly #outcome: ConnectOutcome;
  readonly #clock: Clock;
  readonly #pending: PendingConnect;

  constructor(dial: Dial, timeoutMs: number, clock: Clock, outcome: ConnectOutcome) {
    this.#clock = clock;
    this.#outcome = outcome;
    this.#pending = dial(this);
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

  connectFailed(cause: string, during: 'connect' | 'handshake'): void {
    this.#clock.cancel(this.#timer);
    const code = during === 'connect' ? 'upstream_connect_failed' : 'upstream_tls_failed';
    this.#outcome.failed(new ProxyError(code, 'upstream', 'stream', { retry: 'always', cause }));
  }

  expire(): void {
    this.#pending.cancel();
    this.#outcome.failed(
      new ProxyError('upstream_connect_timeout', 'upstream', 'stream', { retry: 'always', cause: 'ETIMEDOUT' }),
    );
  }
}
