import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import type { Http2Stream, StreamObserver } from '#codec/http2/stream.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import { hostOf } from '#http/authority.ts';
import type { BodySource } from '#http/body.ts';
import type { Fields } from '#http/fields.ts';
import type { RequestHead } from '#http/head.ts';
import { normalizePath } from '#http/path.ts';
import type { Clock } from '#transport/clock.ts';
import { Exchange, type DownstreamPeer, type ExchangeEntry } from '../exchange/exchange.ts';
import { RequestBody } from '../exchange/request-body.ts';
import { Http2Response, type Http2ResponseOwner } from './http2-response.ts';
import type { DownstreamLimits } from './limits.ts';

/** What the requests of one HTTP/2 connection share. */
export interface Http2RequestOwner {
  readonly peer: DownstreamPeer;
  readonly entry: ExchangeEntry;
  readonly clock: Clock;
  readonly limits: DownstreamLimits;
  /** Whether the client reads so little that nothing should be said that can be left out. */
  readonly congested: boolean;
  /** A request is over, in whatever way. Called once for each. */
  requestEnded(request: Http2Request): void;
}

/**
 * One request on a downstream HTTP/2 connection.
 *
 *   open ──response complete──▶ ended      (what is left of the request is dropped)
 *     ├──extended CONNECT accepted──▶ tunnel ──both halves ended──▶ ended
 *     └──reset, connection lost, timeout──▶ ended
 */
export class Http2Request implements StreamObserver, BodySource, Http2ResponseOwner, Expirable {
  readonly exchange: Exchange;
  readonly #stream: Http2Stream;
  readonly #owner: Http2RequestOwner;
  readonly #timer = new WheelTimer(this);
  readonly #pathValid: boolean;
  #idleDeadlineMs = 0;
  #state: 'open' | 'tunnel' | 'ended' = 'open';
  #clientEnded: boolean;
  #responseEnded = false;
  /** Whoever takes the content wants no more of it now. */
  #paused = false;

  /** @param complete whether the request has no content */
  constructor(stream: Http2Stream, head: RequestHead, complete: boolean, owner: Http2RequestOwner) {
    this.#stream = stream;
    this.#owner = owner;
    this.#clientEnded = complete;
    const path = head.path === '' ? '' : normalizePath(head.path);
    this.#pathValid = path !== null;
    if (path !== null) head.path = path;
    const response = new Http2Response(stream, this);
    this.exchange = new Exchange(head, owner.peer, response, hostOf(head.authority), owner.clock.now());
  }

  /** Hands the request on. It may be answered, and over, when this returns. */
  open(): void {
    const { exchange } = this;
    this.touch();
    if (exchange.request.upgrade !== '' || exchange.request.method === 'CONNECT') this.#stream.pause();
    else if (!this.#clientEnded) exchange.requestBody = new RequestBody(this);
    if (this.#pathValid) this.#owner.entry.open(exchange);
    else this.#owner.entry.refuse(exchange, new ProxyError('bad_path', 'downstream', 'stream'));
  }

  // ── what the stream tells ──

  informational(): void {}

  head(): void {}

  body(chunk: Uint8Array): boolean {
    this.exchange.requestBytes += chunk.length;
    this.touch();
    return this.exchange.requestBody?.write(chunk) ?? true;
  }

  end(trailers: Fields | null): void {
    this.#clientEnded = true;
    this.exchange.requestBody?.end(trailers);
    if (this.#state === 'tunnel' && this.#responseEnded) this.#complete();
  }

  failed(error: ProxyError): void {
    this.#fail(error);
  }

  writable(): void {
    this.touch();
    this.exchange.attempt?.resume();
  }

  // ── the request's content, as a source ──

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#stream.resume();
  }

  // ── the response ──

  touch(): void {
    this.#setDeadline(this.#owner.clock.now() + this.#owner.limits.streamIdleMs);
  }

  openTunnel(): void {
    this.#state = 'tunnel';
    this.exchange.requestBody = new RequestBody(this);
    if (this.#clientEnded) this.exchange.requestBody.end(null);
    this.#stream.resume();
  }

  get congested(): boolean {
    return this.#owner.congested;
  }

  refuse(error: ProxyError): void {
    this.#owner.entry.refuse(this.exchange, error);
  }

  responseEnded(): void {
    if (this.#state === 'ended' || this.#responseEnded) return;
    this.#responseEnded = true;
    if (this.#state === 'tunnel' && !this.#clientEnded) return;
    this.#complete();
  }

  responseFailed(error: ProxyError): void {
    this.#fail(error);
  }

  // ── time ──

  expire(nowMs: number): void {
    if (nowMs < this.#idleDeadlineMs) {
      this.#owner.clock.schedule(this.#timer, this.#idleDeadlineMs);
      return;
    }
    const { exchange } = this;
    // Paused, the client may well want to send: then the backend is what stands still.
    const stalledUpload = this.#state === 'open' && exchange.requestBody?.ended === false && !this.#paused;
    const code = stalledUpload ? 'request_timeout' : 'stream_idle_timeout';
    const error = new ProxyError(code, stalledUpload ? 'downstream' : 'upstream', 'stream');
    if (exchange.phase === 'request') this.#owner.entry.refuse(exchange, error);
    else {
      this.#stream.abort(error);
      this.#fail(error);
    }
  }

  /** Deadlines mostly move back: so the timer stays where it is and looks again when it expires. */
  #setDeadline(atMs: number): void {
    this.#idleDeadlineMs = atMs;
    if (!this.#timer.scheduled && this.#state !== 'ended') this.#owner.clock.schedule(this.#timer, atMs);
  }

  // ── ends ──

  #complete(): void {
    this.#end();
    this.exchange.phase = 'ended';
    this.#owner.entry.complete(this.exchange);
    if (this.#clientEnded) return;
    this.exchange.requestBody?.abort(CUT_SHORT);
    this.#stream.discard();
  }

  #fail(error: ProxyError): void {
    if (this.#state === 'ended') return;
    this.#end();
    this.exchange.phase = 'ended';
    this.#owner.entry.fail(this.exchange, error);
    this.exchange.requestBody?.abort(error);
  }

  #end(): void {
    this.#state = 'ended';
    this.#owner.clock.cancel(this.#timer);
    this.#owner.requestEnded(this);
  }
}

/** What becomes of copies of a content whose response came before its end. */
const CUT_SHORT = new ProxyError('downstream_closed', 'local', 'stream', {
  cause: 'answered before the end of the content',
});
