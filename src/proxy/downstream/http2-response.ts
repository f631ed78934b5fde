import type { Http2Stream } from '#codec/http2/stream.ts';
import { ERROR_TABLE } from '#errors/error-table.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { Fields } from '#http/fields.ts';
import type { ResponseHead } from '#http/head.ts';
import { opensTunnel, type DownstreamStream, type Exchange } from '../exchange/exchange.ts';

/** What a response needs of the exchange that it belongs to. */
export interface Http2ResponseOwner {
  readonly exchange: Exchange;
  /** Whether the client reads so little that nothing should be said that can be left out. */
  readonly congested: boolean;
  /** Something moved. */
  touch(): void;
  /** An extended CONNECT was accepted: both directions are opaque from here on (RFC 8441 §5). */
  openTunnel(): void;
  /** The response is complete. */
  responseEnded(): void;
  /** What came is no answer that the client can be given. */
  refuse(error: ProxyError): void;
  /** The response will never be complete. */
  responseFailed(error: ProxyError): void;
}

/** The response side of one HTTP/2 stream. */
export class Http2Response implements DownstreamStream {
  readonly #stream: Http2Stream;
  readonly #owner: Http2ResponseOwner;
  #bodiless = false;

  constructor(stream: Http2Stream, owner: Http2ResponseOwner) {
    this.#stream = stream;
    this.#owner = owner;
  }

  inform(head: ResponseHead): void {
    // Nothing would stop a backend that sends them without end: a client that does not read them gets no more.
    if (!this.#owner.congested) this.#stream.inform(head);
  }

  respond(head: ResponseHead, complete: boolean): void {
    const { exchange } = this.#owner;
    if (this.#stream.upgrade !== '' && head.status >= 200 && head.status < 300) {
      // To this client, any 2xx would say that the protocol was switched (RFC 8441 §5).
      if (exchange.error === null) return this.#owner.refuse(NOT_SWITCHED);
      head.status = ERROR_TABLE[exchange.error.code].status;
    }
    exchange.response = head;
    exchange.phase = 'response';
    this.#bodiless = exchange.request.method === 'HEAD';
    this.#stream.respond(head, complete);
    if (opensTunnel(exchange.request, head)) this.#owner.openTunnel();
    else if (complete) this.#owner.responseEnded();
  }

  write(chunk: Uint8Array): boolean {
    if (this.#bodiless) return true;
    this.#owner.exchange.responseBytes += chunk.length;
    this.#owner.touch();
    return this.#stream.write(chunk);
  }

  end(trailers: Fields | null): void {
    this.#owner.exchange.responseTrailers ??= trailers;
    this.#stream.end(trailers);
    this.#owner.responseEnded();
  }

  abort(error: ProxyError): void {
    this.#stream.abort(error);
    this.#owner.responseFailed(error);
  }
}

const NOT_SWITCHED = new ProxyError('upstream_protocol_error', 'upstream', 'stream', {
  cause: 'the backend answered an offer to switch protocols without switching',
});
