import type { ConnectionCounts } from '#telemetry/request-metrics.ts';
import type { Arrival } from '#transport/arrival.ts';
import { openArrival } from '#transport/read.ts';
import type { Admission } from '../downstream/admission.ts';
import type { HttpSessions } from '../downstream/http-sessions.ts';
import type { SessionSet } from '../downstream/session.ts';
import type { StreamSessions } from '../downstream/stream-sessions.ts';

/** What connections of peers outside of the mesh lead to. */
export interface PlainSessions {
  readonly http: HttpSessions;
  readonly streams: StreamSessions;
  readonly connections: ConnectionCounts;
  /** Whether byte streams are passed, and no requests: as of now, since what is declared changes. */
  readonly isOpaque: () => boolean;
}

/** Connections of peers outside of the mesh to one port of the application, without TLS. */
export class PlainAdmission implements Admission {
  readonly #plain: PlainSessions;

  constructor(plain: PlainSessions) {
    this.#plain = plain;
  }

  admit(arrival: Arrival, sessions: SessionSet): void {
    const { http, streams, connections, isOpaque } = this.#plain;
    connections.opened();
    openArrival(arrival, (connection) =>
      isOpaque() ? streams.begin(connection, '', null, sessions) : http.begin(connection, sessions),
    );
  }
}
