import { ProxyError } from '#errors/proxy-error.ts';
import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { EndpointSpec, EndpointsResource } from '#model/snapshot/endpoints.ts';
import type { RequestMetrics } from '#telemetry/request-metrics.ts';
import type { ProxiedAddresses } from '#codec/proxy-protocol/addresses.ts';
import type { Clock } from '#transport/clock.ts';
import { dialInVain, type Dial } from '#transport/connect.ts';
import type { Cluster, Exchange } from '../exchange/exchange.ts';
import type { PendingStream, StreamObserver } from '../exchange/stream.ts';
import { Dialing, type UpstreamMesh, type UpstreamTls } from './dialing.ts';
import { createBalancer } from './balancer/balancer.ts';
import type { Balancer } from './balancer/target.ts';
import { ClusterLoad } from './cluster-load.ts';
import { Endpoint, endpointLabel, meshOf } from './endpoint.ts';
import { Forwarding } from './forwarding.ts';
import { IntroducedPool } from './introduced-pool.ts';
import { Mirroring } from './mirroring.ts';
import { NameWatch } from './name-watch.ts';
import type { Pools } from './pools.ts';
import type { ForwardOutcome, OwningCluster } from './owning-cluster.ts';
import { Reach } from './reach.ts';
import { RetryBudget } from './retry-budget.ts';
import { StreamConnecting, type StreamOwner } from './stream-connecting.ts';
import type { UpstreamPool } from './upstream-request.ts';

/** What all clusters of one thread share. */
export interface UpstreamEnvironment {
  readonly clock: Clock;
  readonly outcome: ForwardOutcome;
  readonly metrics: RequestMetrics;
  readonly pools: Pools;
  readonly tls: UpstreamTls;
  /** Null outside of the mesh: endpoints with sidecars then cannot be reached. */
  readonly mesh: UpstreamMesh | null;
}

/** A running group of endpoints: balancing, limits and connections of one backend. */
export class RunningCluster implements Cluster, OwningCluster, StreamOwner {
  readonly name: string;
  readonly clock: Clock;
  readonly outcome: ForwardOutcome;
  readonly load: ClusterLoad;
  readonly #pools: Pools;
  readonly #retryBudget = new RetryBudget();
  readonly #tls: UpstreamTls;
  readonly #mesh: UpstreamMesh | null;
  #resource: ClusterResource;
  #dialing: Dialing;
  #balancer: Balancer<Endpoint>;
  #endpoints = new Map<string, Endpoint>();
  /** Could not be reached, and it is time to try again. */
  #due: readonly Endpoint[] = [];
  #specs: readonly EndpointSpec[] = [];
  #names: NameWatch | null = null;

  constructor(resource: ClusterResource, environment: UpstreamEnvironment) {
    this.name = resource.name;
    this.clock = environment.clock;
    this.outcome = environment.outcome;
    this.#pools = environment.pools;
    this.#resource = resource;
    this.#tls = environment.tls;
    this.#mesh = environment.mesh;
    this.#dialing = new Dialing(resource, environment.tls);
    this.load = new ClusterLoad(
      resource.limits,
      resource.connectTimeoutMs,
      environment.metrics.upstream(resource.name),
    );
    this.#balancer = createBalancer(resource.loadBalancing);
  }

  get protocol(): ClusterResource['protocol'] {
    return this.#resource.protocol;
  }

  get service(): ClusterResource['service'] {
    return this.#resource.service;
  }

  /** Takes a changed policy over; connections and requests go on. */
  update(resource: ClusterResource): void {
    const before = this.#resource;
    this.#resource = resource;
    this.load.update(resource.limits, resource.connectTimeoutMs);
    if (resource.loadBalancing !== before.loadBalancing) this.#balancer = createBalancer(resource.loadBalancing);
    if (connectsAlike(resource, before)) {
      this.#watchNames();
      this.#resolveEndpoints();
    } else this.reconnect();
  }

  /** Connects anew from here on: what was agreed on with connections that exist is no longer what is declared. */
  reconnect(): void {
    this.#dialing = new Dialing(this.#resource, this.#tls);
    for (const endpoint of this.#endpoints.values()) endpoint.leave();
    this.#endpoints = new Map();
    this.#watchNames();
    this.#resolveEndpoints();
  }

  /** Connects to sidecars anew from here on, as of who this is now. Requests under way finish where they are. */
  renewMesh(): void {
    for (const [key, endpoint] of this.#endpoints) {
      if (!endpoint.tunnels) continue;
      this.#endpoints.delete(key);
      endpoint.leave();
    }
    this.#resolveEndpoints();
  }

  /** Name of the certificate that is shown to servers, or null. */
  get clientCertificate(): string | null {
    return this.#resource.tls?.clientCertificate ?? null;
  }

  /** Takes changed endpoints over: those that stay keep their connections, those that go finish what they have. */
  updateEndpoints(resource: EndpointsResource | null): void {
    this.#specs = resource?.endpoints ?? [];
    this.#watchNames();
    this.#resolveEndpoints();
  }

  /** @returns when the host names among the endpoints have been asked for once */
  async named(): Promise<void> {
    await this.#names?.asked();
  }

  /** The backend is no longer declared: finishes what is under way. */
  close(): void {
    this.#names?.close();
    this.#names = null;
    this.updateEndpoints(null);
  }

  /** Closes everything at once. */
  destroy(): void {
    this.close();
    this.load.destroy();
  }

  /** What balancing chooses from, and what is leaving. */
  get endpoints(): readonly Endpoint[] {
    return [...this.#endpoints.values()];
  }

  forward(exchange: Exchange): void {
    if (!this.load.mayRequest()) {
      this.outcome.failed(
        exchange,
        new ProxyError('upstream_overflow', 'local', 'stream', { cause: 'too many requests' }),
      );
      return;
    }
    this.load.requests++;
    this.#retryBudget.deposit();
    const nowMs = this.clock.now();
    const forwarding = new Forwarding(exchange, this, nowMs);
    exchange.attempt = forwarding;
    forwarding.begin(nowMs);
  }

  mirror(exchange: Exchange): void {
    if (!this.load.mayRequest()) return;
    const endpoint = this.choose(null);
    if (endpoint === null) return;
    this.load.requests++;
    new Mirroring(exchange, endpoint, this).start();
  }

  openStream(observer: StreamObserver, client: ProxiedAddresses): PendingStream {
    const stream = new StreamConnecting(this, observer, client);
    stream.start(null);
    return stream;
  }

  // ── for what is under way here ──

  dialOpaque(endpoint: Endpoint, client: ProxiedAddresses): Dial {
    return this.#dialing.opaque(endpoint.address, endpoint.port, client);
  }

  choose(excluded: Endpoint | null): Endpoint | null {
    if (this.#due.length > 0) {
      const due = this.#due[0]!;
      due.reach.tried();
      return due;
    }
    return this.#balancer.choose(excluded);
  }

  mayRetry(nowMs: number): boolean {
    return this.#retryBudget.withdraw(nowMs);
  }

  /** A request that {@link forward} or {@link mirror} began is over. */
  finished(): void {
    this.load.requests--;
  }

  // ── endpoints ──

  /** Resolves host names among the endpoints, as long as there are any. */
  #watchNames(): void {
    this.#names ??= new NameWatch(this.clock, () => this.#resolveEndpoints());
    this.#names.watch(
      this.#specs.map((spec) => spec.address),
      this.#resource.dns,
    );
  }

  #resolveEndpoints(): void {
    const next = new Map<string, Endpoint>();
    for (const spec of this.#specs) {
      for (const address of this.#names?.addressesOf(spec.address) ?? []) {
        const key = endpointKey(address, spec);
        const endpoint = this.#endpoints.get(key) ?? this.#createEndpoint(address, spec);
        endpoint.weight = spec.weight;
        endpoint.zone = spec.zone;
        endpoint.state = spec.state;
        next.set(key, endpoint);
      }
    }
    for (const [key, endpoint] of this.#endpoints) if (!next.has(key)) endpoint.leave();
    this.#endpoints = next;
    this.#balance();
  }

  /** Has requests go to what serves and can be reached; where nothing can, all are tried. */
  #balance(): void {
    const serves = serving([...this.#endpoints.values()]);
    const reachable = serves.filter(({ reach }) => reach.reachable);
    this.#balancer.update(reachable.length > 0 ? reachable : serves);
    this.#due = serves.filter(({ reach }) => reach.due);
  }

  #createEndpoint(address: string, spec: EndpointSpec): Endpoint {
    const mesh = meshOf(spec);
    const hop = this.#mesh === null ? null : this.#mesh.hopTo(mesh, this.service);
    const Pool = this.#pools.of(mesh === null || this.#mesh === null ? this.#resource.protocol : 'http2');
    const dialing = this.#dialing;
    const reach = new Reach(this.clock, () => this.#balance());
    const createPool = (dial: Dial): UpstreamPool => new Pool(dial, this.load, reach, this.clock, mesh !== null);
    const pool =
      mesh === null && dialing.introduces
        ? new IntroducedPool((client) => createPool(dialing.http(address, spec.port, client)))
        : createPool(this.#dialEndpoint(address, spec));
    return new Endpoint(address, spec, pool, reach, hop);
  }

  #dialEndpoint(address: string, spec: EndpointSpec): Dial {
    const mesh = meshOf(spec);
    if (mesh === null) return this.#dialing.http(address, spec.port, null);
    if (this.#mesh === null) return dialInVain('this proxy is no part of the mesh', 'handshake');
    return this.#mesh.dial(address, spec.port, mesh, this.service);
  }
}

/** Whether connections of one may be used for the other. */
const connectsAlike = (a: ClusterResource, b: ClusterResource): boolean =>
  a.protocol === b.protocol && a.proxyProtocol === b.proxyProtocol && JSON.stringify(a.tls) === JSON.stringify(b.tls);

/** What an endpoint is known by while it stays the same: another sidecar is another peer. */
const endpointKey = (address: string, spec: EndpointSpec): string => {
  const mesh = meshOf(spec);
  const label = endpointLabel(address, spec.port);
  return mesh === null ? label : `${label} ${mesh.port} ${mesh.principal}`;
};

/** Those that are ready; where none is, those that are leaving are better than nothing. */
const serving = (endpoints: readonly Endpoint[]): readonly Endpoint[] => {
  const ready = endpoints.filter((endpoint) => endpoint.state === 'ready');
  return ready.length > 0 ? ready : endpoints;
};
