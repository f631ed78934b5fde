import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { EndpointsResource } from '#model/snapshot/endpoints.ts';
import type { ClusterSlot } from '../exchange/exchange.ts';
import { RunningCluster, type UpstreamEnvironment } from './cluster.ts';
import { Pools } from './pools.ts';

/** What one cluster has under way. */
export interface ClusterActivity {
  readonly name: string;
  readonly connections: number;
  readonly pendingRequests: number;
  readonly requests: number;
  readonly endpoints: readonly { readonly endpoint: string; readonly activeRequests: number }[];
}

/** All clusters of one thread, by name. */
export class ClusterRegistry {
  readonly #pools = new Pools();
  readonly #environment: UpstreamEnvironment;
  readonly #slots = new Map<string, RegisteredSlot>();

  constructor(environment: Omit<UpstreamEnvironment, 'pools' | 'mesh'> & Partial<Pick<UpstreamEnvironment, 'mesh'>>) {
    this.#environment = { mesh: null, ...environment, pools: this.#pools };
  }

  /** @returns the place of that name, whether there is such a cluster or not; the same object every time */
  slot(name: string): ClusterSlot {
    return this.#slot(name);
  }

  /** Makes a cluster, or changes it; that may have to load what speaks its protocol. */
  async put(resource: ClusterResource): Promise<void> {
    await this.#pools.load(this.#environment.mesh === null ? resource.protocol : 'http2'); // as sidecars speak it
    const slot = this.#slot(resource.name);
    if (slot.cluster !== null) slot.cluster.update(resource);
    else {
      slot.cluster = new RunningCluster(resource, this.#environment);
      slot.cluster.updateEndpoints(slot.endpoints);
    }
  }

  /** Loads what speaks a protocol, which {@link put} does by itself. */
  async load(protocol: ClusterResource['protocol']): Promise<void> {
    await this.#pools.load(protocol);
  }

  /** Makes a cluster that no name leads to; its protocol must be loaded. Whoever asks for it ends it. */
  createUnlisted(resource: ClusterResource): RunningCluster {
    return new RunningCluster(resource, this.#environment);
  }

  putEndpoints(resource: EndpointsResource): void {
    const slot = this.#slot(resource.name);
    slot.endpoints = resource;
    slot.cluster?.updateEndpoints(resource);
  }

  remove(name: string): void {
    const slot = this.#slot(name);
    slot.cluster?.close();
    slot.cluster = null;
  }

  removeEndpoints(name: string): void {
    const slot = this.#slot(name);
    slot.endpoints = null;
    slot.cluster?.updateEndpoints(null);
  }

  /** These certificates have changed: connections that showed them are made anew. */
  certificatesChanged(names: ReadonlySet<string>): void {
    for (const cluster of this.clusters) {
      if (cluster.clientCertificate !== null && names.has(cluster.clientCertificate)) cluster.reconnect();
    }
  }

  /** This proxy shows another identity from here on: connections to sidecars are made anew. */
  renewMesh(): void {
    for (const cluster of this.clusters) cluster.renewMesh();
  }

  /** @returns when all host names among the endpoints have been asked for once */
  async named(): Promise<void> {
    await Promise.all(this.clusters.map((cluster) => cluster.named()));
  }

  /** All clusters that there are now. */
  get clusters(): readonly RunningCluster[] {
    return [...this.#slots.values()].flatMap((slot) => slot.cluster ?? []);
  }

  /** What all of them have under way. */
  get activity(): readonly ClusterActivity[] {
    return this.clusters.map(({ name, load, endpoints }) => ({
      name,
      connections: load.connections,
      pendingRequests: load.pendingRequests,
      requests: load.requests,
      endpoints: endpoints.map(({ label, activeRequests }) => ({ endpoint: label, activeRequests })),
    }));
  }

  /** Closes everything at once; what is under way fails. */
  destroy(): void {
    for (const slot of this.#slots.values()) slot.cluster?.destroy();
  }

  #slot(name: string): RegisteredSlot {
    let slot = this.#slots.get(name);
    if (slot === undefined) {
      slot = { name, cluster: null, endpoints: null };
      this.#slots.set(name, slot);
    }
    return slot;
  }
}

/** Endpoints may come before their cluster and stay behind it. */
interface RegisteredSlot extends ClusterSlot {
  cluster: RunningCluster | null;
  endpoints: EndpointsResource | null;
}
