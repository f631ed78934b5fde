import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { Exchange, Listener, Rule } from '../exchange/exchange.ts';
import type { RunningCluster } from '../upstream/cluster.ts';

/** Destinations that are remembered, the last used ones. */
const MAX_DESTINATIONS = 256;
/** Their name in metrics, one for all of them: hosts that applications call are many. */
const NAME = 'passthrough';

/** Ways out of the mesh that nobody declared: to each host and port that is called, as it is. */
export class Passthrough {
  readonly #create: (resource: ClusterResource) => RunningCluster;
  /** By `<host>:<port>`, the one that was used last at the end. */
  readonly #clusters = new Map<string, RunningCluster>();
  readonly #listener: Listener = {
    name: NAME,
    gateway: '',
    port: 0,
    protocol: 'HTTP',
    authorization: null,
    metricScope: null,
  };
  readonly #rule: Rule = {
    route: '',
    name: '',
    filters: [],
    backends: [],
    totalWeight: 0,
    requestTimeoutMs: 0,
    attemptTimeoutMs: 0,
    metricScope: null,
  };

  constructor(create: (resource: ClusterResource) => RunningCluster) {
    this.#create = create;
  }

  get clusters(): Iterable<RunningCluster> {
    return this.#clusters.values();
  }

  /**
   * Leads an exchange to where it asks for.
   * @param host a name or an IP address, without brackets
   * @returns when the host has an address, or none is to be had
   */
  async lead(exchange: Exchange, host: string, port: number): Promise<void> {
    const cluster = this.#clusterOf(host, port);
    exchange.listener = this.#listener;
    exchange.rule = this.#rule;
    exchange.cluster = cluster;
    await cluster.named();
  }

  destroy(): void {
    for (const cluster of this.#clusters.values()) cluster.destroy();
  }

  #clusterOf(host: string, port: number): RunningCluster {
    const key = `${host}:${port}`;
    const known = this.#clusters.get(key);
    if (known !== undefined) this.#clusters.delete(key);
    const cluster = known ?? this.#createCluster(host, port);
    this.#clusters.set(key, cluster);
    if (this.#clusters.size > MAX_DESTINATIONS) this.#forgetOldest();
    return cluster;
  }

  #forgetOldest(): void {
    const [oldest] = this.#clusters;
    if (oldest === undefined) return;
    this.#clusters.delete(oldest[0]);
    oldest[1].close(); // what is under way there is finished
  }

  #createCluster(host: string, port: number): RunningCluster {
    const cluster = this.#create({
      type: 'cluster',
      name: NAME,
      version: '',
      protocol: 'http1',
      tls: null,
      proxyProtocol: 0,
      loadBalancing: 'RoundRobin',
      connectTimeoutMs: 5_000,
      limits: { connections: 1024, pendingRequests: 1024, requests: 1024 },
      dns: { refreshIntervalMs: 60_000, ipFamily: 'Any' },
      service: { name: NAME, namespace: '' },
    });
    const endpoint = { address: host, port, weight: 1, zone: '', state: 'ready', mesh: null } as const;
    cluster.updateEndpoints({ type: 'endpoints', name: NAME, version: '', endpoints: [endpoint] });
    return cluster;
  }
}
