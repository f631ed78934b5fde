import type { ConnectionCounts } from '#telemetry/request-metrics.ts';
import type { StreamRecord } from '#telemetry/stream-record.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import type { DownstreamLimits } from './limits.ts';
import type { SessionSet } from './session.ts';
import { StreamSession, type StreamPlace } from './stream-session.ts';

/** What stream sessions of one acceptor need. */
export interface StreamSessionOptions {
  readonly clock: Clock;
  /** As of now, for clients of a listener ('' where it is not known). */
  readonly limits: (listener: string) => DownstreamLimits;
  readonly connections: ConnectionCounts;
  /** Where a connection goes, as of now. @param serverName '' where none was named */
  readonly place: (serverName: string, connection: Connection) => StreamPlace;
  readonly record: (record: StreamRecord) => void;
}

/** Makes the sessions of connections that are passed on as they are. */
export class StreamSessions {
  readonly #options: StreamSessionOptions;

  constructor(options: StreamSessionOptions) {
    this.#options = options;
  }

  /** @param first octets that were looked at already; empty where none were @returns who listens to the connection */
  begin(connection: Connection, serverName: string, first: Buffer | null, sessions: SessionSet): ConnectionObserver {
    const { clock, limits, connections, place, record } = this.#options;
    const where = place(serverName, connection);
    const environment = {
      clock,
      idleMs: limits(where.listener === null ? '' : where.listener.name).tcpIdleMs,
      record,
      ended: (session: StreamSession) => {
        sessions.delete(session);
        connections.closed();
      },
    };
    const session = new StreamSession(connection, where, environment, first);
    sessions.add(session);
    session.start();
    return session;
  }
}
