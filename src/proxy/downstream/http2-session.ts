import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import { Http2Connection, type Http2Observer } from '#codec/http2/connection.ts';
import { NO_ERROR } from '#codec/http2/error-code.ts';
import type { Http2Stream, StreamObserver } from '#codec/http2/stream.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import { Fields } from '#http/fields.ts';
import { RequestHead } from '#http/head.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import { enrollForTick, type Flushable } from '#transport/turn.ts';
import { Exchange, type DownstreamPeer, type ExchangeEntry } from '../exchange/exchange.ts';
import { UNANSWERED } from './unanswered.ts';
import { Http2Request, type Http2RequestOwner } from './http2-request.ts';
import type { DownstreamLimits } from './limits.ts';

/** What all HTTP/2 sessions of one acceptor share. */
export interface Http2SessionEnvironment {
  readonly entry: ExchangeEntry;
  readonly clock: Clock;
  readonly limits: DownstreamLimits;
  /** Called once, when the session's connection is gone. */
  readonly ended: (session: Http2Session) => void;
}

/**
 * The server side of one HTTP/2 connection: any number of exchanges at once. What they have to say in one tick leaves
 * in one write.
 *
 *   open ──drain──▶ going away ──last stream ended──▶ lingering (FIN sent, what still comes is dropped) ──▶ closed
 *     └──connection error, idle timeout─────────────────▲
 */
export class Http2Session implements ConnectionObserver, Http2Observer, Http2RequestOwner, Expirable, Flushable {
  readonly peer: DownstreamPeer;
  readonly #connection: Connection;
  readonly #environment: Http2SessionEnvironment;
  readonly #http2: Http2Connection;
  readonly #timer = new WheelTimer(this);
  #state: 'open' | 'lingering' | 'closed' = 'open';
  #enrolled = false;
  /** Nothing is read while the peer does not read what it is told. */
  #paused = false;
  #openRequests = 0;
  #draining = false;
  #idleDeadlineMs = 0;
  /** When the last request that was open has ended. */
  #lastEndedMs = 0;
  #lingerUntilMs = 0;

  constructor(connection: Connection, environment: Http2SessionEnvironment, peer: DownstreamPeer) {
    this.#connection = connection;
    this.#environment = environment;
    this.peer = peer;
    this.#http2 = new Http2Connection('server', this, environment.limits.http2);
    this.output(); // the server's preface
    this.#awaitRequest();
  }

  get entry(): ExchangeEntry {
    return this.#environment.entry;
  }

  get clock(): Clock {
    return this.#environment.clock;
  }

  get limits(): DownstreamLimits {
    return this.#environment.limits;
  }

  /** Says GOAWAY, finishes what is open, then closes. */
  drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#http2.drain();
  }

  /** Closes at once. */
  destroy(): void {
    this.#connection.destroy();
  }

  // ── the connection ──

  receive(buffer: Buffer, length: number): void {
    if (this.#state !== 'open') return;
    this.#http2.receive(buffer, 0, length);
    if (this.#http2.congested) this.#pause();
    if (this.#draining) this.#closeWhenDrained();
  }

  drained(): void {
    this.output();
  }

  halfClosed(): void {
    // Responses to streams that are open could still be read, but no client does that: it has gone.
    this.#connection.destroy();
  }

  closed(error: string): void {
    this.#state = 'closed';
    this.#http2.connectionLost(new ProxyError('downstream_closed', 'downstream', 'connection', { cause: error }));
    this.#environment.clock.cancel(this.#timer);
    this.#environment.ended(this);
  }

  flush(): void {
    this.#enrolled = false;
    if (this.#state === 'closed') return;
    while (!this.#connection.congested) {
      const output = this.#http2.takeOutput();
      if (output === null) break;
      this.#connection.writeBytes(output);
    }
    if (this.#paused && !this.#http2.congested) this.#resume();
    if (this.#draining) this.#closeWhenDrained();
  }

  // ── HTTP/2 ──

  opened(stream: Http2Stream, head: RequestHead, complete: boolean): StreamObserver {
    this.#openRequests++;
    const request = new Http2Request(stream, head, complete, this);
    stream.observer = request;
    request.open();
    return request;
  }

  output(): void {
    if (this.#enrolled) return;
    this.#enrolled = true;
    enrollForTick(this);
  }

  goingAway(): void {}

  settingsReceived(): void {}

  pinged(): void {}

  refused(error: ProxyError): void {
    // Answered by the codec already; what the gateway answers goes nowhere, but it gets an id and is recorded.
    const head = new RequestHead('-', '-', '', '', '', new Fields(), 20);
    const exchange = new Exchange(head, this.peer, UNANSWERED, '', this.clock.now());
    this.entry.refuse(exchange, error);
    exchange.phase = 'ended';
    this.entry.complete(exchange);
  }

  failed(): void {
    this.output(); // the GOAWAY
    this.#linger();
  }

  requestEnded(): void {
    this.#openRequests--;
    if (this.#openRequests === 0 && this.#state === 'open') this.#awaitRequest();
  }

  get congested(): boolean {
    return this.#http2.congested;
  }

  // ── time ──

  expire(nowMs: number): void {
    if (this.#state === 'lingering') this.#endLinger(nowMs);
    else if (this.#openRequests > 0) this.#setDeadline(nowMs + this.limits.keepAliveIdleMs);
    else if (nowMs < this.#idleDeadlineMs) this.#setDeadline(this.#idleDeadlineMs);
    else if (!this.#http2.idle && nowMs < this.#lastEndedMs + this.limits.streamIdleMs) {
      this.#setDeadline(nowMs + this.limits.keepAliveIdleMs); // the end of an answer waits for a slow client
    } else {
      this.#http2.close(NO_ERROR);
      this.#linger();
    }
  }

  #awaitRequest(): void {
    this.#lastEndedMs = this.clock.now();
    this.#setDeadline(this.#lastEndedMs + this.limits.keepAliveIdleMs);
  }

  /** Deadlines mostly move back: so the timer stays where it is and looks again when it expires. */
  #setDeadline(atMs: number): void {
    this.#idleDeadlineMs = atMs;
    if (!this.#timer.scheduled || atMs < this.#timer.deadlineMs) this.clock.schedule(this.#timer, atMs);
  }

  // ── steps ──

  #closeWhenDrained(): void {
    if (this.#draining && this.#state === 'open' && this.#http2.drained && this.#openRequests === 0) this.#linger();
  }

  /** Sends what is left, then FIN, and reads on for a while, so that unread input does not reset the rest away. */
  #linger(): void {
    if (this.#state !== 'open') return;
    this.#state = 'lingering';
    const output = this.#http2.takeOutput();
    if (output !== null) this.#connection.writeBytes(output);
    this.#connection.end();
    this.#resume();
    const nowMs = this.clock.now();
    this.#lingerUntilMs = nowMs + this.limits.streamIdleMs;
    this.#setDeadline(nowMs + this.limits.lingerMs);
  }

  /** A slow client may still be reading the last answers: it gets as long as any stalled stream. */
  #endLinger(nowMs: number): void {
    const waits = this.#connection.queuedBytes > 0 && nowMs < this.#lingerUntilMs;
    if (waits) this.#setDeadline(nowMs + this.limits.lingerMs);
    else this.#connection.destroy();
  }

  #pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#connection.pause();
  }

  #resume(): void {
    this.#paused = false;
    this.#connection.resume();
  }
}
