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
  /** The connection is gone. Called once. */
  retired(client: Http2Client): void;
}

/**
 * The client side of one upstream HTTP/2 connection, shared by many requests: what they say in one tick leaves in one
 * write.
 *
 *   open ──GOAWAY──▶ closing (no new streams) ──last stream ended──▶ retired
 *     └──FIN, error────────────────────────────────────────────────▶ retired
 */
export class Http2Client implements ConnectionObserver, Http2Observer, Expirable, Flushable {
  /** The pool's: runs while no stream is open. */
  readonly idleTimer = new WheelTimer(this);
  readonly #connection: Connection;
  readonly #observer: Http2ClientObserver;
  readonly #http2: Http2Connection;
  #state: 'open' | 'closing' | 'retired' = 'open';
  #enrolled = false;

  constructor(connection: Connection, observer: Http2ClientObserver) {
    this.#connection = connection;
    this.#observer = observer;
    this.#http2 = new Http2Connection('client', this);
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

  /** One of the streams that were opened here is over. */
  streamEnded(): void {
    if (this.#state === 'closing' && this.idle) this.#retire();
    else this.#observer.placesFreed(this);
  }

  /** Takes no more requests, and closes when the last has ended. */
  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#http2.drain();
    if (this.idle) this.#retire();
  }

  /** Closes the connection; what is under way fails. */
  destroy(): void {
    this.#connection.destroy();
  }

  // ── the connection ──

  receive(buffer: Buffer, length: number): void {
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
      if (output === null) return;
      this.#connection.writeBytes(output);
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
    if (this.#state === 'open') this.#state = 'closing';
    if (this.idle) this.#retire();
    else this.#observer.placesFreed(this); // whoever waits must look elsewhere
  }

  settingsReceived(): void {
    this.#observer.placesFreed(this);
  }

  pinged(): void {}

  refused(): void {}

  failed(): void {
    this.flush(); // the GOAWAY that says why
    this.#retire();
  }

  /** The time for an idle connection is up. */
  expire(): void {
    if (this.idle) this.close();
  }

  // ── steps ──

  #lose(cause: string): void {
    if (this.#state === 'retired') return;
    // Requests that were sent may have been acted on: HTTP/2 tells which were not by GOAWAY (RFC 9113 §6.8).
    this.#http2.connectionLost(new ProxyError('upstream_reset', 'upstream', 'connection', { retry: 'idempotent', cause }));
    this.#retire();
  }

  #retire(): void {
    if (this.#state === 'retired') return;
    this.flush();
    this.#state = 'retired';
    this.#connection.flush();
    this.#connection.destroy();
    this.#observer.retired(this);
  }
}
