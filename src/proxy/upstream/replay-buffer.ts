import type { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import { KeptContent } from '../exchange/kept-content.ts';

/** Octets of content that a retry can send again (conventions, Linkerd: 64 KiB); more is passed on and not kept. */
export const REPLAY_BYTES = 64 * 1024;

/** Stands between a request's content and the attempts that send it, and can send it again from the beginning. */
export class ReplayBuffer implements BodySink {
  #kept: KeptContent | null = new KeptContent();
  #sink: BodySink | null = null;
  #ended = false;
  #trailers: Fields | null = null;
  #failure: ProxyError | null = null;

  /** Whether all that came so far can be sent again. */
  get replayable(): boolean {
    return this.#kept !== null && this.#failure === null;
  }

  /** Sends to `sink` what came so far, then what comes. @returns false where it must be resumed before more comes */
  attach(sink: BodySink): boolean {
    this.#sink = sink;
    const kept = this.#kept;
    const writable = kept === null || kept.length === 0 || sink.write(kept.bytes);
    this.#forgetExcess();
    if (this.#failure !== null) sink.abort(this.#failure);
    else if (this.#ended) sink.end(this.#trailers);
    return writable;
  }

  /** The attempt has failed: what comes is only kept, until the next. */
  detach(): void {
    this.#sink = null;
  }

  /** No retry will come: keep nothing. */
  forget(): void {
    this.#kept = null;
  }

  write(chunk: Uint8Array): boolean {
    this.#kept?.append(chunk);
    if (this.#sink === null) return false; // beyond the bound if need be: the next attempt must have it all
    this.#forgetExcess();
    return this.#sink.write(chunk);
  }

  end(trailers: Fields | null): void {
    this.#ended = true;
    this.#trailers = trailers;
    this.#sink?.end(trailers);
  }

  abort(error: ProxyError): void {
    this.#failure = error;
    this.#sink?.abort(error);
  }

  #forgetExcess(): void {
    if (this.#kept !== null && this.#kept.length > REPLAY_BYTES) this.#kept = null;
  }
}
