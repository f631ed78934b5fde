import { MAX_HELLO_RECORD_BYTES, readClientHello } from '#codec/tls/client-hello.ts';
import type { ConnectionCounts } from '#telemetry/request-metrics.ts';
import type { Arrival } from '#transport/arrival.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection } from '#transport/connection.ts';
import { openArrival } from '#transport/read.ts';
import type { Admission } from './admission.ts';
import type { HandshakeFailures } from './handshake-failures.ts';
import { Opening } from './opening.ts';
import type { TlsAdmission } from './tls-admission.ts';
import type { SessionSet } from './session.ts';

/** What follows when a connection's server name is known. */
export interface ServerNameRouting {
  /** Whether the server name must be known before it is decided what to do. */
  readonly looksAhead: boolean;
  /** What to do with a connection of that name. */
  decide(serverName: string): 'terminate' | 'pass' | 'refuse';
  /** Passes the connection on with its handshake. @param first what came of it */
  pass(connection: Connection, serverName: string, first: Buffer, sessions: SessionSet): void;
}

/** Connections that begin with a TLS handshake, which is passed on or ends here as its server name says. */
export class ServerNameAdmission implements Admission {
  readonly #routing: ServerNameRouting;
  readonly #terminating: TlsAdmission;
  readonly #clock: Clock;
  readonly #connections: ConnectionCounts;
  readonly #failures: HandshakeFailures;

  /** @param terminating takes connections whose TLS ends here */
  constructor(
    routing: ServerNameRouting,
    terminating: TlsAdmission,
    clock: Clock,
    connections: ConnectionCounts,
    failures: HandshakeFailures,
  ) {
    this.#routing = routing;
    this.#terminating = terminating;
    this.#clock = clock;
    this.#connections = connections;
    this.#failures = failures;
  }

  admit(arrival: Arrival, sessions: SessionSet): void {
    if (!this.#routing.looksAhead) {
      this.#terminating.admit(arrival, sessions);
      return;
    }
    openArrival(arrival, (connection) => {
      const opening: Opening = new Opening(connection, sessions, this.#clock, MAX_HELLO_RECORD_BYTES, {
        read: (bytes) => this.#read(opening, connection, bytes, sessions),
        failed: (cause) => {
          this.#connections.failed();
          this.#failures.add(cause);
        },
      });
      return opening;
    });
  }

  /** @returns how many octets must have come before it is worth asking again */
  #read(opening: Opening, connection: Connection, bytes: Buffer, sessions: SessionSet): number {
    const result = readClientHello(bytes, bytes.length);
    if (result.kind === 'incomplete') return result.atLeast;
    if (result.kind === 'malformed') {
      opening.fail(result.reason);
      return 0;
    }
    const { serverName } = result;
    const decision = this.#routing.decide(serverName);
    if (decision === 'terminate') {
      this.#terminating.admit({ kind: 'begun', connection, first: bytes }, sessions, serverName);
    } else if (decision === 'pass') {
      this.#connections.opened();
      this.#routing.pass(connection, serverName, bytes, sessions);
    } else opening.fail('the listener has no certificate that can be used');
    return 0;
  }
}
