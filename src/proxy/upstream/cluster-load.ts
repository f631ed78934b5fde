import type { ClusterLimits } from '#model/snapshot/cluster.ts';
import type { ConnectionCounts } from '#telemetry/request-metrics.ts';

/** What a cluster has under way, against what it may: the circuit breaker that is always there. */
export class ClusterLoad {
  readonly #counts: ConnectionCounts;
  #limits: ClusterLimits;
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
  }

  connectFailed(): void {
    this.connections--;
    this.#counts.failed();
  }
}
