import type { ClusterLimits } from '#model/snapshot/cluster.ts';
import type { ConnectionCounts } from '#telemetry/request-metrics.ts';

/** Those that share a cluster's connections: its pools, one for each endpoint. */
export interface ConnectionHolder {
  /** A connection may be made now; asked for by {@link ClusterLoad.awaitConnection}. */
  connectionFree(): void;
  /** Closes the connection that was idle for longest. @returns false where none is idle */
  closeOldestIdle(): boolean;
  /** Closes everything at once. */
  destroy(): void;
}

/** What a cluster has under way, against what it may: the circuit breaker that is always there. */
export class ClusterLoad {
  readonly #counts: ConnectionCounts;
  #limits: ClusterLimits;
  readonly #holders = new Set<ConnectionHolder>();
  /** Wait for a connection that another holder has; the first that came is the first served. */
  readonly #starved = new Set<ConnectionHolder>();
  connectTimeoutMs: number;
  connections = 0;
  pendingRequests = 0;
  requests = 0;

  constructor(limits: ClusterLimits, connectTimeoutMs: number, counts: ConnectionCounts) {
    this.#limits = limits;
    this.connectTimeoutMs = connectTimeoutMs;
    this.#counts = counts;
  }

  /** Changes the limits; what is beyond them already goes on. */
  update(limits: ClusterLimits, connectTimeoutMs: number): void {
    this.#limits = limits;
    this.connectTimeoutMs = connectTimeoutMs;
    this.#offerConnections();
  }

  mayConnect(): boolean {
    return this.connections < this.#limits.connections;
  }

  mayWait(): boolean {
    return this.pendingRequests < this.#limits.pendingRequests;
  }

  mayRequest(): boolean {
    return this.requests < this.#limits.requests;
  }

  /** Followed by exactly one of {@link connectionOpened} and {@link connectFailed}. */
  connectStarted(): void {
    this.connections++;
  }

  connectionOpened(): void {
    this.#counts.opened();
  }

  /** Once for each {@link connectionOpened}. */
  connectionClosed(): void {
    this.connections--;
    this.#counts.closed();
    this.#offerConnections();
  }

  connectFailed(): void {
    this.connections--;
    this.#counts.failed();
    this.#offerConnections();
  }

  /** A connect was given up before it was decided. */
  connectCancelled(): void {
    this.connections--;
    this.#offerConnections();
  }

  join(holder: ConnectionHolder): void {
    this.#holders.add(holder);
  }

  leave(holder: ConnectionHolder): void {
    this.#holders.delete(holder);
    this.#starved.delete(holder);
  }

  /**
   * Tells `holder` when it may connect. All endpoints share the limit, so that one whose connections lie idle would
   * otherwise keep the others from serving at all: an idle connection is closed for it.
   */
  awaitConnection(holder: ConnectionHolder): void {
    this.#starved.add(holder);
    for (const other of this.#holders) if (other !== holder && other.closeOldestIdle()) return;
  }

  /** Closes all connections at once. */
  destroy(): void {
    for (const holder of this.#holders) holder.destroy();
  }

  #offerConnections(): void {
    for (const holder of this.#starved) {
      if (!this.mayConnect()) return;
      this.#starved.delete(holder);
      holder.connectionFree();
    }
  }
}
