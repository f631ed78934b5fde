import type { ConnectionCounts } from '#telemetry/request-metrics.ts';
import type { Arrival } from '#transport/arrival.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import type { HandshakeObserver, TlsAccept } from '#transport/tls-accept.ts';
import type { Admission } from './admission.ts';
import type { HandshakeFailures } from './handshake-failures.ts';
import type { Session, SessionSet } from './session.ts';

/** Begins a handshake, as of what is declared now; given in, because TLS is loaded only where it is declared. */
export type AcceptTls = (
  arrival: Arrival,
  serverName: string | null,
  observer: HandshakeObserver,
) => Pick<TlsAccept, 'cancel'>;

/** Connections that begin with a TLS handshake that ends here. */
export class TlsAdmission implements Admission {
  readonly #accept: AcceptTls;
  readonly #connections: ConnectionCounts;
  readonly #failures: HandshakeFailures;
  readonly #begin: (connection: Connection, sessions: SessionSet) => ConnectionObserver;

  /** @param begin what follows the handshake */
  constructor(
    accept: AcceptTls,
    connections: ConnectionCounts,
    failures: HandshakeFailures,
    begin: (connection: Connection, sessions: SessionSet) => ConnectionObserver,
  ) {
    this.#accept = accept;
    this.#connections = connections;
    this.#failures = failures;
    this.#begin = begin;
  }

  /** @param serverName where it is known already */
  admit(arrival: Arrival, sessions: SessionSet, serverName: string | null = null): void {
    this.#connections.opened();
    const handshake = new Handshake(
      sessions,
      (connection) => this.#begin(connection, sessions),
      (cause) => this.#failed(cause),
    );
    sessions.add(handshake);
    handshake.start(this.#accept, arrival, serverName);
  }

  #failed(cause: string): void {
    this.#connections.failed();
    this.#connections.closed();
    this.#failures.add(cause);
  }
}

/** A handshake, as the acceptor knows it. */
class Handshake implements Session, HandshakeObserver {
  readonly #sessions: SessionSet;
  readonly #begin: (connection: Connection) => ConnectionObserver;
  readonly #failed: (cause: string) => void;
  #accept: Pick<TlsAccept, 'cancel'> | null = null;

  constructor(
    sessions: SessionSet,
    begin: (connection: Connection) => ConnectionObserver,
    failed: (cause: string) => void,
  ) {
    this.#sessions = sessions;
    this.#begin = begin;
    this.#failed = failed;
  }

  start(accept: AcceptTls, arrival: Arrival, serverName: string | null): void {
    this.#accept = accept(arrival, serverName, this);
  }

  established(connection: Connection): ConnectionObserver {
    const observer = this.#begin(connection); // first, so that a drain does not find nobody between the two
    this.#sessions.delete(this);
    return observer;
  }

  handshakeFailed(cause: string): void {
    this.#sessions.delete(this);
    this.#failed(cause);
  }

  drain(): void {
    this.destroy();
  }

  destroy(): void {
    this.#accept?.cancel();
    this.handshakeFailed('');
  }
}
