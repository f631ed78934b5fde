import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { Clock } from '#transport/clock.ts';
import type { Connection, ConnectionObserver } from '#transport/connection.ts';
import { connect, type ConnectObserver, type PendingConnect } from '#transport/connect.ts';
import type { ClusterLoad } from './cluster-load.ts';
import { Http1Client, type ClientObserver } from './http1-client.ts';
import type { UpstreamRequest } from './upstream-request.ts';

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
export class Http1Pool implements ClientObserver {
  readonly #address: string;
  readonly #port: number;
  readonly #load: ClusterLoad;
  readonly #clock: Clock;
  readonly #idle: Http1Client[] = [];
  readonly #waiting: UpstreamRequest[] = [];
  #connecting = 0;
  #closed = false;

  constructor(address: string, port: number, load: ClusterLoad, clock: Clock) {
    this.#address = address;
    this.#port = port;
    this.#load = load;
    this.#clock = clock;
  }

  /** Calls `ready` on the request, now if a connection is idle; or `unavailable`, now or later. */
  acquire(request: UpstreamRequest): void {
    for (let client = this.#idle.pop(); client !== undefined; client = this.#idle.pop()) {
      this.#clock.cancel(client.idleTimer);
      if (!client.usable) continue;
      request.ready(client);
      return;
    }
    if (!this.#load.mayWait()) {
      request.unavailable(new ProxyError('upstream_overflow', 'local', 'stream', { cause: 'too many pending requests' }));
      return;
    }
    this.#load.pendingRequests++;
    this.#waiting.push(request);
    if (this.#connecting < this.#waiting.length) this.#connect();
  }

  /** Takes back a request that still waits. */
  withdraw(request: UpstreamRequest): void {
    const index = this.#waiting.indexOf(request);
    if (index === -1) return;
    this.#waiting.splice(index, 1);
    this.#load.pendingRequests--;
  }

  /** Closes what is idle, and the rest as its requests end. */
  close(): void {
    this.#closed = true;
    for (const client of this.#idle.splice(0)) {
      this.#clock.cancel(client.idleTimer);
      client.abandon();
    }
  }

  released(client: Http1Client): void {
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#load.pendingRequests--;
      next.ready(client);
    } else if (this.#closed) client.abandon();
    else this.#keep(client);
  }

  retired(client: Http1Client): void {
    this.#clock.cancel(client.idleTimer);
    this.#load.connectionClosed();
    const index = this.#idle.indexOf(client);
    if (index !== -1) this.#idle.splice(index, 1);
    // Whoever waits beyond the limit of connections waits for this one's place.
    if (this.#waiting.length > this.#connecting) this.#connect();
  }

  #keep(client: Http1Client): void {
    this.#idle.push(client);
    const said = client.keepAliveTimeoutMs;
    const idleMs = said < 0 ? IDLE_MS : Math.min(Math.max(said - KEEP_ALIVE_MARGIN_MS, 0), IDLE_MAX_MS);
    this.#clock.schedule(client.idleTimer, this.#clock.now() + idleMs);
  }

  #connect(): void {
    if (!this.#load.mayConnect()) return; // a connection that comes free serves whoever waits
    this.#connecting++;
    this.#load.connectStarted();
    new Connecting(this.#address, this.#port, this.#load.connectTimeoutMs, this.#clock, {
      made: (connection) => this.#made(connection),
      failed: (error) => this.#failed(error),
    });
  }

  #made(connection: Connection): ConnectionObserver {
    this.#connecting--;
    this.#load.connectionOpened();
    const client = new Http1Client(connection, this);
    this.released(client);
    return client;
  }

  #failed(error: ProxyError): void {
    this.#connecting--;
    this.#load.connectFailed();
    const first = this.#waiting.shift();
    if (first === undefined) return;
    this.#load.pendingRequests--;
    first.unavailable(error);
    if (this.#waiting.length > this.#connecting) this.#connect();
  }
}

/** A connect with its deadline. */
class Connecting implements ConnectObserver, Expirable {
  readonly #timer = new WheelTimer(this);
  readonly #outcome: { made(connection: Connection): ConnectionObserver; failed(error: ProxyError): void };
  readonly #clock: Clock;
  readonly #pending: PendingConnect;

  constructor(
    address: string,
    port: number,
    timeoutMs: number,
    clock: Clock,
    outcome: { made(connection: Connection): ConnectionObserver; failed(error: ProxyError): void },
  ) {
    this.#clock = clock;
    this.#outcome = outcome;
    this.#pending = connect(address, port, this);
    clock.schedule(this.#timer, clock.now() + timeoutMs);
  }

  connected(connection: Connection): ConnectionObserver {
    this.#clock.cancel(this.#timer);
    return this.#outcome.made(connection);
  }

  connectFailed(code: string): void {
    this.#clock.cancel(this.#timer);
    this.#outcome.failed(new ProxyError('upstream_connect_failed', 'upstream', 'stream', { retry: 'always', cause: code }));
  }

  expire(): void {
    this.#pending.cancel();
    this.#outcome.failed(new ProxyError('upstream_connect_timeout', 'upstream', 'stream', { retry: 'always', cause: 'ETIMEDOUT' }));
  }
}
