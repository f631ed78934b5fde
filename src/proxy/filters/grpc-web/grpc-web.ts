import { Base64Decoder, encodeBase64 } from '#codec/grpc/base64.ts';
import { grpcFormOf, inGrpcForm, type GrpcForm } from '#codec/grpc/media-type.ts';
import { encodeWebTrailers } from '#codec/grpc/web-trailers.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import { UNKNOWN_LENGTH, type ResponseHead } from '#http/head.ts';
import type { Exchange, ResponseTranslation } from '../../exchange/exchange.ts';

/** What a page must be let read to learn how its call ended, where that stands in the head. */
const STATUS_FIELDS = 'grpc-status, grpc-message, grpc-status-details-bin';

/**
 * Turns a gRPC-Web request into gRPC, and has the response turned back. Nothing is held: messages are framed alike in
 * both, so only the media type, the trailers and, of the text form, the encoding change.
 * @param refuse ends the exchange, where its content turns out to be none
 * @see gRPC-Web
 */
export function translateGrpcWeb(exchange: Exchange, refuse: (error: ProxyError) => void): void {
  const { request } = exchange;
  const mediaType = request.fields.first('content-type')!;
  const text = exchange.grpc === 'grpc-web-text';
  request.fields.set('content-type', inGrpcForm(mediaType, 'grpc'));
  request.fields.remove('x-grpc-web');
  request.acceptsTrailers = true; // what tells gRPC servers that a proxy on the way is no obstacle
  if (text && request.bodyLength > 0) request.bodyLength = UNKNOWN_LENGTH;
  if (text) exchange.requestBody?.transform((sink) => new DecodedContent(sink, refuse));
  const response = new WebResponse(exchange, text);
  exchange.translation = response;
  exchange.responseSink = response;
}

/** Content of a request in the text form, on its way to a backend. */
class DecodedContent implements BodySink {
  readonly #sink: BodySink;
  readonly #decoder = new Base64Decoder();
  readonly #refuse: (error: ProxyError) => void;
  #failed = false;

  constructor(sink: BodySink, refuse: (error: ProxyError) => void) {
    this.#sink = sink;
    this.#refuse = refuse;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#failed) return true;
    const decoded = this.#decoder.decode(chunk);
    if (this.#decoder.failed) this.#fail();
    return this.#failed || decoded.length === 0 || this.#sink.write(decoded);
  }

  end(trailers: Fields | null): void {
    if (this.#failed) return;
    if (this.#decoder.complete) this.#sink.end(trailers);
    else this.#fail();
  }

  abort(error: ProxyError): void {
    this.#sink.abort(error);
  }

  #fail(): void {
    this.#failed = true;
    this.#refuse(NOT_BASE64);
  }
}

const NOT_BASE64 = new ProxyError('bad_request', 'downstream', 'stream', { cause: 'the content is no base64' });

/** A gRPC response on its way to a client of gRPC-Web. */
class WebResponse implements ResponseTranslation, BodySink {
  readonly #exchange: Exchange;
  readonly #text: boolean;
  /** Whether the backend answered in gRPC: an error page of a proxy on the way passes as it is. */
  #translating = false;

  constructor(exchange: Exchange, text: boolean) {
    this.#exchange = exchange;
    this.#text = text;
  }

  translate(head: ResponseHead, complete: boolean): void {
    const mediaType = head.fields.first('content-type');
    if (grpcFormOf(mediaType) !== 'grpc') return;
    const form: GrpcForm = this.#text ? 'grpc-web-text' : 'grpc-web';
    head.fields.set('content-type', inGrpcForm(mediaType!, form));
    head.fields.remove('trailer');
    this.#translating = !complete; // a head that is all holds the status, and clients look there too
    if (this.#translating) head.bodyLength = UNKNOWN_LENGTH;
  }

  /** Where the head may be read by a page of another origin at all, its status may be too. */
  expose(head: ResponseHead): void {
    const { fields } = head;
    if (fields.first('access-control-allow-origin') === undefined) return;
    const exposed = fields.get('access-control-expose-headers');
    if (exposed === '*') return;
    fields.set(
      'access-control-expose-headers',
      exposed === undefined || exposed === '' ? STATUS_FIELDS : `${exposed}, ${STATUS_FIELDS}`,
    );
  }

  write(chunk: Uint8Array): boolean {
    return this.#exchange.downstream.write(this.#translating && this.#text ? encodeBase64(chunk) : chunk);
  }

  end(trailers: Fields | null): void {
    const { downstream } = this.#exchange;
    if (!this.#translating) {
      downstream.end(trailers);
      return;
    }
    this.#exchange.responseTrailers = trailers; // not seen behind this point, but logged
    this.write(encodeWebTrailers(trailers));
    downstream.end(null);
  }

  abort(error: ProxyError): void {
    this.#exchange.downstream.abort(error);
  }
}
