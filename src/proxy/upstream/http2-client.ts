import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import { Http2Connection, type Http2Observer } from '#codec/http2/connection.ts';
import type { Http2Stream, StreamObserver } from '#codec/http2/stream.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { RequestHead } from '#http/head.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import { enrollForTick, type Flushable } from '#transport/turn.ts';

/** What a connection tells the pool that it belongs to. */
export interface Http2ClientObserver {
  /** A stream has ended, or the server takes more of them: a place may be free. */
  placesFreed(client: Http2Client): void;
  /** Whether the server still lives has been asked: if nothing comes, {@link Http2Client.probeTimer} is to expire. */
  probed(client: Http2Client): void;
  /** Requests are open: {@link Http2Client.watchTimer} is to expire again. */
  watched(client: Http2Client): void;
  /** The connection is gone. Called once. @param error why, where that was no orderly end */
  retired(client: Http2Client, error: ProxyError | null): void;
}

/**
 * The client side of one upstream HTTP/2 connection, shared by many requests: what they say in one tick leaves in one
 * write.
 *
 *   opening ──SETTINGS──▶ open ──GOAWAY──▶ closing (no new streams) ──last stream ended──▶ retired
 *     └──FIN, error─────────┴────────────────┴──────────────────────────────────────────────▲
 *
 * Nothing is sent before the server's SETTINGS, which say how many streams it takes and whether WebSockets may be among
 * them: requests sent on a guess would be refused. They are under way already when a connection is made.
 */
export class Http2Client implements ConnectionObserver, Http2Observer, Expirable, Flushable {
  /** The pool's: runs while no stream is open. */
  readonly idleTimer = new WheelTimer(this);
  /** The pool's: runs while a sign of life is awaited. */
  readonly probeTimer = new WheelTimer({ expire: () => this.#giveUp() });
  /** The pool's: runs while streams are open on a connection whose server is watched. */
  readonly watchTimer = new WheelTimer({ expire: () => this.#look() });
  readonly #connection: Connection;
  readonly #observer: Http2ClientObserver;
  readonly #http2: Http2Connection;
  #state: 'opening' | 'open' | 'closing' | 'retired' = 'opening';
  #enrolled = false;
  /** Streams were released here that still have something to send. */
  #unfinished = false;
  /** How often something was written: tells whether a request can have left. */
  writes = 0;
  /** How often something was read: tells whether the server has said anything since. */
  reads = 0;
  #readsBeforeProbe = -1;
  #readsBeforeWatch = -1;

  constructor(connection: Connection, observer: Http2ClientObserver) {
    this.#connection = connection;
    this.#observer = observer;
    this.#http2 = new Http2Connection('client', this, UPSTREAM_OPTIONS);
    this.output(); // the preface
  }

  /** How many requests may be sent now. */
  get places(): number {
    return this.#state === 'open' && this.#connection.isOpen ? this.#http2.availableStreams : 0;
  }

  get idle(): boolean {
    return this.#http2.idle;
  }

  /** @returns null where no stream can be opened now */
  open(head: RequestHead, complete: boolean, observer: StreamObserver): Http2Stream | null {
    return this.#state === 'open' ? this.#http2.request(head, complete, observer) : null;
  }

  /** One of the streams that were opened here is over. @param closed whether all that it had to say is said */
  streamEnded(closed: boolean): void {
    if (!closed) this.#unfinished = true;
    if (this.#state === 'closing' && this.idle) this.#retire(null);
    else this.#observer.placesFreed(this);
  }

  /**
   * Requests wait, and nothing at all has come for long: perhaps the server has gone without a word. A PING tells; none is
   * sent where anything else comes.
   */
  doubt(): void {
    if (this.#readsBeforeProbe === this.reads || this.#state === 'retired') return;
    this.#readsBeforeProbe = this.reads;
    this.#http2.ping();
    this.#observer.probed(this);
  }

  /** Begins to look, time and again, whether the server still says anything while requests are open. */
  watch(): void {
    this.#readsBeforeWatch = this.reads;
    this.#observer.watched(this);
  }

  /** Takes no more requests, and closes when the last has ended. */
  close(): void {
    if (this.#state !== 'open' && this.#state !== 'opening') return;
    this.#state = 'closing';
    this.#http2.drain();
    if (this.idle) this.#retire(null);
  }

  /** Closes the connection; what is under way fails. */
  destroy(): void {
    this.#connection.destroy();
  }

  // ── the connection ──

  receive(buffer: Buffer, length: number): void {
    this.reads++;
    this.#http2.receive(buffer, 0, length);
  }

  drained(): void {
    this.output();
  }

  halfClosed(): void {
    this.#lose('the server closed the connection');
  }

  closed(error: string): void {
    this.#lose(error === '' ? 'the connection was closed' : error);
  }

  flush(): void {
    this.#enrolled = false;
    while (this.#state !== 'retired' && !this.#connection.congested) {
      const output = this.#http2.takeOutput();
      if (output === null) break;
      this.writes++;
      this.#connection.writeBytes(output);
    }
    if (this.#unfinished && this.idle) {
      this.#unfinished = false;
      this.streamEnded(true);
    }
  }

  // ── HTTP/2 ──

  opened(): StreamObserver {
    throw new Error('a client takes no requests'); // the codec never calls this on a client
  }

  output(): void {
    if (this.#enrolled) return;
    this.#enrolled = true;
    enrollForTick(this);
  }

  goingAway(): void {
    const opening = this.#state === 'opening';
    if (opening || this.#state === 'open') this.#state = 'closing';
    if (this.idle) this.#retire(opening ? unusable('GOAWAY at once') : null);
    else this.#observer.placesFreed(this); // whoever waits must look elsewhere
  }

  settingsReceived(): void {
    if (this.#state === 'opening') this.#state = 'open';
    this.#observer.placesFreed(this);
  }

  pinged(): void {}

  refused(): void {}

  failed(error: ProxyError): void {
    this.#retire(this.#state === 'opening' ? unusable(error.cause) : error);
  }

  /** The time for an idle connection is up, or that for the server's SETTINGS. */
  expire(): void {
    if (this.#state === 'opening') this.#retire(unusable('no SETTINGS came'));
    else if (this.idle) this.close();
  }

  // ── steps ──

  /** Some time has passed with requests under way: a machine that is gone says nothing, and nobody else will. */
  #look(): void {
    if (this.idle || this.#state === 'retired') return;
    if (this.reads === this.#readsBeforeWatch) this.doubt();
    this.watch();
  }

  #giveUp(): void {
    if (this.reads === this.#readsBeforeProbe) this.#lose('no sign of life');
  }

  #lose(cause: string): void {
    if (this.#state === 'retired') return;
    const opening = this.#state === 'opening';
    // Requests that were sent may have been acted on: HTTP/2 tells which were not by GOAWAY (RFC 9113 §6.8).
    const error = new ProxyError('upstream_reset', 'upstream', 'connection', { retry: 'idempotent', cause });
    this.#http2.connectionLost(error);
    this.#retire(opening ? unusable(cause) : error);
  }

  #retire(error: ProxyError | null): void {
    if (this.#state === 'retired') return;
    this.#state = 'retired';
    this.#sendLast();
    this.#connection.destroy();
    this.#observer.retired(this, error);
  }

  /** The GOAWAY that says why, where the server reads at all. */
  #sendLast(): void {
    const output = this.#connection.congested ? null : this.#http2.takeOutput();
    if (output === null) return;
    this.#connection.writeBytes(output);
    this.#connection.flush();
  }
}

/**
 * A response that its client does not read holds what its own stream may hold, and must not close the window of the
 * connection, on which the responses of all other clients come.
 */
const UPSTREAM_OPTIONS = Object.freeze({ streamWindowBytes: 131_072, connectionWindowBytes: 0x7fffffff });

/** Nothing was sent on it, so that whoever waits may try another endpoint. */
const unusable = (cause: string): ProxyError =>
  new ProxyError('upstream_connect_failed', 'upstream', 'stream', {
    retry: 'always',
    cause: `HTTP/2 does not begin: ${cause}`,
  });
