import type { ConnectionCounts } from '#telemetry/request-metrics.ts';
import type { Arrival } from '#transport/arrival.ts';
import { openArrival } from '#transport/read.ts';
import type { Admission } from './admission.ts';
import type { SessionSet } from './session.ts';
import type { StreamSessions } from './stream-sessions.ts';

/** Connections that are passed on as they are, whatever is spoken on them. */
export class StreamAdmission implements Admission {
  readonly #streams: StreamSessions;
  readonly #connections: ConnectionCounts;

  constructor(streams: StreamSessions, connections: ConnectionCounts) {
    this.#streams = streams;
    this.#connections = connections;
  }

  admit(arrival: Arrival, sessions: SessionSet): void {
    this.#connections.opened();
    openArrival(arrival, (connection) => this.#streams.begin(connection, '', null, sessions));
  }
}
