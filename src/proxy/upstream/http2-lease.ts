import { ACCEPT_FIELD, acceptWebSocketKey, KEY_FIELD, WEBSOCKET } from '#codec/websocket/handshake.ts';
import type { Http2Stream, StreamObserver } from '#codec/http2/stream.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import type { RequestHead, ResponseHead } from '#http/head.ts';
import type { Http2Client } from './http2-client.ts';
import type { UpstreamLease, UpstreamRequest } from './upstream-request.ts';

/** One request's stream on a shared HTTP/2 connection. */
export class Http2Lease implements UpstreamLease, StreamObserver {
  readonly #client: Http2Client;
  #stream: Http2Stream | null = null;
  #owner: UpstreamRequest | null = null;
  /** Whether the last write waits for a window to open. */
  #blocked = false;
  #tunnel = false;
  #serverEnded = false;
  #clientEnded = false;
  /** Of a WebSocket whose client speaks HTTP/1.1, or ''. */
  #webSocketKey = '';
  /** How often the connection had written when the request was made. */
  #writesBefore = 0;
  #readsBefore = 0;

  constructor(client: Http2Client) {
    this.#client = client;
  }

  get congested(): boolean {
    return this.#blocked;
  }

  get content(): BodySink {
    return this.#content;
  }

  send(owner: UpstreamRequest): void {
    const { request } = owner;
    this.#owner = owner;
    // CONNECT and a request with an offer to switch have no content; what follows is the tunnel's: the stream stays open.
    const complete = request.bodyLength === 0 && request.upgrade === '' && request.method !== 'CONNECT';
    this.#writesBefore = this.#client.writes;
    this.#readsBefore = this.#client.reads;
    this.#stream =
      request.upgrade === WEBSOCKET ? this.#openWebSocket(request) : this.#client.open(request, complete, this);
    if (this.#stream !== null) return;
    this.#owner = null;
    const cause = request.upgrade === '' ? 'no stream could be opened' : 'the server does not take extended CONNECT';
    owner.fail(new ProxyError('upstream_protocol_error', 'upstream', 'stream', { cause }));
  }

  pause(): void {
    this.#stream?.pause();
  }

  resume(): void {
    this.#stream?.resume();
  }

  abandon(): void {
    this.#owner = null;
    if (this.#client.reads === this.#readsBefore) this.#client.doubt();
    this.#stream?.abort(CANCELLED);
    this.#release();
  }

  // ── the response, as the stream finds it ──

  informational(head: ResponseHead): void {
    this.#owner?.inform(head);
  }

  head(head: ResponseHead, complete: boolean): void {
    const owner = this.#owner;
    this.#tunnel = head.upgrade !== '' || (owner?.request.method === 'CONNECT' && head.status < 300);
    if (head.upgrade !== '' && this.#webSocketKey !== '')
      head.fields.set(ACCEPT_FIELD, acceptWebSocketKey(this.#webSocketKey));
    if (complete) this.#finish();
    owner?.respond(head, complete);
  }

  body(chunk: Uint8Array): boolean {
    return this.#owner?.write(chunk) ?? true;
  }

  end(trailers: Fields | null): void {
    const owner = this.#owner;
    this.#serverEnded = true;
    if (!this.#tunnel) this.#finish();
    owner?.end(trailers);
    this.#closeTunnel();
  }

  failed(error: ProxyError): void {
    const owner = this.#owner;
    this.#owner = null;
    this.#release();
    // What was not written yet when the connection went cannot have been acted on.
    const unsent = error.scope === 'connection' && this.#client.writes === this.#writesBefore;
    owner?.fail(
      unsent ? new ProxyError(error.code, error.origin, error.scope, { retry: 'always', cause: error.cause }) : error,
    );
  }

  writable(): void {
    this.#blocked = false;
    this.#owner?.writable();
  }

  // ── steps ──

  /** HTTP/2 has no key (RFC 8441 §5); a client of HTTP/1.1 wants its answer from this proxy. */
  #openWebSocket(request: RequestHead): Http2Stream | null {
    const key = request.fields.first(KEY_FIELD);
    request.fields.remove(KEY_FIELD);
    const stream = this.#client.open(request, false, this);
    if (key !== undefined) request.fields.append(KEY_FIELD, key); // for another attempt
    this.#webSocketKey = request.version === 20 ? '' : (key ?? '');
    return stream;
  }

  /** The response is complete; if the request is not, nobody wants the rest of it (RFC 9113 §8.1). */
  #finish(): void {
    this.#owner = null;
    if (this.#stream !== null && !this.#stream.localEnded) this.#stream.abort(CANCELLED);
    this.#release();
  }

  /** Both halves have ended: what a connection of its own would tell by closing. */
  #closeTunnel(): void {
    if (!this.#tunnel || !this.#serverEnded || !this.#clientEnded) return;
    this.failed(CANCELLED);
  }

  #release(): void {
    const stream = this.#stream;
    if (stream === null) return;
    this.#stream = null;
    this.#client.streamEnded(stream.closed);
  }

  readonly #content: BodySink = {
    write: (chunk) => {
      const writable = this.#stream?.write(chunk) ?? true;
      this.#blocked = !writable;
      return writable;
    },
    end: (trailers) => {
      this.#clientEnded = true;
      this.#stream?.end(trailers);
      this.#closeTunnel();
    },
    abort: () => this.abandon(),
  };
}

const CANCELLED = new ProxyError('downstream_closed', 'downstream', 'stream');
