import type { BodySink } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import { KeptContent } from '../exchange/kept-content.ts';

/** Octets that a copy may lag behind its original; what is slower is given up. */
export const MAX_LAG_BYTES = 256 * 1024;

/** A copy of a request's content, which never holds the original up: it lags within a bound or is broken off. */
export class MirroredContent implements BodySink {
  readonly #giveUp: () => void;
  #sink: BodySink | null = null;
  #blocked = false;
  readonly #lag = new KeptContent();
  #ended = false;
  #trailers: Fields | null = null;
  /** Nobody wants what is still to come. */
  #closed = false;

  /** @param giveUp breaks the copy off */
  constructor(giveUp: () => void) {
    this.#giveUp = giveUp;
  }

  /** A connection takes the content from here on. */
  attach(sink: BodySink): void {
    this.#sink = sink;
    this.resume();
  }

  /** The connection takes more again. */
  resume(): void {
    const sink = this.#sink;
    if (sink === null || this.#closed) return;
    this.#blocked = false;
    if (this.#lag.length > 0) {
      this.#blocked = !sink.write(this.#lag.bytes);
      this.#lag.clear();
    }
    if (this.#ended) this.#finish(sink);
  }

  write(chunk: Uint8Array): boolean {
    if (this.#closed) return true;
    if (this.#sink !== null && !this.#blocked) this.#blocked = !this.#sink.write(chunk);
    else if (this.#lag.length + chunk.length > MAX_LAG_BYTES) this.abort();
    else this.#lag.append(chunk);
    return true;
  }

  end(trailers: Fields | null): void {
    this.#ended = true;
    this.#trailers = trailers;
    if (this.#sink !== null && this.#lag.length === 0 && !this.#closed) this.#finish(this.#sink);
  }

  abort(): void {
    if (this.#closed) return;
    this.close();
    this.#giveUp();
  }

  /** The copy is over, however it ended: what still comes falls away. */
  close(): void {
    this.#closed = true;
    this.#sink = null;
    this.#lag.clear();
  }

  #finish(sink: BodySink): void {
    this.#sink = null;
    this.#closed = true;
    sink.end(this.#trailers);
  }
}
