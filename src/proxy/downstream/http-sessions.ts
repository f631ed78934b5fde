import type { ConnectionCounts } from '#telemetry/request-metrics.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import type { ExchangeEntry } from '../exchange/exchange.ts';
import { ConnectionPeer } from './connection-peer.ts';
import { Http1Session, type SessionEnvironment } from './http1-session.ts';
import { Http2Opening, loadedHttp2, type Http2SessionClass } from './http2-opening.ts';
import type { Http2Session, Http2SessionEnvironment } from './http2-session.ts';
import type { DownstreamLimits } from './limits.ts';
import { ProtocolChoice } from './protocol-choice.ts';
import type { SessionSet } from './session.ts';

/** What HTTP sessions of one acceptor need. */
export interface HttpSessionOptions {
  readonly entry: ExchangeEntry;
  readonly clock: Clock;
  /** As of now, for a client of the listener that TLS led to ('' where none did). */
  readonly limits: (listener: string) => DownstreamLimits;
  readonly connections: ConnectionCounts;
}

/** What ALPN (RFC 7301) says of each version, in the order of preference. */
export const HTTP_ALPN: readonly string[] = Object.freeze(['h2', 'http/1.1']);

/** Makes the sessions of HTTP connections: which version is spoken is decided here. */
export class HttpSessions {
  readonly #options: HttpSessionOptions;
  #last: { readonly sessions: SessionSet; readonly environment: SessionEnvironment & Http2SessionEnvironment } | null =
    null;

  constructor(options: HttpSessionOptions) {
    this.#options = options;
  }

  /** Begins with a connection on which HTTP is spoken, of whatever version. @returns who listens to it */
  begin(connection: Connection, sessions: SessionSet): ConnectionObserver {
    const alpn = connection.tls === null ? '' : connection.tls.alpn;
    if (alpn === 'h2') return this.#http2(connection, sessions);
    if (alpn === 'http/1.1') return this.#http1(connection, sessions);
    // Without ALPN the first bytes tell: HTTP/2 with prior knowledge begins with a preface (RFC 9113 §3.3).
    const { clock, limits, connections } = this.#options;
    const choice: ProtocolChoice = new ProtocolChoice(connection, clock, limits(listenerOf(connection)), {
      chosen: (version) => {
        const session = version === 'http2' ? this.#http2(connection, sessions) : this.#http1(connection, sessions);
        sessions.delete(choice);
        return session;
      },
      gone: () => {
        sessions.delete(choice);
        connections.closed();
      },
    });
    sessions.add(choice);
    return choice;
  }

  #http1(connection: Connection, sessions: SessionSet): Http1Session {
    const session = new Http1Session(connection, this.#environment(connection, sessions));
    sessions.add(session);
    return session;
  }

  #http2(connection: Connection, sessions: SessionSet): ConnectionObserver {
    const Session = loadedHttp2();
    if (Session !== null) return this.#http2With(Session, connection, sessions);
    const opening: Http2Opening = new Http2Opening(connection, {
      ready: (Loaded) => {
        const session = this.#http2With(Loaded, connection, sessions);
        sessions.delete(opening);
        return session;
      },
      gone: () => {
        sessions.delete(opening);
        this.#options.connections.closed();
      },
    });
    sessions.add(opening);
    return opening;
  }

  #http2With(Session: Http2SessionClass, connection: Connection, sessions: SessionSet): Http2Session {
    const session = new Session(connection, this.#environment(connection, sessions), new ConnectionPeer(connection));
    sessions.add(session);
    return session;
  }

  /** One for all sessions of an acceptor, while their limits stay the same. */
  #environment(connection: Connection, sessions: SessionSet): SessionEnvironment & Http2SessionEnvironment {
    const { entry, clock, connections } = this.#options;
    const limits = this.#options.limits(listenerOf(connection));
    if (this.#last !== null && this.#last.sessions === sessions && this.#last.environment.limits === limits) {
      return this.#last.environment;
    }
    const ended = (session: Http1Session | Http2Session): void => {
      sessions.delete(session);
      connections.closed();
    };
    this.#last = { sessions, environment: { entry, clock, limits, ended } };
    return this.#last.environment;
  }
}

const listenerOf = (connection: Connection): string => (connection.tls === null ? '' : connection.tls.listener);
