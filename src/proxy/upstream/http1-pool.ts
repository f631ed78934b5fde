import { ProxyError } from '#errors/proxy-error.ts';
import type { Clock } from '#transport/clock.ts';
import type { Dial } from '#transport/connect.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import type { ClusterLoad, ConnectionHolder } from './cluster-load.ts';
import { Connecting } from './connecting.ts';
import { Http1Client, type ClientObserver } from './http1-client.ts';
import type { Reach } from './reach.ts';
import type { UpstreamPool, UpstreamRequest } from './upstream-request.ts';
import { WaitingRequests } from './waiting-requests.ts';

/**
 * How long an idle connection is kept where the server does not say: Node servers close after 5 s and do not tell, and
 * a request sent into that close is lost (conventions: Envoy's hour gives users 503s).
 */
const IDLE_MS = 3_000;
/** A server's own `Keep-Alive: timeout` minus what a request may need to get there. */
const KEEP_ALIVE_MARGIN_MS = 1_000;
/** Longer than this no connection is kept, whatever the server says. */
const IDLE_MAX_MS = 60_000;

/** The connections to one endpoint. Most recently used first, so that what is not needed grows old and closes. */
export class Http1Pool implements UpstreamPool, ClientObserver, ConnectionHolder {
  readonly #dial: Dial;
  readonly #load: ClusterLoad;
  readonly #reach: Reach;
  readonly #clock: Clock;
  readonly #idle: Http1Client[] = [];
  readonly #waiting: WaitingRequests;
  readonly #clients = new Set<Http1Client>();
  readonly #connecting = new Set<Connecting>();
  #closed = false;

  constructor(dial: Dial, load: ClusterLoad, reach: Reach, clock: Clock) {
    this.#dial = dial;
    this.#load = load;
    this.#reach = reach;
    this.#clock = clock;
    this.#waiting = new WaitingRequests(load);
    load.join(this);
  }

  /** Calls `ready` on the request, now if a connection is idle; or `unavailable`, now or later. */
  acquire(request: UpstreamRequest): void {
    for (let client = this.#idle.pop(); client !== undefined; client = this.#idle.pop()) {
      this.#clock.cancel(client.idleTimer);
      if (!client.usable) continue;
      request.ready(client);
      return;
    }
    if (this.#waiting.admit(request)) this.#connectForWaiting();
  }

  /** Takes back a request that still waits. */
  withdraw(request: UpstreamRequest): void {
    if (this.#waiting.withdraw(request)) this.#leaveWhenEmpty();
  }

  /** Closes what is idle. */
  closeIdle(): void {
    for (const client of this.#idle.splice(0)) {
      this.#clock.cancel(client.idleTimer);
      client.abandon();
    }
  }

  /** Closes what is idle, and the rest as its requests end. */
  close(): void {
    this.#closed = true;
    this.closeIdle();
    if (this.#waiting.size === 0) for (const connecting of this.#connecting) this.#giveUp(connecting);
    this.#leaveWhenEmpty();
  }

  /** Closes everything at once; what is under way fails. */
  destroy(): void {
    this.#closed = true;
    for (const connecting of this.#connecting) this.#giveUp(connecting);
    for (const client of this.#clients) client.destroy();
    this.#waiting.failAll(new ProxyError('draining', 'local', 'stream'));
    this.#leaveWhenEmpty();
  }

  // ── ConnectionHolder ──

  connectionFree(): void {
    this.#connectForWaiting();
  }

  closeOldestIdle(): boolean {
    const oldest = this.#idle.shift();
    if (oldest === undefined) return false;
    this.#clock.cancel(oldest.idleTimer);
    oldest.abandon();
    return true;
  }

  // ── ClientObserver ──

  released(client: Http1Client): void {
    const next = this.#waiting.shift();
    if (next !== undefined) next.ready(client);
    else if (this.#closed) client.abandon();
    else this.#keep(client);
  }

  retired(client: Http1Client): void {
    this.#clock.cancel(client.idleTimer);
    this.#clients.delete(client);
    const index = this.#idle.indexOf(client);
    if (index !== -1) this.#idle.splice(index, 1);
    this.#load.connectionClosed();
    // Whoever waits beyond the limit of connections waits for this one's place.
    this.#connectForWaiting();
    this.#leaveWhenEmpty();
  }

  // ── steps ──

  #keep(client: Http1Client): void {
    this.#idle.push(client);
    const said = client.keepAliveTimeoutMs;
    const idleMs = said < 0 ? IDLE_MS : Math.min(Math.max(said - KEEP_ALIVE_MARGIN_MS, 0), IDLE_MAX_MS);
    this.#clock.schedule(client.idleTimer, this.#clock.now() + idleMs);
  }

  /** As many connects as requests wait, within the limit of the cluster. */
  #connectForWaiting(): void {
    while (this.#waiting.size > this.#connecting.size) {
      if (!this.#load.mayConnect()) {
        this.#load.awaitConnection(this); // until then, one that comes free here serves whoever waits
        return;
      }
      this.#connect();
    }
  }

  #connect(): void {
    this.#load.connectStarted();
    const connecting: Connecting = new Connecting(this.#dial, this.#load.connectTimeoutMs, this.#clock, {
      made: (connection) => this.#made(connecting, connection),
      failed: (error) => this.#failed(connecting, error),
    });
    this.#connecting.add(connecting);
  }

  #made(connecting: Connecting, connection: Connection): ConnectionObserver {
    this.#connecting.delete(connecting);
    this.#load.connectionOpened();
    this.#reach.connected();
    const client = new Http1Client(connection, this);
    this.#clients.add(client);
    this.released(client);
    return client;
  }

  #failed(connecting: Connecting, error: ProxyError): void {
    this.#connecting.delete(connecting);
    this.#load.connectFailed();
    this.#reach.failed();
    this.#waiting.shift()?.unavailable(error);
    this.#connectForWaiting();
    this.#leaveWhenEmpty();
  }

  #giveUp(connecting: Connecting): void {
    connecting.cancel();
    this.#connecting.delete(connecting);
    this.#load.connectCancelled();
  }

  #leaveWhenEmpty(): void {
    const empty = this.#clients.size === 0 && this.#connecting.size === 0 && this.#waiting.size === 0;
    if (this.#closed && empty) this.#load.leave(this);
  }
}
