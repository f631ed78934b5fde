import type { BodySink } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';

/** Octets that a copy may lag behind its original; what is slower is given up. */
const MAX_LAG_BYTES = 256 * 1024;

/** A copy of a request's content, which never holds the original up: it lags within a bound or is broken off. */
export class MirroredContent implements BodySink {
  readonly #giveUp: () => void;
  #sink: BodySink | null = null;
  #blocked = false;
  #queue: Uint8Array[] = [];
  #queuedBytes = 0;
  #ended = false;
  #trailers: Fields | null = null;

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
    this.#blocked = false;
    while (this.#sink !== null && !this.#blocked && this.#queue.length > 0) {
      const chunk = this.#queue.shift()!;
      this.#queuedBytes -= chunk.length;
      this.#blocked = !this.#sink.write(chunk);
    }
    if (this.#sink !== null && this.#ended && this.#queue.length === 0) this.#finish(this.#sink);
  }

  write(chunk: Uint8Array): boolean {
    if (this.#sink !== null && !this.#blocked && this.#queue.length === 0) {
      this.#blocked = !this.#sink.write(chunk);
    } else {
      this.#queuedBytes += chunk.length;
      if (this.#queuedBytes > MAX_LAG_BYTES) this.abort();
      else this.#queue.push(Buffer.from(chunk)); // a copy: the chunk is only lent
    }
    return true;
  }

  end(trailers: Fields | null): void {
    this.#ended = true;
    this.#trailers = trailers;
    if (this.#sink !== null && this.#queue.length === 0) this.#finish(this.#sink);
  }

  abort(): void {
    this.#queue = [];
    this.#sink = null;
    this.#giveUp();
  }

  #finish(sink: BodySink): void {
    this.#sink = null;
    sink.end(this.#trailers);
  }
}
