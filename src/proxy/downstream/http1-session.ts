import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import { RequestDecoder, type RequestObserver } from '#codec/http1/request-decoder.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { BodySource } from '#http/body.ts';
import { hostOf } from '#http/authority.ts';
import { Fields } from '#http/fields.ts';
import { RequestHead, UNKNOWN_LENGTH, type ResponseHead } from '#http/head.ts';
import { normalizePath } from '#http/path.ts';
import type { MetricScope } from '#telemetry/exchange-record.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import type { TlsSession } from '#transport/tls-session.ts';
import { Exchange, type DownstreamPeer, type ExchangeEntry } from '../exchange/exchange.ts';
import { RequestBody } from '../exchange/request-body.ts';
import { Http1Response, type ResponseOwner } from './http1-response.ts';
import type { DownstreamLimits } from './limits.ts';

/** What all sessions of one acceptor share. */
export interface SessionEnvironment {
  readonly entry: ExchangeEntry;
  readonly clock: Clock;
  readonly limits: DownstreamLimits;
  /** Called once, when the session's connection is gone. */
  readonly ended: (session: Http1Session) => void;
}

/**
 * The server side of one HTTP/1.1 connection: it answers one exchange at a time, in order (RFC 9112 §9.3.2).
 *
 *   open, idle ──head──▶ open, exchange ──request and response complete──▶ open, idle
 *     │                    └──101──▶ tunnel ──both halves ended──▶ closed
 *     └──timeout, error, last response──▶ lingering (FIN sent, what still comes is dropped) ──FIN, timeout──▶ closed
 */
export class Http1Session
  implements ConnectionObserver, RequestObserver, BodySource, DownstreamPeer, ResponseOwner, Expirable
{
  readonly #timer = new WheelTimer(this);
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly tls: TlsSession | null;
  readonly encrypted: boolean;
  metricScope: MetricScope | null = null;

  readonly #connection: Connection;
  readonly #environment: SessionEnvironment;
  readonly #decoder: RequestDecoder;
  readonly #response: Http1Response;
  #state: 'open' | 'tunnel' | 'lingering' | 'closed' = 'open';
  #exchange: Exchange | null = null;
  #responseComplete = false;
  /** No further request on this connection. */
  #closing = false;
  /** The client sent FIN. */
  #peerEnded = false;
  /** Bytes of next requests, which came while this one is answered or its answer read; at most one read. */
  #pipelined: Buffer | null = null;
  #decoding = false;
  #paused = false;
  /** The client does not read its answers: it gets no more of them before it does. */
  #stalled = false;
  /** Octets dropped since nobody wants the request's content any more. */
  #discardedBytes = 0;
  #idleDeadlineMs = 0;
  #lingerUntilMs = 0;
  /** Behind a 101: the backend's half has ended. */
  #tunnelAnswered = false;

  constructor(connection: Connection, environment: SessionEnvironment) {
    this.#connection = connection;
    this.#environment = environment;
    this.#decoder = new RequestDecoder(this, environment.limits.http1);
    this.#response = new Http1Response(connection, this);
    this.tls = connection.tls;
    this.encrypted = connection.tls !== null;
    this.remoteAddress = connection.remoteAddress;
    this.remotePort = connection.remotePort;
    this.localAddress = connection.localAddress;
    this.localPort = connection.localPort;
    this.#setDeadline(environment.clock.now() + environment.limits.keepAliveIdleMs);
  }

  /** Finishes what is open, then closes; a connection between two requests closes now. */
  drain(): void {
    this.#closing = true;
    if (this.#state === 'open' && this.#exchange === null && this.#decoder.idle) this.#linger();
  }

  /** Closes at once. */
  destroy(): void {
    this.#connection.destroy();
  }

  // ── the connection ──

  receive(buffer: Buffer, length: number): void {
    if (this.#state === 'open') this.#decode(buffer, 0, length);
    else if (this.#state === 'tunnel') this.#pass(buffer.subarray(0, length));
    else this.#drop(length);
  }

  drained(): void {
    if (this.#state === 'lingering') {
      this.#setDeadline(this.#environment.clock.now() + this.#environment.limits.lingerMs);
      return;
    }
    if (this.#exchange !== null) {
      this.touch();
      this.#exchange.attempt?.resume();
    }
    if (this.#stalled) this.#proceed();
  }

  halfClosed(): void {
    this.#peerEnded = true;
    this.#closing = true;
    const exchange = this.#exchange;
    if (this.#state === 'tunnel' && exchange !== null) {
      exchange.requestBody?.end(null);
      if (this.#tunnelAnswered) this.#completeTunnel(exchange);
      return;
    }
    // A client may close its half behind its last request and still wait for the answer (RFC 9112 §9.6).
    if (exchange !== null && this.#decoder.complete && !this.#responseComplete) return;
    if (exchange !== null) this.#fail(exchange, new ProxyError('downstream_closed', 'downstream', 'connection'));
    if (this.#state === 'lingering') this.#connection.destroy();
    else this.#linger();
  }

  closed(error: string): void {
    this.#state = 'closed';
    this.#pipelined = null;
    this.#environment.clock.cancel(this.#timer);
    const exchange = this.#exchange;
    if (exchange !== null)
      this.#fail(exchange, new ProxyError('downstream_closed', 'downstream', 'connection', { cause: error }));
    this.#environment.ended(this);
  }

  // ── requests, as the decoder finds them ──

  head(request: RequestHead): void {
    const path = normalizePath(request.path);
    if (path !== null) request.path = path;
    request.scheme = this.encrypted ? 'https' : 'http';
    const exchange = this.#begin(request);
    if (request.bodyLength !== 0) exchange.requestBody = new RequestBody(this);
    if (path !== null) this.#environment.entry.open(exchange);
    else this.#environment.entry.refuse(exchange, new ProxyError('bad_path', 'downstream', 'stream'));
  }

  body(chunk: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange === null || this.#responseComplete) {
      this.#drop(chunk.length);
      return;
    }
    exchange.requestBytes += chunk.length;
    this.touch();
    if (exchange.requestBody?.write(chunk) === false) this.pause();
  }

  end(trailers: Fields | null): void {
    // Accepted within the call that told of its head, a CONNECT ends here and its tunnel does not.
    if (this.#state === 'tunnel') return;
    if (this.#exchange !== null && !this.#responseComplete) this.#exchange.requestBody?.end(trailers);
  }

  // ── the request's content, as a source ──

  pause(): void {
    if (this.#paused || this.#state === 'closed') return;
    this.#paused = true;
    this.#connection.pause();
  }

  resume(): void {
    // What is pipelined waits for the response; reading on would gather more of it.
    if (!this.#paused || this.#pipelined !== null || this.#stalled || this.#state === 'closed') return;
    this.#paused = false;
    this.#connection.resume();
  }

  // ── the response ──

  closesAfter(exchange: Exchange, head: ResponseHead): boolean {
    const closeDelimited =
      head.bodyLength === UNKNOWN_LENGTH && exchange.request.version === 10 && exchange.request.method !== 'HEAD';
    if (closeDelimited || !this.#decoder.keepAlive || this.#decoder.failure !== null) this.#closing = true;
    // More is still to come than would be dropped for the sake of the next request.
    if (exchange.request.bodyLength - exchange.requestBytes > this.#environment.limits.discardBytes)
      this.#closing = true;
    // A client that was not told to continue may send its content or the next request: nobody can tell (RFC 9110 §10.1.1).
    if (exchange.request.expectsContinue && exchange.requestBytes === 0) this.#closing = true;
    return this.#closing;
  }

  touch(): void {
    this.#setDeadline(this.#environment.clock.now() + this.#environment.limits.streamIdleMs);
  }

  switchProtocol(exchange: Exchange): void {
    this.#state = 'tunnel';
    this.#closing = true;
    exchange.requestBody = new RequestBody(this);
    const pipelined = this.#pipelined;
    this.#pipelined = null;
    if (pipelined !== null) this.#pass(pipelined);
    if (this.#peerEnded) exchange.requestBody.end(null);
    this.resume();
  }

  responseEnded(): void {
    const exchange = this.#exchange;
    if (exchange === null) return;
    if (this.#state === 'tunnel') {
      this.#tunnelAnswered = true;
      this.#connection.end();
      if (this.#peerEnded) this.#completeTunnel(exchange);
      return;
    }
    this.#responseComplete = true;
    exchange.phase = 'ended';
    this.#environment.entry.complete(exchange);
    exchange.requestBody?.abort(CUT_SHORT); // copies that are still under way will never be complete
    if (this.#requestFlows() && !this.#closing) this.resume(); // drop the rest to find the next head
    else this.#finishExchange();
  }

  responseFailed(error: ProxyError): void {
    // Only a broken connection tells the client that what it has is not all (RFC 9112 §8).
    const exchange = this.#exchange;
    if (exchange !== null) this.#fail(exchange, error);
    this.#connection.destroy();
  }

  // ── time ──

  expire(nowMs: number): void {
    if (nowMs < this.#idleDeadlineMs) {
      this.#environment.clock.schedule(this.#timer, this.#idleDeadlineMs);
      return;
    }
    const exchange = this.#exchange;
    if (this.#state === 'lingering') this.#endLinger(nowMs);
    else if (exchange !== null && this.#responseComplete) this.#connection.destroy();
    else if (exchange !== null) this.#timeOut(exchange);
    else if (this.#decoder.idle) this.#linger();
    else this.#reject(new ProxyError('request_timeout', 'downstream', 'connection'));
  }

  #timeOut(exchange: Exchange): void {
    // Paused, the client may well want to send: then the backend is what stands still.
    const stalledUpload = this.#state === 'open' && exchange.requestBody?.ended === false && !this.#paused;
    const code = stalledUpload ? 'request_timeout' : 'stream_idle_timeout';
    const error = new ProxyError(code, stalledUpload ? 'downstream' : 'upstream', 'connection');
    this.#closing = true;
    if (exchange.phase === 'request') this.#environment.entry.refuse(exchange, error);
    else this.responseFailed(error);
  }

  /** Deadlines mostly move back, on every request: so the timer stays where it is and looks again when it expires. */
  #setDeadline(atMs: number): void {
    this.#idleDeadlineMs = atMs;
    if (!this.#timer.scheduled || atMs < this.#timer.deadlineMs) this.#environment.clock.schedule(this.#timer, atMs);
  }

  // ── steps ──

  /** @param owned whether the bytes stay as they are after this turn */
  #decode(buffer: Buffer, from: number, to: number, owned = false): void {
    const decoder = this.#decoder;
    let start = from;
    this.#decoding = true;
    while (start < to && this.#state === 'open') {
      if (decoder.complete) {
        // The request is in, its response is not: keep the rest for later (RFC 9112 §9.3.2).
        this.#keepForLater(buffer.subarray(start, to), owned);
        break;
      }
      if (this.#exchange === null && this.#isUnread()) {
        this.#keepForLater(buffer.subarray(start, to), owned);
        this.#stalled = true;
        break;
      }
      start += decoder.decode(buffer, start, to);
      if (decoder.failure !== null) {
        this.#reject(decoder.failure);
        break;
      }
      if (decoder.complete && this.#responseComplete) this.#finishExchange();
    }
    this.#decoding = false;
    if (start < to && (this.#state as string) === 'tunnel') this.#pass(buffer.subarray(start, to));
    else if (this.#exchange === null && this.#state === 'open' && start === to) this.#awaitHead();
  }

  #keepForLater(rest: Buffer, owned: boolean): void {
    this.pause();
    this.#pipelined = owned ? rest : Buffer.from(rest);
  }

  /** Whether too much waits for the client to read; looks at what the kernel takes only where there is much. */
  #isUnread(): boolean {
    const connection = this.#connection;
    if (connection.queuedBytes <= MAX_UNREAD_BYTES) return false;
    connection.flush();
    return connection.congested;
  }

  #begin(request: RequestHead): Exchange {
    const now = this.#environment.clock.now();
    this.#setDeadline(now + this.#environment.limits.streamIdleMs);
    const exchange = new Exchange(request, this, this.#response, hostOf(request.authority), now);
    this.#exchange = exchange;
    this.#responseComplete = false;
    this.#discardedBytes = 0;
    this.#response.begin(exchange);
    return exchange;
  }

  #requestFlows(): boolean {
    return !this.#decoder.complete && this.#decoder.failure === null;
  }

  /** The exchange is over in both directions. */
  #finishExchange(): void {
    if (this.#closing) this.#linger();
    else this.#next();
  }

  #next(): void {
    this.#exchange = null;
    this.#responseComplete = false;
    this.#decoder.next();
    this.#setDeadline(this.#environment.clock.now() + this.#environment.limits.keepAliveIdleMs);
    if (this.#decoding) return; // goes on in the loop that this is called from
    if (this.#connection.congested) {
      this.#stalled = true;
      this.pause();
    } else this.#proceed();
  }

  /** Takes what was pipelined, then reads on. */
  #proceed(): void {
    this.#stalled = false;
    const pipelined = this.#pipelined;
    this.#pipelined = null;
    if (pipelined !== null) this.#decode(pipelined, 0, pipelined.length, true);
    this.resume();
  }

  /** Reads on. Where the first bytes of a head are there, the rest must follow soon. */
  #awaitHead(): void {
    this.resume();
    if (this.#decoder.idle) return;
    const deadlineMs = this.#environment.clock.now() + this.#environment.limits.headTimeoutMs;
    if (deadlineMs < this.#idleDeadlineMs) this.#setDeadline(deadlineMs);
  }

  /** Answers what cannot be a request, or ends one that cannot go on, and closes. */
  #reject(error: ProxyError): void {
    this.#closing = true;
    const exchange = this.#exchange;
    if (exchange === null) this.#environment.entry.refuse(this.#begin(UNREADABLE()), error);
    else if (this.#responseComplete) this.#linger();
    else if (exchange.phase === 'request') this.#environment.entry.refuse(exchange, error);
    else this.responseFailed(error);
  }

  #fail(exchange: Exchange, error: ProxyError): void {
    if (this.#exchange !== exchange) return;
    this.#exchange = null;
    if (exchange.phase === 'ended') return;
    exchange.phase = 'ended';
    this.#environment.entry.fail(exchange, error);
    exchange.requestBody?.abort(error);
  }

  /** Opaque bytes of the client, behind a 101. */
  #pass(bytes: Uint8Array): void {
    const exchange = this.#exchange;
    if (exchange === null || exchange.requestBody === null) return;
    exchange.requestBytes += bytes.length;
    this.touch();
    if (!exchange.requestBody.write(bytes)) this.pause();
  }

  /** Content that nobody wants: dropped, up to a bound. */
  #drop(length: number): void {
    this.#discardedBytes += length;
    if (this.#discardedBytes > this.#environment.limits.discardBytes) this.#connection.destroy();
  }

  /** Sends FIN and reads on for a while, so that unread input does not reset the answer away. */
  #linger(): void {
    if (this.#state === 'lingering' || this.#state === 'closed') return;
    this.#state = 'lingering';
    this.#exchange = null;
    this.#pipelined = null;
    this.#connection.end();
    this.#paused = false;
    this.#connection.resume();
    const nowMs = this.#environment.clock.now();
    this.#lingerUntilMs = nowMs + this.#environment.limits.streamIdleMs;
    this.#setDeadline(nowMs + this.#environment.limits.lingerMs);
  }

  /** A slow client may still be reading the last answer: it gets as long as any stalled stream. */
  #endLinger(nowMs: number): void {
    const waits = this.#connection.queuedBytes > 0 && nowMs < this.#lingerUntilMs;
    if (waits) this.#setDeadline(nowMs + this.#environment.limits.lingerMs);
    else this.#connection.destroy();
  }

  #completeTunnel(exchange: Exchange): void {
    exchange.phase = 'ended';
    this.#environment.entry.complete(exchange);
    this.#linger();
  }
}

/**
 * Answers that may wait for a client that pipelines and does not read them, before no further request of it is taken:
 * a small request may have a large answer.
 */
const MAX_UNREAD_BYTES = 64 * 1024;

/** What becomes of copies of a content whose response came before its end. */
const CUT_SHORT = new ProxyError('downstream_closed', 'local', 'stream', {
  cause: 'answered before the end of the content',
});

/** Stands for a request that could not be read, so that it is answered and logged like any other. */
const UNREADABLE = (): RequestHead => new RequestHead('-', '-', '', '', '', new Fields(), 11);
