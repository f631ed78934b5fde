import type { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink, BodySource } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import { turnNow } from '#transport/turn.ts';
import { KeptContent } from './kept-content.ts';

/**
 * The request's content on its way from a downstream session to whatever takes it. Until somebody does (an
 * asynchronous filter, a connect under way), it holds what already came and keeps its source paused, so it holds at
 * most one read's worth.
 */
export class RequestBody implements BodySink {
  readonly source: BodySource;
  /** Whether all of it came. */
  ended = false;
  /** When it had come, in monotonic milliseconds; meaningful once it has ended. */
  endedAtMs = 0;
  trailers: Fields | null = null;
  #sink: BodySink | null = null;
  #held: KeptContent | null = null;
  #failure: ProxyError | null = null;
  /** Stands between the content and whoever takes it, or null. */
  #stage: ((sink: BodySink) => BodySink) | null = null;
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
    this.#held ??= new KeptContent();
    this.#held.append(chunk);
    this.source.pause();
    return false;
  }

  end(trailers: Fields | null): void {
    if (this.ended || this.#failure !== null) return;
    this.ended = true;
    this.endedAtMs = turnNow();
    this.trailers = trailers;
    if (this.#copies !== null) for (const copy of this.#copies) copy.end(trailers);
    this.#sink?.end(trailers);
  }

  /** Nothing more will come: whoever takes the content, or a copy of it, gives it up. Nothing happens behind the end. */
  abort(error: ProxyError): void {
    if (this.ended || this.#failure !== null) return;
    this.#failure = error;
    if (this.#copies !== null) for (const copy of this.#copies) copy.abort(error);
    this.#sink?.abort(error);
  }

  /** Has the content changed on its way to whoever takes it, copies not among them. Before {@link connect}. */
  transform(stage: (sink: BodySink) => BodySink): void {
    this.#stage = stage;
  }

  /** Gives a copy of all content to `sink` as well, which must take it whatever its pace. Before {@link connect}. */
  copyTo(sink: BodySink): void {
    (this.#copies ??= []).push(sink);
    if (this.#held !== null) sink.write(this.#held.bytes);
    this.#tellEnd(sink);
  }

  /** Gives the content to `sink` from here on, beginning with what is held, and lets the source run. */
  connect(taker: BodySink): void {
    const sink = this.#stage === null ? taker : this.#stage(taker);
    const held = this.#held;
    this.#held = null;
    this.#sink = sink;
    const writable = held === null || sink.write(held.bytes);
    this.#tellEnd(sink);
    // Also behind the end: a paused source does not notice that the client has gone.
    if (writable || this.ended) this.source.resume();
  }

  #tellEnd(sink: BodySink): void {
    if (this.#failure !== null) sink.abort(this.#failure);
    else if (this.ended) sink.end(this.trailers);
  }
}
