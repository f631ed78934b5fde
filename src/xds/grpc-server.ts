import type { StreamObserver } from '#codec/http2/stream.ts';
import type { Http2Stream } from '#codec/http2/stream.ts';
import { Fields } from '#http/fields.ts';
import { type RequestHead, ResponseHead } from '#http/head.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import { UNIMPLEMENTED } from './grpc-status.ts';
import { GrpcStream, type GrpcObserver, isGrpc, refuseCall } from './grpc-stream.ts';
import { Http2Link, type Patience } from './http2-link.ts';

/** One method that a {@link GrpcServer} offers. */
export interface GrpcMethod {
  /** Octets of a message that it takes. */
  readonly messageBytes: number;
  /**
   * A call has come.
   * @param principal who calls, by the certificate of the connection: a SPIFFE id, or ''
   * @returns who listens to it
   */
  accept(stream: GrpcStream, principal: string): GrpcObserver;
}

/** Connections that are open and go away together. Takes connections that somebody else has accepted, and made secure. */
export class GrpcServer {
  readonly #clock: Clock;
  readonly #methods: ReadonlyMap<string, GrpcMethod>;
  readonly #patience: Patience | undefined;
  readonly #links = new Set<Http2Link>();

  /** @param methods by path, as in `/package.Service/Method` */
  constructor(clock: Clock, methods: ReadonlyMap<string, GrpcMethod>, patience?: Patience) {
    this.#patience = patience;
    this.#clock = clock;
    this.#methods = methods;
  }

  get connectionCount(): number {
    return this.#links.size;
  }

  /**
   * Serves a connection.
   * @param principal who the peer is, by its certificate: a SPIFFE id, or '' over plain TCP
   */
  serve(connection: Connection, principal: string): ConnectionObserver {
    const link: Http2Link = new Http2Link(connection, {
      role: 'server',
      clock: this.#clock,
      patience: this.#patience,
      opened: (stream, head) => this.#open(stream, head, principal),
      closed: () => void this.#links.delete(link),
    });
    this.#links.add(link);
    return link;
  }

  /** Takes no more calls; connections close behind their last one. */
  drain(): void {
    for (const link of this.#links) link.drain();
  }

  /** Closes all connections at once. */
  close(): void {
    for (const link of this.#links) link.close();
  }

  #open(stream: Http2Stream, head: RequestHead, principal: string): StreamObserver {
    // gRPC over HTTP2, Requests: whoever speaks something else is to be told so in HTTP.
    if (head.method !== 'POST' || !isGrpc(head.fields)) return refuse(stream, () => answerPlainly(stream, 415));
    const method = this.#methods.get(head.path);
    if (method === undefined) {
      const status = { code: UNIMPLEMENTED, message: `${head.path.slice(0, 200)} is not offered here` };
      return refuse(stream, () => refuseCall(stream, status));
    }
    return GrpcStream.accept(stream, method.messageBytes, (call) => method.accept(call, principal));
  }
}

function answerPlainly(stream: Http2Stream, status: number): void {
  stream.respond(new ResponseHead(status, new Fields(), 0), true);
  stream.discard();
}

function refuse(stream: Http2Stream, answer: () => void): StreamObserver {
  stream.observer = DEAF;
  answer();
  return DEAF;
}

const DEAF: StreamObserver = { informational() {}, head() {}, body() {}, end() {}, failed() {}, writable() {} };
