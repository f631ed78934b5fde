import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import { ERROR_TABLE } from '#errors/error-table.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import { Fields } from '#http/fields.ts';
import { RequestHead, type ResponseHead } from '#http/head.ts';
import type { Clock } from '#transport/clock.ts';
import { NOBODY, type ConnectionObserver } from '#transport/connection.ts';
import type { StreamConnection } from '../exchange/stream.ts';
import type { UpstreamLease, UpstreamPool, UpstreamRequest } from './upstream-request.ts';

/** For the sidecar's answer, which includes its own connect to the application. */
const ANSWER_TIMEOUT_MS = 10_000;

/** What becomes of a {@link Tunnel}; exactly one of the two, once, unless it is cancelled. */
export interface TunnelOutcome {
  /** @returns who listens to it */
  made(connection: StreamConnection): ConnectionObserver;
  failed(error: ProxyError): void;
}

/**
 * A byte stream to an endpoint, as a CONNECT stream on the HTTP/2 connection to its sidecar (RFC 9113 §8.5).
 *
 *   asking ──2xx──▶ open ──both halves ended──▶ closed
 *     └──other answer, failure, time──▶ closed ◀──reset, destroy──┘
 */
export class Tunnel implements UpstreamRequest, Expirable {
  readonly request: RequestHead;
  readonly #pool: UpstreamPool;
  readonly #clock: Clock;
  readonly #outcome: TunnelOutcome;
  readonly #timer = new WheelTimer(this);
  #state: 'asking' | 'open' | 'closed' = 'asking';
  #lease: UpstreamLease | null = null;
  #observer: ConnectionObserver = NOBODY;
  #localEnded = false;
  #remoteEnded = false;
  #congested = false;
  #paused = false;

  /** @param authority host and port that the stream is for, as the sidecar logs it */
  constructor(pool: UpstreamPool, authority: string, clock: Clock, outcome: TunnelOutcome) {
    this.request = new RequestHead('CONNECT', authority, authority, '', '', new Fields(), 20);
    this.#pool = pool;
    this.#clock = clock;
    this.#outcome = outcome;
  }

  /** Asks for the stream; the outcome may be told within this call. */
  start(): void {
    this.#clock.schedule(this.#timer, this.#clock.now() + ANSWER_TIMEOUT_MS);
    this.#pool.acquire(this);
  }

  /** Gives up; nothing is reported. */
  cancel(): void {
    if (this.#state !== 'asking') return;
    this.#close();
    if (this.#lease === null) this.#pool.withdraw(this);
    else this.#lease.abandon();
  }

  expire(): void {
    this.cancel();
    this.#outcome.failed(
      new ProxyError('upstream_connect_timeout', 'upstream', 'stream', {
        retry: 'always',
        cause: 'no answer to CONNECT',
      }),
    );
  }

  // ── as its pool sees it ──

  ready(lease: UpstreamLease): void {
    this.#lease = lease;
    lease.send(this);
  }

  unavailable(error: ProxyError): void {
    this.fail(error);
  }

  writable(): void {
    this.#congested = false;
    this.#observer.drained();
  }

  inform(): void {}

  respond(head: ResponseHead, complete: boolean): void {
    if (this.#state !== 'asking') return;
    if (head.status >= 200 && head.status < 300 && !complete) {
      this.#clock.cancel(this.#timer);
      this.#state = 'open';
      this.#observer = this.#outcome.made(this.#connection);
      return;
    }
    this.#close();
    if (!complete) this.#lease?.abandon();
    const cause = `the sidecar answered CONNECT with ${head.status}`;
    const isDenied = head.status === ERROR_TABLE.access_denied.status;
    this.#outcome.failed(
      isDenied
        ? // Another endpoint is under the same policies.
          new ProxyError('access_denied', 'upstream', 'stream', { cause })
        : new ProxyError('upstream_connect_failed', 'upstream', 'stream', { retry: 'always', cause }),
    );
  }

  write(chunk: Uint8Array): boolean {
    this.#observer.receive(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length), chunk.length);
    return !this.#paused;
  }

  end(): void {
    if (this.#state !== 'open') return;
    this.#remoteEnded = true;
    this.#observer.halfClosed();
    this.#closeWhenEnded();
  }

  fail(error: ProxyError): void {
    if (this.#state === 'open') {
      // The last of both halves to end says so by failing; that is how a connection of its own would close.
      const orderly = this.#localEnded && this.#remoteEnded;
      this.#end(orderly ? '' : error.cause === '' ? error.code : error.cause);
    } else if (this.#state === 'asking') {
      this.#close();
      this.#outcome.failed(error);
    }
  }

  // ── as its user sees it ──

  readonly #connection: StreamConnection = this.#createConnection();

  #createConnection(): StreamConnection {
    // oxlint-disable-next-line unicorn/no-this-assignment, typescript/no-this-alias -- the getter below has a `this` of its own
    const tunnel = this;
    return {
      get congested() {
        return tunnel.#congested;
      },
      writeBytes: (bytes) => this.#send(bytes),
      end: () => {
        if (this.#localEnded || this.#state !== 'open') return;
        this.#localEnded = true;
        this.#lease!.content.end(null);
        this.#closeWhenEnded();
      },
      destroy: () => {
        if (this.#state !== 'open') return;
        this.#lease!.abandon();
        this.#end('');
      },
      pause: () => {
        this.#paused = true;
        this.#lease?.pause();
      },
      resume: () => {
        this.#paused = false;
        this.#lease?.resume();
      },
    };
  }

  #send(bytes: Uint8Array): boolean {
    if (this.#state !== 'open' || this.#localEnded || bytes.length === 0) return true;
    if (!this.#lease!.content.write(bytes)) this.#congested = true;
    return !this.#congested;
  }

  // ── ends ──

  #closeWhenEnded(): void {
    if (this.#localEnded && this.#remoteEnded) this.#end('');
  }

  #end(error: string): void {
    if (this.#state !== 'open') return;
    this.#close();
    this.#observer.closed(error);
  }

  #close(): void {
    this.#state = 'closed';
    this.#clock.cancel(this.#timer);
  }
}
