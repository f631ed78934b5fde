import {
  CHUNK_END,
  chunkHeader,
  encodeResponseHead,
  encodeTrailers,
  responseFraming,
  type ResponseEncoding,
  type ResponseFraming,
} from '#codec/http1/encoder.ts';
import type { ProxyError } from '#errors/proxy-error.ts';
import type { Fields } from '#http/fields.ts';
import type { ResponseHead } from '#http/head.ts';
import type { Connection } from '#transport/connection.ts';
import { opensTunnel, type DownstreamStream, type Exchange } from '../exchange/exchange.ts';

/** What a response needs of the session that it belongs to. */
export interface ResponseOwner {
  /** Whether the response says `connection: close`; it then must be the last. */
  closesAfter(exchange: Exchange, head: ResponseHead): boolean;
  /** Something moved. */
  touch(): void;
  /** Both directions are opaque from here on. */
  switchProtocol(exchange: Exchange): void;
  /** The response is complete. */
  responseEnded(): void;
  /** The response will never be complete. */
  responseFailed(error: ProxyError): void;
}

/**
 * The response side of one HTTP/1.1 connection: turns version-free messages into octets. One object serves all
 * responses of its connection, one after the other.
 */
export class Http1Response implements DownstreamStream {
  readonly #connection: Connection;
  readonly #owner: ResponseOwner;
  readonly #encoding: { -readonly [K in keyof ResponseEncoding]: ResponseEncoding[K] } = {
    close: false,
    requestVersion: 11,
    requestMethod: '',
  };
  #exchange: Exchange | null = null;
  #framing: ResponseFraming = 'none';

  constructor(connection: Connection, owner: ResponseOwner) {
    this.#connection = connection;
    this.#owner = owner;
  }

  /** Begins the response to the next request. */
  begin(exchange: Exchange): void {
    this.#exchange = exchange;
    this.#framing = 'none';
  }

  inform(head: ResponseHead): void {
    const exchange = this.#exchange;
    // An HTTP/1.0 client knows no interim responses (RFC 9110 §15.2); behind the final one there is none.
    if (exchange === null || exchange.phase !== 'request' || exchange.request.version === 10) return;
    const encoding = this.#encoding;
    encoding.close = false;
    encoding.requestVersion = exchange.request.version;
    encoding.requestMethod = exchange.request.method;
    this.#connection.writeText(encodeResponseHead(head, encoding));
    // No client loses by a wait for interim responses; unbounded ones would fill this proxy's memory.
    if (this.#connection.congested) exchange.attempt?.pause();
  }

  respond(head: ResponseHead, complete: boolean): void {
    const exchange = this.#exchange!;
    const request = exchange.request;
    exchange.response = head;
    exchange.phase = 'response';
    const encoding = this.#encoding;
    encoding.close = this.#owner.closesAfter(exchange, head);
    encoding.requestVersion = request.version;
    encoding.requestMethod = request.method;
    this.#connection.writeText(encodeResponseHead(head, encoding));
    if (opensTunnel(request, head)) {
      this.#framing = 'close';
      this.#owner.switchProtocol(exchange);
      return;
    }
    this.#framing = responseFraming(head, encoding);
    if (complete) this.#owner.responseEnded();
  }

  write(chunk: Uint8Array): boolean {
    const length = chunk.length;
    // A chunk of no octets would be the last one (RFC 9112 §7.1).
    if (this.#framing === 'none' || length === 0) return true;
    this.#exchange!.responseBytes += length;
    this.#owner.touch();
    if (this.#framing === 'chunked') {
      this.#connection.writeText(chunkHeader(length));
      this.#connection.writeBytes(chunk);
      this.#connection.writeText(CHUNK_END);
    } else this.#connection.writeBytes(chunk);
    // Not what writeBytes says: text that was long but left at once is followed by no `drained`.
    return !this.#connection.congested;
  }

  end(trailers: Fields | null): void {
    if (this.#framing === 'chunked') this.#connection.writeText(encodeTrailers(trailers));
    this.#owner.responseEnded();
  }

  abort(error: ProxyError): void {
    this.#owner.responseFailed(error);
  }
}
