import type { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink, BodySource } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';

/**
 * The request's content on its way from a downstream session to whatever takes it. Until somebody does (an
 * asynchronous filter, a connect under way), it holds what already came and keeps its source paused, so it holds at
 * most one read's worth.
 */
export class RequestBody implements BodySink {
  readonly source: BodySource;
  /** Whether all of it came. */
  ended = false;
  trailers: Fields | null = null;
  #sink: BodySink | null = null;
  #held: Uint8Array[] = [];
  #failure: ProxyError | null = null;
  /** Take a copy each; they never slow the content down. */
  #copies: BodySink[] | null = null;
  /** Octets that came so far. */
  bytes = 0;

  constructor(source: BodySource) {
    this.source = source;
  }

  write(chunk: Uint8Array): boolean {
    this.bytes += chunk.length;
    if (this.#copies !== null) for (const copy of this.#copies) copy.write(chunk);
    if (this.#sink !== null) return this.#sink.write(chunk);
    this.#held.push(Buffer.from(chunk)); // a copy: the chunk is only lent
    this.source.pause();
    return false;
  }

  end(trailers: Fields | null): void {
    this.ended = true;
    this.trailers = trailers;
    if (this.#copies !== null) for (const copy of this.#copies) copy.end(trailers);
    this.#sink?.end(trailers);
  }

  abort(error: ProxyError): void {
    this.#failure = error;
    if (this.#copies !== null) for (const copy of this.#copies) copy.abort(error);
    this.#sink?.abort(error);
  }

  /** Gives a copy of all content to `sink` as well, which must take it whatever its pace. Before {@link connect}. */
  copyTo(sink: BodySink): void {
    (this.#copies ??= []).push(sink);
    for (const chunk of this.#held) sink.write(chunk);
    if (this.#failure !== null) sink.abort(this.#failure);
    else if (this.ended) sink.end(this.trailers);
  }

  /** Gives the content to `sink` from here on, beginning with what is held, and lets the source run. */
  connect(sink: BodySink): void {
    const held = this.#held;
    this.#held = [];
    this.#sink = sink;
    let writable = true;
    for (const chunk of held) writable = sink.write(chunk) && writable;
    if (this.#failure !== null) sink.abort(this.#failure);
    else if (this.ended) sink.end(this.trailers);
    else if (writable) this.source.resume();
  }

  /** Lets all content that is still to come fall away: the response is there, and nobody wants the rest. */
  discard(): void {
    this.connect(DISCARD);
  }
}

const DISCARD: BodySink = {
  write: () => true,
  end: () => {},
  abort: () => {},
};
