import { ProxyError } from '#errors/proxy-error.ts';
import { Fields } from '#http/fields.ts';
import { ResponseHead } from '#http/head.ts';
import type { BodySink } from '#http/body.ts';
import type { MeshHop } from '#telemetry/exchange-record.ts';
import type { ConnectionObserver } from '#transport/connection.ts';
import type { Attempt, Exchange } from '../exchange/exchange.ts';
import type {
  PendingStream,
  StreamCluster,
  StreamConnection,
  StreamLease,
  StreamObserver,
} from '../exchange/stream.ts';
import { SealedContent } from './sealed-content.ts';

/**
 * Joins a CONNECT exchange to a byte stream of a cluster (RFC 9110 §9.3.6). The client is answered when the stream is
 * there; from then on octets pass in both directions, each at the pace of whoever takes them.
 */
export class ExchangeTunnel implements Attempt, StreamObserver {
  readonly #exchange: Exchange;
  readonly #failed: (exchange: Exchange, error: ProxyError) => void;
  #pending: PendingStream | null = null;
  #connection: StreamConnection | null = null;
  #lease: StreamLease | null = null;

  /** @param failed where there is no stream */
  constructor(exchange: Exchange, failed: (exchange: Exchange, error: ProxyError) => void) {
    this.#exchange = exchange;
    this.#failed = failed;
  }

  open(cluster: StreamCluster): void {
    const { remoteAddress, remotePort, localAddress, localPort } = this.#exchange.peer;
    this.#exchange.attempt = this;
    const client = {
      sourceAddress: remoteAddress,
      sourcePort: remotePort,
      destinationAddress: localAddress,
      destinationPort: localPort,
    };
    const pending = cluster.openStream(this, client);
    if (this.#connection === null) this.#pending = pending;
  }

  // ── Attempt ──

  pause(): void {
    this.#connection?.pause();
  }

  resume(): void {
    this.#connection?.resume();
  }

  cancel(): void {
    this.#pending?.cancel();
    this.#pending = null;
    this.#connection?.destroy();
  }

  // ── the stream ──

  attempted(endpoint: string, hop: MeshHop | null): void {
    if (hop !== null) this.#exchange.hop = hop;
    this.#exchange.attempts++;
    this.#exchange.endpoint = endpoint;
  }

  failed(error: ProxyError): void {
    this.#pending = null;
    this.#exchange.attempt = null;
    this.#failed(this.#exchange, error);
  }

  connected(connection: StreamConnection, lease: StreamLease): ConnectionObserver {
    const exchange = this.#exchange;
    this.#pending = null;
    this.#connection = connection;
    this.#lease = lease;
    exchange.downstream.respond(new ResponseHead(200, new Fields(), 0), false);
    const taker: BodySink = {
      write: (chunk) => {
        connection.writeBytes(chunk);
        return !connection.congested;
      },
      end: () => connection.end(),
      abort: () => connection.destroy(),
    };
    const isSealed = exchange.rule !== null && exchange.rule.sealed === true;
    exchange.requestBody?.connect(isSealed ? new SealedContent(taker, (error) => this.#refuse(error)) : taker);
    return this.#serverSide;
  }

  #refuse(error: ProxyError): void {
    this.cancel();
    this.#failed(this.#exchange, error);
  }

  readonly #serverSide: ConnectionObserver = {
    receive: (buffer, length) => {
      if (!this.#exchange.responseSink.write(buffer.subarray(0, length))) this.#connection?.pause();
    },
    drained: () => this.#exchange.requestBody?.source.resume(),
    halfClosed: () => this.#exchange.responseSink.end(null),
    closed: (error) => {
      this.#connection = null;
      this.#exchange.attempt = null;
      this.#lease?.ended();
      if (error === '' || this.#exchange.phase === 'ended') return;
      this.#exchange.error = new ProxyError('upstream_reset', 'upstream', 'stream', { cause: error });
      this.#exchange.responseSink.abort(this.#exchange.error);
    },
  };
}
