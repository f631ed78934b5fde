import { openArrival } from '#transport/read.ts';
import type { Arrival } from '#transport/arrival.ts';
import type { Admission } from './admission.ts';
import type { HttpSessions } from './http-sessions.ts';
import type { SessionSet } from './session.ts';
import type { ConnectionCounts } from '#telemetry/request-metrics.ts';

/** Connections on which HTTP is spoken without TLS. */
export class HttpAdmission implements Admission {
  readonly #http: HttpSessions;
  readonly #connections: ConnectionCounts;

  constructor(http: HttpSessions, connections: ConnectionCounts) {
    this.#http = http;
    this.#connections = connections;
  }

  admit(arrival: Arrival, sessions: SessionSet): void {
    this.#connections.opened();
    openArrival(arrival, (connection) => this.#http.begin(connection, sessions));
  }
}
