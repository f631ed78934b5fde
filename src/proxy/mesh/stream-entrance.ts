import { MAX_HELLO_RECORD_BYTES, readClientHello } from '#codec/tls/client-hello.ts';
import type { ConnectionCounts } from '#telemetry/request-metrics.ts';
import type { StreamRecord } from '#telemetry/stream-record.ts';
import type { Arrival } from '#transport/arrival.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import { openArrival } from '#transport/read.ts';
import type { Admission } from '../downstream/admission.ts';
import type { DownstreamLimits } from '../downstream/limits.ts';
import { Opening } from '../downstream/opening.ts';
import type { SessionSet } from '../downstream/session.ts';
import { StreamSessions } from '../downstream/stream-sessions.ts';
import type { CalledPort } from './service-directory.ts';

export interface StreamEntranceOptions {
  readonly clock: Clock;
  readonly limits: () => DownstreamLimits;
  readonly connections: ConnectionCounts;
  /** Which port connections are for, as of now; null for one that is not known. */
  readonly called: () => CalledPort | null;
  readonly record: (record: StreamRecord) => void;
}

/** Connections of byte streams to one port of a service. Where routes go by the server name, they are looked at first. */
export class StreamEntrance implements Admission {
  readonly #options: StreamEntranceOptions;
  readonly #streams: StreamSessions;

  constructor(options: StreamEntranceOptions) {
    const { clock, limits, connections, called, record } = options;
    this.#options = options;
    this.#streams = new StreamSessions({
      clock,
      limits,
      connections,
      record,
      place: (serverName) => {
        const port = called();
        return { listener: port?.listener ?? null, route: port?.streams.find(serverName) ?? null, serverName };
      },
    });
  }

  admit(arrival: Arrival, sessions: SessionSet): void {
    openArrival(arrival, (connection) => this.begin(connection, sessions));
  }

  /** @returns who listens to the connection */
  begin(connection: Connection, sessions: SessionSet): ConnectionObserver {
    const { called, clock, connections } = this.#options;
    connections.opened();
    if (called()?.streams.asksNames !== true) return this.#streams.begin(connection, '', null, sessions);
    return new Opening(connection, sessions, clock, MAX_HELLO_RECORD_BYTES, {
      read: (bytes) => this.#read(connection, bytes, sessions),
      failed: () => {
        connections.failed();
        connections.closed();
      },
    });
  }

  /** @returns how many octets must have come before it is worth asking again */
  #read(connection: Connection, bytes: Buffer, sessions: SessionSet): number {
    const hello = readClientHello(bytes, bytes.length);
    if (hello.kind === 'incomplete') return hello.atLeast;
    // What is no TLS names no server, and goes where all goes that does not.
    const serverName = hello.kind === 'hello' ? hello.serverName : '';
    connection.observe(this.#streams.begin(connection, serverName, bytes, sessions));
    return 0;
  }
}
