import type { MetricScope } from '#telemetry/exchange-record.ts';
import type { Connection } from '#transport/connection.ts';
import type { TlsSession } from '#transport/tls-session.ts';
import type { DownstreamPeer } from '../exchange/exchange.ts';

/** What is known of a client's connection. */
export class ConnectionPeer implements DownstreamPeer {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsSession | null;
  metricScope: MetricScope | null = null;

  constructor(connection: Connection) {
    this.remoteAddress = connection.remoteAddress;
    this.remotePort = connection.remotePort;
    this.localAddress = connection.localAddress;
    this.localPort = connection.localPort;
    this.tls = connection.tls;
  }

  get encrypted(): boolean {
    return this.tls !== null;
  }
}
