import { createUuidV7 } from '#base/uuid-v7.ts';
import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { MeshHop } from '#telemetry/exchange-record.ts';
import type { StreamRecord } from '#telemetry/stream-record.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import type { Cluster, Listener, StreamRoute } from '../exchange/exchange.ts';
import { sealedProblem } from '../exchange/sealed.ts';
import type { PendingStream, StreamConnection, StreamLease, StreamObserver } from '../exchange/stream.ts';
import { addressesOf } from '../exchange/peer-addresses.ts';
import { ConnectionPeer } from './connection-peer.ts';
import type { Session } from './session.ts';

/** How long a connection whose halves have both ended may take to send what is left, in milliseconds. */
const CLOSE_MS = 15_000;

/** What all stream sessions of one acceptor share. */
export interface StreamEnvironment {
  readonly clock: Clock;
  /** For a connection on which nothing moves. */
  readonly idleMs: number;
  /** Called once, when both connections have gone. */
  readonly ended: (session: StreamSession) => void;
  readonly record: (record: StreamRecord) => void;
}

/** Where a connection goes. */
export interface StreamPlace {
  readonly listener: Listener | null;
  /** Null where no route takes it. */
  readonly route: StreamRoute | null;
  readonly serverName: string;
  /** Why it goes nowhere, where a policy says so; absent or null where none does. */
  readonly refusal?: ProxyError | null;
  /** What policies decided; absent or null where none did. */
  readonly authorization?: StreamRecord['authorization'];
  /** Between whom it is in the mesh, as far as that is known before it goes on; absent outside. */
  readonly hop?: MeshHop;
}

/**
 * One connection that is passed on as it is, in both directions, each at the pace of whoever takes it.
 *
 *   connecting ──▶ open ──one half ended──▶ half open ──the other──▶ closing ──both closed──▶ ended
 *
 * An error, or the time, ends it from anywhere; each side is told of the end of the other.
 */
export class StreamSession implements ConnectionObserver, StreamObserver, Session, Expirable {
  readonly #client: Connection;
  readonly #peer: ConnectionPeer;
  readonly #place: StreamPlace;
  readonly #environment: StreamEnvironment;
  readonly #timer = new WheelTimer(this);
  readonly #startedAt: number;
  #deadlineMs = 0;
  #pending: PendingStream | null = null;
  #server: StreamConnection | null = null;
  #lease: StreamLease | null = null;
  /** What came before there was anybody to take it. */
  #held: Buffer | null;
  #cluster: Cluster | null = null;
  #clientEnded = false;
  #serverEnded = false;
  #clientClosed = false;
  #clientPaused = false;
  #serverPaused = false;
  #error: ProxyError | null = null;
  #endpoint = '';
  #hop: MeshHop | null;
  #attempts = 0;
  #receivedBytes = 0;
  #sentBytes = 0;
  #recorded = false;

  /** @param first octets of the client that were looked at already, and are passed on; kept as they are */
  constructor(connection: Connection, place: StreamPlace, environment: StreamEnvironment, first: Buffer | null) {
    this.#client = connection;
    this.#peer = new ConnectionPeer(connection);
    this.#place = place;
    this.#hop = place.hop ?? null;
    this.#environment = environment;
    this.#held = first;
    this.#startedAt = environment.clock.now();
    this.#touch();
  }

  /** Connects to the backend. The client is not read from before that has been done. */
  start(): void {
    const { refusal = null } = this.#place;
    const backend = this.#place.route === null ? null : drawBackend(this.#place.route);
    this.#cluster = backend === null ? null : backend.slot.cluster;
    this.#pauseClient();
    if (refusal !== null) this.#fail(refusal);
    else if (this.#place.route === null) this.#fail(new ProxyError('route_not_found', 'local', 'connection'));
    else if (this.#cluster === null) this.#fail(new ProxyError('backend_invalid', 'local', 'connection'));
    else this.#open(this.#cluster);
  }

  /** Streams end when their peers end them. */
  drain(): void {}

  destroy(): void {
    this.#fail(new ProxyError('draining', 'local', 'connection'));
  }

  // ── the backend's connection, being made ──

  attempted(endpoint: string, hop: MeshHop | null): void {
    this.#endpoint = endpoint;
    if (hop !== null) this.#hop = hop;
    this.#attempts++;
  }

  connected(server: StreamConnection, lease: StreamLease): ConnectionObserver {
    this.#pending = null;
    this.#server = server;
    this.#lease = lease;
    this.#touch();
    const held = this.#held;
    this.#held = null;
    if (held !== null) this.#passToServer(held);
    if (this.#clientEnded) server.end();
    if (!server.congested) this.#resumeClient();
    return this.#serverSide;
  }

  failed(error: ProxyError): void {
    this.#pending = null;
    this.#fail(error);
  }

  // ── the client's connection ──

  receive(buffer: Buffer, length: number): void {
    const bytes = buffer.subarray(0, length);
    this.#touch();
    if (this.#server !== null) this.#passToServer(bytes);
    // A read may have been under way when the client was paused.
    else this.#held = this.#held === null ? Buffer.from(bytes) : Buffer.concat([this.#held, bytes]);
  }

  drained(): void {
    this.#touch();
    if (!this.#serverPaused || this.#server === null) return;
    this.#serverPaused = false;
    this.#server.resume();
  }

  halfClosed(): void {
    this.#clientEnded = true;
    this.#server?.end();
    this.#closeWhenEnded();
  }

  closed(error: string): void {
    this.#clientClosed = true;
    if (error !== '') this.#error ??= new ProxyError('downstream_closed', 'downstream', 'connection', { cause: error });
    this.#pending?.cancel();
    this.#pending = null;
    if (this.#server !== null) this.#server.destroy();
    this.#finish();
  }

  // ── the backend's connection ──

  readonly #serverSide: ConnectionObserver = {
    receive: (buffer, length) => {
      this.#touch();
      this.#sentBytes += length;
      this.#client.writeBytes(buffer.subarray(0, length));
      if (!this.#client.congested) return;
      this.#serverPaused = true;
      this.#server?.pause();
    },
    drained: () => {
      this.#touch();
      this.#resumeClient();
    },
    halfClosed: () => {
      this.#serverEnded = true;
      this.#client.end();
      this.#closeWhenEnded();
    },
    closed: (error) => {
      this.#server = null;
      this.#lease?.ended();
      if (error !== '') this.#error ??= new ProxyError('upstream_reset', 'upstream', 'connection', { cause: error });
      // An orderly end was passed on before; anything else is told by closing.
      if (error !== '' || !this.#serverEnded) this.#client.destroy();
      this.#finish();
    },
  };

  // ── time ──

  expire(nowMs: number): void {
    if (nowMs < this.#deadlineMs) this.#environment.clock.schedule(this.#timer, this.#deadlineMs);
    else
      this.#fail(
        this.#clientEnded && this.#serverEnded ? null : new ProxyError('stream_idle_timeout', 'local', 'connection'),
      );
  }

  /** Deadlines mostly move back: so the timer stays where it is and looks again when it expires. */
  #touch(): void {
    if (this.#clientEnded && this.#serverEnded) return;
    this.#deadlineMs = this.#environment.clock.now() + this.#environment.idleMs;
    if (!this.#timer.scheduled) this.#environment.clock.schedule(this.#timer, this.#deadlineMs);
  }

  /** With both halves ended, what is left is to send what is queued. */
  #closeWhenEnded(): void {
    if (!this.#clientEnded || !this.#serverEnded) return;
    this.#deadlineMs = this.#environment.clock.now() + CLOSE_MS;
    this.#environment.clock.schedule(this.#timer, this.#deadlineMs);
  }

  // ── steps ──

  #open(cluster: Cluster): void {
    this.#pending = cluster.openStream(this, addressesOf(this.#peer));
  }

  #passToServer(bytes: Buffer): void {
    const isFirst = this.#receivedBytes === 0 && bytes.length > 0;
    const problem = isFirst && this.#place.route?.sealed === true ? sealedProblem(bytes) : null;
    if (problem !== null) {
      this.#fail(problem);
      return;
    }
    this.#receivedBytes += bytes.length;
    this.#server!.writeBytes(bytes);
    if (this.#server!.congested) this.#pauseClient();
  }

  #pauseClient(): void {
    if (this.#clientPaused) return;
    this.#clientPaused = true;
    this.#client.pause();
  }

  #resumeClient(): void {
    if (!this.#clientPaused) return;
    this.#clientPaused = false;
    this.#client.resume();
  }

  #fail(error: ProxyError | null): void {
    this.#error ??= error;
    this.#pending?.cancel();
    this.#pending = null;
    this.#server?.destroy();
    this.#client.destroy();
  }

  #finish(): void {
    if (!this.#clientClosed || this.#server !== null || this.#recorded) return;
    this.#recorded = true;
    const { clock, record, ended } = this.#environment;
    clock.cancel(this.#timer);
    record(this.#describe(clock.now()));
    ended(this);
  }

  #describe(endedAt: number): StreamRecord {
    const { listener, route, serverName } = this.#place;
    return {
      connectionId: createUuidV7(),
      peer: this.#peer,
      listener,
      route: route === null ? '' : route.route,
      cluster: this.#cluster,
      endpoint: this.#endpoint,
      authorization: this.#place.authorization ?? null,
      hop: this.#hop,
      attempts: this.#attempts,
      error: this.#error,
      serverName,
      receivedBytes: this.#receivedBytes,
      sentBytes: this.#sentBytes,
      startedAt: this.#startedAt,
      endedAt,
    };
  }
}

/** @returns one of the backends, by weight; null where there is none to choose */
const drawBackend = ({ backends, totalWeight }: StreamRoute): StreamRoute['backends'][number] | null => {
  let point = Math.random() * totalWeight;
  for (const backend of backends) {
    point -= backend.weight;
    if (point < 0) return backend;
  }
  return null;
};
