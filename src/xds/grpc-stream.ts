import { CANCEL } from '#codec/http2/error-code.ts';
import type { Http2Connection } from '#codec/http2/connection.ts';
import type { Http2Stream, StreamObserver } from '#codec/http2/stream.ts';
import type { ProxyError } from '#errors/proxy-error.ts';
import { Fields } from '#http/fields.ts';
import { RequestHead, ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { encodePrefix, GrpcFrameReader } from './grpc-frame-reader.ts';
import {
  CANCELLED,
  codeOfHttpStatus,
  decodeStatusMessage,
  encodeStatusMessage,
  type GrpcStatus,
  INTERNAL,
  OK,
  RESOURCE_EXHAUSTED,
  UNAVAILABLE,
  UNKNOWN,
} from './grpc-status.ts';

/** Told what comes on a stream of gRPC messages. */
export interface GrpcObserver {
  /** @param message valid for the call only */
  received(message: Uint8Array): void;
  /** All that {@link GrpcStream.send} could not send at once has been sent. */
  writable(): void;
  /**
   * Server: the client has said all that it will, and waits for answers. Where this is absent, the call is over then:
   * whoever must be answered by the client cannot be served any longer.
   */
  halfClosed?(): void;
  /** The call is over, by whomever but {@link GrpcStream.close}. Called once; nothing follows. */
  ended(status: GrpcStatus): void;
}

/** Sends messages, either side. */
export interface GrpcSender {
  /**
   * Sends one message. @param parts of it, which must not change any more: they are not copied while they wait
   * @returns false when some of it waits: stop until {@link GrpcObserver.writable}
   */
  send(parts: readonly Uint8Array[]): boolean;
  /** Ends the call; a server says the status, a client cancels. The observer hears nothing more. */
  close(status: GrpcStatus): void;
}

const CONTENT_TYPE = 'application/grpc';
const OK_STATUS: GrpcStatus = { code: OK, message: '' };
const NOTHING: GrpcObserver = { received() {}, writable() {}, ended() {} };

/**
 * One bidirectional call over an HTTP/2 stream, either side of it, without a socket.
 * @see https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export class GrpcStream implements StreamObserver, GrpcSender {
  #observer: GrpcObserver = NOTHING;
  #stream: Http2Stream | null = null;
  readonly #isServer: boolean;
  readonly #reader: GrpcFrameReader;
  /** Parts of a message that the stream does not take now. */
  #waiting: Uint8Array[] = [];
  #sent = 0;
  #ended = false;

  private constructor(isServer: boolean, limitBytes: number) {
    this.#isServer = isServer;
    this.#reader = new GrpcFrameReader(
      {
        message: (message) => this.#observer.received(message),
        malformed: (reason, tooLarge) =>
          this.#fail({ code: tooLarge ? RESOURCE_EXHAUSTED : INTERNAL, message: reason }),
      },
      limitBytes,
    );
  }

  /**
   * Client: makes a call.
   * @param path for example `/package.Service/Method`
   * @param limitBytes of a message that is received
   * @returns null where no stream can be opened now
   */
  static call(
    connection: Http2Connection,
    authority: string,
    path: string,
    limitBytes: number,
    observe: (stream: GrpcStream) => GrpcObserver,
  ): GrpcStream | null {
    const call = new GrpcStream(false, limitBytes);
    const fields = new Fields(['content-type', CONTENT_TYPE], true);
    const head = new RequestHead('POST', path, authority, path, '', fields, 20);
    head.bodyLength = UNKNOWN_LENGTH;
    head.acceptsTrailers = true;
    call.#stream = connection.request(head, false, call);
    if (call.#stream === null) return null;
    call.#observer = observe(call);
    return call;
  }

  /** Server: takes a call, whose head must have been looked at with {@link isGrpc}. */
  static accept(stream: Http2Stream, limitBytes: number, observe: (stream: GrpcStream) => GrpcObserver): GrpcStream {
    const call = new GrpcStream(true, limitBytes);
    call.#stream = stream;
    // RFC 9110 §6.6.1: who has a clock says what it shows; whose calls are refused can then compare.
    const fields = new Fields(['content-type', CONTENT_TYPE, 'date', new Date().toUTCString()], true);
    stream.respond(new ResponseHead(200, fields, UNKNOWN_LENGTH), false);
    call.#observer = observe(call);
    return call;
  }

  send(parts: readonly Uint8Array[]): boolean {
    if (this.#ended) return true;
    let octets = 0;
    for (const part of parts) octets += part.length;
    this.#waiting.push(encodePrefix(octets), ...parts);
    return this.#sendWaiting();
  }

  /** Receives nothing until {@link resume}; what one read has brought still comes. */
  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  close(status: GrpcStatus): void {
    if (this.#ended) return;
    this.#end();
    this.#closeStream(status);
  }

  // ── StreamObserver ──

  informational(): void {}

  head(head: ResponseHead, complete: boolean): void {
    if (this.#ended) return;
    if (complete) return this.#finish(statusOf(head.fields, head.status));
    if (head.status === 200 && isGrpc(head.fields)) return;
    const code = head.status === 200 ? UNKNOWN : codeOfHttpStatus(head.status);
    this.#fail({ code, message: `no gRPC answer: HTTP status ${head.status}` });
  }

  body(chunk: Uint8Array): void {
    if (!this.#ended) this.#reader.read(chunk);
  }

  end(trailers: Fields | null): void {
    if (this.#ended) return;
    const status = this.#isServer ? OK_STATUS : statusOf(trailers ?? new Fields(), 200);
    // A server that breaks off may do so within a message, and says why.
    const isCut = this.#reader.isWithinMessage && status.code === OK;
    const end = isCut ? { code: INTERNAL, message: 'the stream ends within a message' } : status;
    if (this.#isServer && !isCut && this.#observer.halfClosed !== undefined) return this.#observer.halfClosed();
    if (this.#isServer) this.#closeStream(end);
    this.#finish(end);
  }

  failed(error: ProxyError): void {
    if (this.#ended) return;
    this.#finish({ code: this.#isServer ? CANCELLED : UNAVAILABLE, message: error.cause });
  }

  writable(): void {
    if (!this.#ended && this.#sendWaiting()) this.#observer.writable();
  }

  // ── steps ──

  #sendWaiting(): boolean {
    const waiting = this.#waiting;
    while (this.#sent < waiting.length) {
      if (!this.#stream!.write(waiting[this.#sent++]!)) return false;
      if (this.#ended) return false;
    }
    waiting.length = 0;
    this.#sent = 0;
    return true;
  }

  /** The peer has broken the rules. */
  #fail(status: GrpcStatus): void {
    this.#closeStream(status);
    this.#finish(status);
  }

  #finish(status: GrpcStatus): void {
    const observer = this.#observer;
    this.#end();
    observer.ended(status);
  }

  #end(): void {
    this.#ended = true;
    this.#observer = NOTHING;
    this.#waiting = [];
  }

  #closeStream(status: GrpcStatus): void {
    const stream = this.#stream;
    if (stream === null) return;
    if (!this.#isServer) return stream.reset(CANCEL);
    stream.end(trailersOf(status));
    stream.discard();
    stream.resume();
  }
}

/** Server: refuses a call without an answer besides ("trailers-only"). */
export function refuseCall(stream: Http2Stream, status: GrpcStatus): void {
  const fields = new Fields(['content-type', CONTENT_TYPE, ...trailersOf(status).entries]);
  stream.respond(new ResponseHead(200, fields, UNKNOWN_LENGTH), true);
  stream.discard();
}

/** Whether a message says that it is of gRPC, with whatever encoding (`application/grpc+proto`). */
export function isGrpc(fields: Fields): boolean {
  const type = fields.first('content-type') ?? '';
  return type === CONTENT_TYPE || type.startsWith(`${CONTENT_TYPE}+`) || type.startsWith(`${CONTENT_TYPE};`);
}

function trailersOf(status: GrpcStatus): Fields {
  const trailers = new Fields(['grpc-status', String(status.code)], true);
  if (status.message !== '') trailers.append('grpc-message', encodeStatusMessage(status.message));
  return trailers;
}

function statusOf(fields: Fields, httpStatus: number): GrpcStatus {
  const code = fields.first('grpc-status');
  if (code === undefined) {
    return {
      code: httpStatus === 200 ? UNKNOWN : codeOfHttpStatus(httpStatus),
      message: 'the answer has no grpc-status',
    };
  }
  return {
    code: /^\d{1,3}$/.test(code) ? Number(code) : UNKNOWN,
    message: decodeStatusMessage(fields.first('grpc-message') ?? ''),
  };
}
