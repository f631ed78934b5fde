import { ProxyError } from '#errors/proxy-error.ts';
import type { Clock } from '#transport/clock.ts';
import type { Dial } from '#transport/connect.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import type { ClusterLoad, ConnectionHolder } from './cluster-load.ts';
import { Connecting } from './connecting.ts';
import { Http2Client, type Http2ClientObserver } from './http2-client.ts';
import { Http2Lease } from './http2-lease.ts';
import type { Reach } from './reach.ts';
import type { UpstreamPool, UpstreamRequest } from './upstream-request.ts';
import { WaitingRequests } from './waiting-requests.ts';

/** How long a connection without streams is kept: it serves all requests of its thread, so it is worth more than one of HTTP/1.1. */
const IDLE_MS = 60_000;

/**
 * A watched server from which nothing comes from one look to the next, while requests wait for it, is asked for a sign of
 * life, and given up without one: within 7 s, so that what may be repeated is done elsewhere within its 15 s.
 */
const LOOK_MS = 2_000;
const ANSWER_MS = 3_000;

/**
 * The HTTP/2 connections to one endpoint: one, until the server takes no more streams on it. So what many exchanges say
 * in one tick leaves in one write.
 */
export class Http2Pool implements UpstreamPool, Http2ClientObserver, ConnectionHolder {
  readonly #dial: Dial;
  readonly #load: ClusterLoad;
  readonly #reach: Reach;
  readonly #clock: Clock;
  readonly #isWatched: boolean;
  readonly #clients: Http2Client[] = [];
  readonly #waiting: WaitingRequests;
  #connecting: Connecting | null = null;
  /** Connected, but the server has not said yet what it takes. */
  #opening: Http2Client | null = null;
  #closed = false;

  /**
   * @param isWatched whether servers that fall silent are asked for a sign of life: sidecars are, but others may take
   * PINGs amiss (gRPC servers permit one in 5 min)
   */
  constructor(dial: Dial, load: ClusterLoad, reach: Reach, clock: Clock, isWatched = false) {
    this.#dial = dial;
    this.#load = load;
    this.#reach = reach;
    this.#clock = clock;
    this.#waiting = new WaitingRequests(load);
    this.#isWatched = isWatched;
    load.join(this);
  }

  acquire(request: UpstreamRequest): void {
    const client = this.#clientWithPlace();
    if (client !== null) {
      this.#lease(client, request);
      return;
    }
    if (this.#waiting.admit(request)) this.#connectForWaiting();
  }

  withdraw(request: UpstreamRequest): void {
    if (this.#waiting.withdraw(request)) this.#leaveWhenEmpty();
  }

  closeIdle(): void {
    for (const client of this.#clients.slice()) if (client.idle) client.close();
  }

  close(): void {
    this.#closed = true;
    if (this.#waiting.size === 0) this.#giveUpConnecting();
    for (const client of this.#clients.slice()) client.close();
    this.#leaveWhenEmpty();
  }

  destroy(): void {
    this.#closed = true;
    this.#giveUpConnecting();
    for (const client of this.#clients.slice()) client.destroy();
    this.#waiting.failAll(new ProxyError('draining', 'local', 'stream'));
    this.#leaveWhenEmpty();
  }

  // ── ConnectionHolder ──

  connectionFree(): void {
    this.#connectForWaiting();
  }

  closeOldestIdle(): boolean {
    const oldest = this.#clients.find((client) => client.idle);
    oldest?.close();
    return oldest !== undefined;
  }

  // ── Http2ClientObserver ──

  placesFreed(client: Http2Client): void {
    if (this.#opening === client) {
      this.#opening = null;
      this.#reach.connected();
    }
    this.#serveWaiting();
    if (!client.idle) return;
    if (this.#closed) client.close();
    else this.#clock.schedule(client.idleTimer, this.#clock.now() + IDLE_MS);
  }

  /** An endpoint has as long to answer as it has to connect; one that is watched, some more: all its requests fail. */
  probed(client: Http2Client): void {
    const patienceMs = this.#isWatched ? ANSWER_MS : this.#load.connectTimeoutMs;
    this.#clock.schedule(client.probeTimer, this.#clock.now() + patienceMs);
  }

  watched(client: Http2Client): void {
    this.#clock.schedule(client.watchTimer, this.#clock.now() + LOOK_MS);
  }

  retired(client: Http2Client, error: ProxyError | null): void {
    this.#clock.cancel(client.idleTimer);
    this.#clock.cancel(client.probeTimer);
    this.#clock.cancel(client.watchTimer);
    const index = this.#clients.indexOf(client);
    if (index !== -1) this.#clients.splice(index, 1);
    this.#load.connectionClosed();
    if (this.#opening === client) {
      this.#opening = null;
      if (error !== null) {
        this.#reach.failed();
        this.#waiting.failAll(error); // it would be no better next time
      }
    }
    this.#connectForWaiting();
    this.#leaveWhenEmpty();
  }

  // ── steps ──

  #clientWithPlace(): Http2Client | null {
    for (const client of this.#clients) if (client.places > 0) return client;
    return null;
  }

  #lease(client: Http2Client, request: UpstreamRequest): void {
    this.#clock.cancel(client.idleTimer);
    if (this.#isWatched && !client.watchTimer.scheduled) client.watch();
    request.ready(new Http2Lease(client));
  }

  #serveWaiting(): void {
    while (this.#waiting.size > 0) {
      const client = this.#clientWithPlace();
      if (client === null) break;
      this.#lease(client, this.#waiting.shift()!);
    }
    this.#connectForWaiting();
  }

  /** One connect at a time: its connection will probably have places for all that wait. */
  #connectForWaiting(): void {
    if (this.#waiting.size === 0 || this.#connecting !== null || this.#opening !== null) return;
    if (!this.#load.mayConnect()) {
      this.#load.awaitConnection(this);
      return;
    }
    this.#load.connectStarted();
    this.#connecting = new Connecting(this.#dial, this.#load.connectTimeoutMs, this.#clock, {
      made: (connection) => this.#made(connection),
      failed: (error) => this.#failed(error),
    });
  }

  #made(connection: Connection): ConnectionObserver {
    this.#connecting = null;
    this.#load.connectionOpened();
    const client = new Http2Client(connection, this);
    this.#clients.push(client);
    this.#opening = client;
    this.#clock.schedule(client.idleTimer, this.#clock.now() + this.#load.connectTimeoutMs);
    return client;
  }

  /** All that wait fail: each may try another endpoint. */
  #failed(error: ProxyError): void {
    this.#connecting = null;
    this.#load.connectFailed();
    this.#reach.failed();
    this.#waiting.failAll(error);
    this.#connectForWaiting();
    this.#leaveWhenEmpty();
  }

  #giveUpConnecting(): void {
    if (this.#connecting === null) return;
    this.#connecting.cancel();
    this.#connecting = null;
    this.#load.connectCancelled();
  }

  #leaveWhenEmpty(): void {
    const empty = this.#clients.length === 0 && this.#connecting === null && this.#waiting.size === 0;
    if (this.#closed && empty) this.#load.leave(this);
  }
}
