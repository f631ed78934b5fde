import { CHUNK_END, chunkHeader, encodeTrailers } from '#codec/http1/encoder.ts';
import type { BodySink } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import { UNKNOWN_LENGTH } from '#http/head.ts';
import type { Connection } from '#transport/connection.ts';

/** The request's content on an upstream connection: frames what is written. One object serves all its requests. */
export class Http1RequestContent implements BodySink {
  readonly #connection: Connection;
  readonly #abandon: () => void;
  #chunked = false;
  #tunnel = false;
  /** Whether all content of the present request was written; a connection cannot be used again before. */
  complete = true;

  /** @param abandon breaks the connection: the only way to say that the content ends early (RFC 9112 §8) */
  constructor(connection: Connection, abandon: () => void) {
    this.#connection = connection;
    this.#abandon = abandon;
  }

  /** Begins the content of the next request. @param length as in its head */
  begin(length: number): void {
    this.#chunked = length === UNKNOWN_LENGTH;
    this.complete = length === 0;
  }

  /** Opaque from here on, in answer to a 101. */
  beginTunnel(): void {
    this.#chunked = false;
    this.#tunnel = true;
    this.complete = false;
  }

  write(chunk: Uint8Array): boolean {
    if (chunk.length > 0 && !this.complete) this.#write(chunk);
    // Not what writeBytes says: text that was long but left at once is followed by no `drained`.
    return !this.#connection.congested;
  }

  end(trailers: Fields | null): void {
    if (this.complete) return;
    this.complete = true;
    if (this.#chunked) this.#connection.writeText(encodeTrailers(trailers));
    else if (this.#tunnel) this.#connection.end(); // the client's half alone: the server's goes on
  }

  abort(): void {
    this.#abandon();
  }

  #write(chunk: Uint8Array): void {
    if (!this.#chunked) {
      this.#connection.writeBytes(chunk);
      return;
    }
    this.#connection.writeText(chunkHeader(chunk.length));
    this.#connection.writeBytes(chunk);
    this.#connection.writeText(CHUNK_END);
  }
}
