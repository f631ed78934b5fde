import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import type { ProxiedAddresses } from '#codec/proxy-protocol/addresses.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import type { Clock } from '#transport/clock.ts';
import type { Dial } from '#transport/connect.ts';
import type { ConnectionObserver } from '#transport/connection.ts';
import type { PendingStream, StreamConnection, StreamLease, StreamObserver } from '../exchange/stream.ts';
import type { ClusterLoad } from './cluster-load.ts';
import { Connecting } from './connecting.ts';
import type { Endpoint } from './endpoint.ts';
import { MAX_RETRIES, retryDelayMs } from './retry-policy.ts';
import { Tunnel } from './tunnel.ts';

/** What a stream asks of its cluster. */
export interface StreamOwner {
  readonly clock: Clock;
  readonly load: ClusterLoad;
  choose(excluded: Endpoint | null): Endpoint | null;
  mayRetry(nowMs: number): boolean;
  dialOpaque(endpoint: Endpoint, client: ProxiedAddresses): Dial;
}

/**
 * Makes one connection to one endpoint of a cluster, for bytes that are passed on as they are. An endpoint that cannot
 * be reached is left for another one: nothing of the client's has been sent then.
 */
export class StreamConnecting implements PendingStream, StreamLease, Expirable {
  readonly #cluster: StreamOwner;
  readonly #observer: StreamObserver;
  readonly #client: ProxiedAddresses;
  readonly #backoff = new WheelTimer(this);
  #endpoint: Endpoint | null = null;
  #connecting: Connecting | Tunnel | null = null;
  #retries = 0;

  constructor(cluster: StreamOwner, observer: StreamObserver, client: ProxiedAddresses) {
    this.#cluster = cluster;
    this.#observer = observer;
    this.#client = client;
  }

  /** @param excluded an endpoint that just failed */
  start(excluded: Endpoint | null): void {
    const { load } = this.#cluster;
    const endpoint = this.#cluster.choose(excluded);
    if (endpoint === null) {
      this.#observer.failed(new ProxyError('no_healthy_upstream', 'local', 'connection'));
      return;
    }
    if (endpoint.tunnels ? !load.mayRequest() : !load.mayConnect()) {
      this.#observer.failed(
        new ProxyError('upstream_overflow', 'local', 'connection', { cause: 'too many connections' }),
      );
      return;
    }
    this.#endpoint = endpoint;
    endpoint.activeRequests++;
    this.#observer.attempted(endpoint.label, endpoint.hop);
    if (endpoint.tunnels) this.#tunnel(endpoint);
    else this.#connect(endpoint);
  }

  cancel(): void {
    this.#cluster.clock.cancel(this.#backoff);
    if (this.#connecting === null) return;
    this.#connecting.cancel();
    this.#connecting = null;
    this.#leaveEndpoint();
    if (this.#endpoint?.tunnels === true) this.#cluster.load.requests--;
    else this.#cluster.load.connectCancelled();
  }

  /** The wait before another attempt is over. */
  expire(): void {
    this.start(this.#endpoint);
  }

  ended(): void {
    this.#leaveEndpoint();
    if (this.#endpoint?.tunnels === true) this.#cluster.load.requests--;
    else this.#cluster.load.connectionClosed();
  }

  #connect(endpoint: Endpoint): void {
    const { load, clock } = this.#cluster;
    load.connectStarted();
    this.#connecting = new Connecting(this.#cluster.dialOpaque(endpoint, this.#client), load.connectTimeoutMs, clock, {
      made: (connection) => {
        load.connectionOpened();
        endpoint.reach.connected();
        return this.#made(connection);
      },
      failed: (error) => {
        load.connectFailed();
        endpoint.reach.failed();
        this.#failed(error);
      },
    });
  }

  /** The pool counts its connection; here it counts as one more request on that. */
  #tunnel(endpoint: Endpoint): void {
    const { load, clock } = this.#cluster;
    load.requests++;
    const tunnel = new Tunnel(endpoint.pool, endpoint.label, clock, {
      made: (connection) => this.#made(connection),
      failed: (error) => {
        load.requests--;
        this.#failed(error);
      },
    });
    this.#connecting = tunnel;
    tunnel.start();
  }

  #made(connection: StreamConnection): ConnectionObserver {
    this.#connecting = null;
    return this.#observer.connected(connection, this);
  }

  #failed(error: ProxyError): void {
    const { clock } = this.#cluster;
    this.#connecting = null;
    this.#leaveEndpoint();
    const nowMs = clock.now();
    const isFinal = error.code === 'access_denied' || this.#retries === MAX_RETRIES;
    if (isFinal || !this.#cluster.mayRetry(nowMs)) {
      this.#observer.failed(error);
      return;
    }
    this.#retries++;
    clock.schedule(this.#backoff, nowMs + retryDelayMs(error, this.#retries));
  }

  #leaveEndpoint(): void {
    if (this.#endpoint !== null) this.#endpoint.activeRequests--;
  }
}
