import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import { encodeRequestHead } from '#codec/http1/encoder.ts';
import { ResponseDecoder, type ResponseObserver } from '#codec/http1/response-decoder.ts';
import {
  ACCEPT_FIELD,
  acceptWebSocketKey,
  createWebSocketKey,
  KEY_FIELD,
  WEBSOCKET,
} from '#codec/websocket/handshake.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import type { ResponseHead } from '#http/head.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import { Http1RequestContent } from './http1-request-content.ts';
import type { UpstreamRequest } from './upstream-request.ts';

/** What a client connection tells the pool that it belongs to. */
export interface ClientObserver {
  /** The response is complete and the connection can take another request. */
  released(client: Http1Client): void;
  /** The connection is gone or must not be used again. Called once. */
  retired(client: Http1Client): void;
}

/**
 * The client side of one upstream HTTP/1.1 connection: one request at a time, no pipelining (RFC 9112 §9.3.2 allows
 * it, but a response that is slow would hold all behind it).
 *
 *   idle ──send──▶ busy ──response and request complete──▶ idle
 *     │              ├──101──▶ tunnel ──both halves ended──▶ retired
 *     └──────────────┴──FIN, error, timeout, bytes nobody asked for──▶ retired
 */
export class Http1Client implements ConnectionObserver, ResponseObserver, Expirable {
  /** The pool's: runs while the connection is idle. */
  readonly idleTimer = new WheelTimer(this);
  readonly #connection: Connection;
  readonly #observer: ClientObserver;
  readonly #decoder: ResponseDecoder;
  readonly #content: Http1RequestContent;
  #owner: UpstreamRequest | null = null;
  #state: 'idle' | 'busy' | 'tunnel' | 'retired' = 'idle';
  /** A head without content, held until the decoder has seen its end. */
  #head: ResponseHead | null = null;
  #responseEnded = false;
  #trailers: Fields | null = null;
  #paused = false;
  /** Whether any byte of the present response came. */
  #answered = false;
  /** Key of a WebSocket that was made here, or ''. */
  #ownKey = '';
  /** Requests sent so far. */
  requests = 0;

  constructor(connection: Connection, observer: ClientObserver) {
    this.#connection = connection;
    this.#observer = observer;
    this.#decoder = new ResponseDecoder(this);
    this.#content = new Http1RequestContent(connection, () => this.abandon());
  }

  get usable(): boolean {
    return this.#state === 'idle' && this.#connection.isOpen;
  }

  /** Whether the server takes no more of the request now. */
  get congested(): boolean {
    return this.#connection.congested;
  }

  /** `Keep-Alive: timeout` of the last response in milliseconds, or -1. */
  get keepAliveTimeoutMs(): number {
    return this.#decoder.keepAliveTimeoutMs;
  }

  /** Takes the request's content after {@link send}, where it has any. */
  get content(): BodySink {
    return this.#content;
  }

  /** Sends a request's head. Only while {@link usable}. */
  send(owner: UpstreamRequest): void {
    const request = owner.request;
    this.#owner = owner;
    this.#state = 'busy';
    this.#answered = false;
    this.requests++;
    this.#decoder.expect(request.method, request.upgrade !== '');
    this.#ownKey = '';
    if (request.upgrade === WEBSOCKET && request.version === 20) this.#setKey(request.fields);
    this.#content.begin(request.bodyLength);
    this.#connection.writeText(encodeRequestHead(request));
  }

  /** Stops reading the response until {@link resume}. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#connection.pause();
  }

  resume(): void {
    if (!this.#paused || this.#state === 'retired') return;
    this.#paused = false;
    this.#connection.resume();
  }

  /** Closes the connection; the present request fails. */
  destroy(): void {
    this.#connection.destroy();
  }

  /** Gives the present request up. The connection cannot be used again. */
  abandon(): void {
    this.#owner = null;
    this.#retire();
  }

  // ── the connection ──

  receive(buffer: Buffer, length: number): void {
    if (this.#state === 'busy') this.#decode(buffer, length);
    else if (this.#state === 'tunnel') this.#pass(buffer.subarray(0, length));
    // Bytes on an idle connection answer nothing; kept, they would answer the next request.
    else this.#retire();
  }

  drained(): void {
    this.#owner?.writable();
  }

  halfClosed(): void {
    if (this.#state === 'tunnel') {
      this.#owner?.end(null);
      return;
    }
    if (this.#state === 'busy') {
      this.#decoder.finish();
      if (this.#responseEnded) this.#finish(false);
      else this.#lose('the server closed the connection');
    } else this.#retire();
  }

  closed(error: string): void {
    if (this.#state === 'tunnel' && error === '') this.#owner?.end(null);
    else this.#lose(error === '' ? 'the connection was closed' : error);
    this.#retire();
  }

  // ── the response, as the decoder finds it ──

  informational(head: ResponseHead): void {
    this.#owner?.inform(head);
  }

  head(head: ResponseHead): void {
    if (head.upgrade !== '') {
      if (this.#ownKey !== '' && !this.#checkAccept(head.fields)) return;
      this.#state = 'tunnel';
      this.#content.beginTunnel();
      this.#owner?.respond(head, false);
    } else if (head.bodyLength === 0) this.#head = head;
    else this.#owner?.respond(head, false);
  }

  body(chunk: Uint8Array): void {
    if (this.#owner?.write(chunk) === false) this.pause();
  }

  end(trailers: Fields | null): void {
    this.#responseEnded = true;
    this.#trailers = trailers;
  }

  /** The time for an idle connection is up. */
  expire(): void {
    if (this.#state === 'idle') this.#retire();
  }

  // ── steps ──

  /** For a WebSocket whose client speaks HTTP/2, where there is no key (RFC 8441 §5). */
  #setKey(fields: Fields): void {
    this.#ownKey = createWebSocketKey();
    fields.set(KEY_FIELD, this.#ownKey);
  }

  /** The client cannot check the answer to a key that it does not know. @returns false where the request has failed */
  #checkAccept(fields: Fields): boolean {
    const accepted = fields.first(ACCEPT_FIELD) === acceptWebSocketKey(this.#ownKey);
    fields.remove(ACCEPT_FIELD);
    if (!accepted)
      this.#fail(
        new ProxyError('upstream_protocol_error', 'upstream', 'connection', { cause: 'wrong Sec-WebSocket-Accept' }),
      );
    return accepted;
  }

  #decode(buffer: Buffer, length: number): void {
    this.#answered = true;
    const consumed = this.#decoder.decode(buffer, 0, length);
    const failure = this.#decoder.failure;
    if (failure !== null) {
      this.#fail(failure);
    } else if (this.#responseEnded) this.#finish(consumed === length);
    else if ((this.#state as string) === 'tunnel' && consumed < length) this.#pass(buffer.subarray(consumed, length));
  }

  /**
   * The response is complete. The connection goes back before its owner hears of it, since the owner's client may send
   * its next request in the same turn.
   * @param clean whether nothing came behind the response: what did would answer a request not yet sent
   */
  #finish(clean: boolean): void {
    const owner = this.#owner;
    const head = this.#head;
    this.#owner = null;
    this.#head = null;
    this.#responseEnded = false;
    // A server that answered early may not read the rest of the request: nothing is to wait behind that.
    const sent = this.#content.complete && !this.#connection.congested;
    const reusable = clean && sent && this.#decoder.keepAlive && this.#connection.isOpen;
    if (reusable) {
      this.#state = 'idle';
      this.resume();
      this.#observer.released(this);
    } else this.#retire();
    if (owner === null) return;
    if (head !== null) owner.respond(head, true);
    else owner.end(this.#trailers);
  }

  #pass(bytes: Uint8Array): void {
    if (this.#owner?.write(bytes) === false) this.pause();
  }

  /** The connection went away under a request. */
  #lose(cause: string): void {
    // A server may close an idle connection just as a request is sent on it (RFC 9112 §9.3.1): then nothing of an
    // answer comes, and whatever may be repeated is. On a fresh connection silence says nothing of the kind.
    const stale = !this.#answered && this.requests > 1;
    this.#fail(
      new ProxyError('upstream_reset', 'upstream', 'connection', { retry: stale ? 'idempotent' : 'never', cause }),
    );
  }

  #fail(error: ProxyError): void {
    const owner = this.#owner;
    this.#retire(); // first, so that a retry may take this connection's place
    owner?.fail(error);
  }

  #retire(): void {
    if (this.#state === 'retired') return;
    this.#state = 'retired';
    this.#owner = null;
    this.#connection.destroy();
    this.#observer.retired(this);
  }
}
