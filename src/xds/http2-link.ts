import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import { Http2Connection, type Http2Observer, type Http2Options, type Http2Role } from '#codec/http2/connection.ts';
import { NO_ERROR } from '#codec/http2/error-code.ts';
import type { Http2Stream, StreamObserver } from '#codec/http2/stream.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { RequestHead } from '#http/head.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import { enrollForTick, type Flushable } from '#transport/turn.ts';

/** What a link is told, and tells. */
export interface Http2LinkOptions {
  readonly role: Http2Role;
  readonly clock: Clock;
  /** Server only: a request has come. @returns who listens to it */
  readonly opened: (stream: Http2Stream, head: RequestHead) => StreamObserver;
  readonly patience?: Patience | undefined;
  /** The link is of no use for new calls. Called once, when the connection is gone. */
  readonly closed: (reason: string) => void;
}

/** How long a peer may be silent: one whose machine is gone says nothing, and the system notices after minutes or never. */
export interface Patience {
  /**
   * Milliseconds of silence after which the peer is asked for a sign of life.
   * @defaultValue 20000 (less than the 60 s that load balancers in between allow an idle connection)
   */
  readonly silenceMs: number;
  /**
   * Milliseconds in which it must give one.
   * @defaultValue 10000
   */
  readonly answerMs: number;
}

const DEFAULT_PATIENCE: Patience = { silenceMs: 20_000, answerMs: 10_000 };
/** Milliseconds in which a peer must have read the end. */
const LINGER_MS = 1000;

/** A control plane's calls are few and long: one stream for discovery, some for identities. */
const LIMITS: Partial<Http2Options> = { concurrentStreams: 16, extendedConnect: false };

/** One HTTP/2 connection between a proxy and its control plane, either side of it: the codec, bound to a transport. */
export class Http2Link implements ConnectionObserver, Http2Observer, Expirable, Flushable {
  readonly http2: Http2Connection;
  readonly #connection: Connection;
  readonly #options: Http2LinkOptions;
  readonly #patience: Patience;
  readonly #timer = new WheelTimer(this);
  #enrolled = false;
  #paused = false;
  #closed = false;
  #heardMs: number;
  /** When the peer was asked for a sign of life that has not come; 0 where it was not. */
  #askedMs = 0;

  constructor(connection: Connection, options: Http2LinkOptions) {
    this.#connection = connection;
    this.#options = options;
    this.#patience = options.patience ?? DEFAULT_PATIENCE;
    this.http2 = new Http2Connection(options.role, this, LIMITS);
    this.#heardMs = options.clock.now();
    options.clock.schedule(this.#timer, this.#heardMs + this.#patience.silenceMs);
    this.output();
  }

  /** Lets the calls that are open go on, and closes behind the last. */
  drain(): void {
    this.http2.drain();
    this.#closeWhenDrained();
  }

  /** Says goodbye, and closes at once. */
  close(): void {
    if (this.#closed) return;
    this.http2.close(NO_ERROR);
    this.#shut('closed');
  }

  // ── the connection ──

  receive(buffer: Buffer, length: number): void {
    if (this.#closed) return;
    this.#heardMs = this.#options.clock.now();
    this.#askedMs = 0;
    this.http2.receive(buffer, 0, length);
    if (this.http2.congested && !this.#paused) {
      this.#paused = true;
      this.#connection.pause();
    }
    this.#closeWhenDrained();
  }

  drained(): void {
    this.output();
  }

  halfClosed(): void {
    this.#lose('the peer closed the connection');
    this.#connection.destroy();
  }

  closed(error: string): void {
    this.#lose(error === '' ? 'the connection was closed' : error);
    this.#options.clock.cancel(this.#timer);
  }

  flush(): void {
    this.#enrolled = false;
    while (!this.#closed && !this.#connection.congested) {
      const output = this.http2.takeOutput();
      if (output === null) break;
      this.#connection.writeBytes(output);
    }
    if (this.#paused && !this.http2.congested) {
      this.#paused = false;
      this.#connection.resume();
    }
    this.#closeWhenDrained();
  }

  // ── HTTP/2 ──

  opened(stream: Http2Stream, head: RequestHead): StreamObserver {
    return this.#options.opened(stream, head);
  }

  output(): void {
    if (this.#enrolled) return;
    this.#enrolled = true;
    enrollForTick(this);
  }

  goingAway(): void {
    this.#closeWhenDrained();
  }

  settingsReceived(): void {}

  pinged(): void {}

  refused(): void {}

  failed(error: ProxyError): void {
    this.#shut(error.cause); // behind the GOAWAY that says why
  }

  // ── time ──

  expire(nowMs: number): void {
    if (this.#askedMs > 0) this.#lose(`no sign of life for ${Math.round(nowMs - this.#heardMs)} ms`);
    if (this.#closed) this.#connection.destroy();
    else if (nowMs - this.#heardMs >= this.#patience.silenceMs) {
      this.#askedMs = nowMs;
      this.http2.ping();
      this.#options.clock.schedule(this.#timer, nowMs + this.#patience.answerMs);
    } else this.#options.clock.schedule(this.#timer, this.#heardMs + this.#patience.silenceMs);
  }

  // ── steps ──

  #closeWhenDrained(): void {
    if (!this.#closed && this.http2.drained) this.#shut('the peer is going away');
  }

  /** Sends what is left, then FIN; the peer has some time to read it and to close as well. */
  #shut(reason: string): void {
    if (this.#closed) return;
    const output = this.http2.takeOutput();
    if (output !== null) this.#connection.writeBytes(output);
    this.#lose(reason);
    this.#connection.end();
    this.#connection.resume();
    this.#options.clock.schedule(this.#timer, this.#options.clock.now() + LINGER_MS);
  }

  /** Tells all calls that there is no connection any more. */
  #lose(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.clock.cancel(this.#timer);
    const [code, origin] = CLOSED_BY[this.#options.role];
    this.http2.connectionLost(new ProxyError(code, origin, 'connection', { cause: reason }));
    this.#options.closed(reason);
  }
}

const CLOSED_BY = {
  server: ['downstream_closed', 'downstream'],
  client: ['upstream_reset', 'upstream'],
} as const;
