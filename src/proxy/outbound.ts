import { setTimeout } from 'node:timers/promises';
import { ProxyError } from '#errors/proxy-error.ts';
import { portOf } from '#http/authority.ts';
import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { AccessLog } from '#telemetry/access-log.ts';
import type { ConnectionCounts, RequestMetrics } from '#telemetry/request-metrics.ts';
import type { StreamRecord } from '#telemetry/stream-record.ts';
import { Clock } from '#transport/clock.ts';
import { TICKET_MEMORY_BYTES } from '#transport/ticket-memory.ts';
import { Acceptor } from './downstream/acceptor.ts';
import { HttpAdmission } from './downstream/http-admission.ts';
import { HttpSessions } from './downstream/http-sessions.ts';
import { DEFAULT_DOWNSTREAM_LIMITS, type DownstreamLimits } from './downstream/limits.ts';
import { SessionSet } from './downstream/session.ts';
import { ExchangePath, mayUpgrade } from './exchange-path.ts';
import type { Exchange } from './exchange/exchange.ts';
import { PolicyRegistry } from './filters/authorization/policy-registry.ts';
import { FilterChains } from './filters/filter-chains.ts';
import type { GatewayActivity } from './gateway.ts';
import { addressOf, Egress, refuseSecureTarget } from './mesh/egress.ts';
import { serveInside } from './mesh/inside-tunnel.ts';
import { MeshCaller } from './mesh/mesh-caller.ts';
import { identifyInMesh } from './mesh/mesh-fields.ts';
import type { MeshIdentity } from './mesh/mesh-identity.ts';
import { Passthrough } from './mesh/passthrough.ts';
import { routeToService, ServiceDirectory, type CalledPort } from './mesh/service-directory.ts';
import { StreamEntrance } from './mesh/stream-entrance.ts';
import { ThreadTls } from './thread-tls.ts';
import { ClusterRegistry } from './upstream/cluster-registry.ts';

export interface OutboundOptions {
  readonly identity: MeshIdentity;
  readonly metrics: RequestMetrics;
  readonly accessLog: AccessLog;
  /** Where the application finds an HTTP proxy; null for none. */
  readonly proxy: { readonly address: string; readonly port: number } | null;
  /** Local addresses that stand for services from the start; {@link Outbound.capture} adds more. */
  readonly captures?: readonly Capture[];
  /**
   * Asked for hosts that are of no service so far: whether they are of one that is only to be found out about.
   * @returns settles, never rejecting, when what there is was applied; null where nothing is to be waited for
   */
  readonly discover?: (authority: string) => Promise<void> | null;
  /** Whether a host is named as a service is, and it could not be found out whether it is one. @defaultValue never */
  readonly mayBeService?: (authority: string) => boolean;
  /** @defaultValue {@link DEFAULT_DOWNSTREAM_LIMITS} */
  readonly limits?: DownstreamLimits;
}

/** A local address that stands for one port of a service: whatever is sent there is for that, whichever host it names. */
export interface Capture {
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** `<namespace>/<name>`. */
  readonly service: string;
  readonly servicePort: number;
  readonly protocol: 'http' | 'tcp';
}

/** A capture that accepts connections. */
export interface RunningCapture {
  /** The bound port. */
  readonly port: number;
  /** Accepts nothing new and finishes what is open. @returns when the last connection has gone */
  release(): Promise<void>;
}

/** Where requests of one listener go. */
interface RequestWay {
  /** @returns null where a request is for no port that is known */
  find(exchange: Exchange): CalledPort | null;
  /** Has such a request answered. */
  otherwise(exchange: Exchange): void;
}

/** How long a change waits for host names that are new in it. */
const NAMES_TIMEOUT_MS = 2_000;
const HTTP_PORT = 80;

/**
 * The sidecar of a workload, towards those whom it calls: takes what the application asks for and brings it to an
 * endpoint of the service, over mutual TLS where that has a sidecar. One per thread; it owns neither the process nor
 * the application.
 */
export class Outbound {
  readonly #clock = new Clock();
  readonly #options: OutboundOptions;
  readonly #mesh: MeshCaller;
  readonly #threadTls = new ThreadTls(new SharedArrayBuffer(TICKET_MEMORY_BYTES));
  readonly #clusters: ClusterRegistry;
  readonly #policies: PolicyRegistry;
  readonly #services: ServiceDirectory;
  readonly #passthrough: Passthrough;
  readonly #path: ExchangePath;
  readonly #proxy: Acceptor | null;
  readonly #captures: Set<Acceptor>;
  /** Of connections inside of tunnels of others. */
  readonly #insideTunnels = new SessionSet();
  readonly #egress = new Egress();
  #isDestroyed = false;

  constructor(options: OutboundOptions) {
    const { metrics, identity, proxy } = options;
    this.#options = options;
    this.#path = new ExchangePath(options, this.#clock);
    this.#mesh = new MeshCaller(identity, this.#clock);
    this.#clusters = new ClusterRegistry({
      clock: this.#clock,
      outcome: this.#path,
      metrics,
      tls: this.#threadTls,
      mesh: this.#mesh.upstream,
    });
    this.#mesh.renew(this.#clusters);
    const slot = (cluster: string) => this.#clusters.slot(cluster);
    this.#policies = new PolicyRegistry((...labels) => metrics.authorization(...labels));
    const chains = new FilterChains({ slot, policies: this.#policies });
    this.#services = new ServiceDirectory({
      slot,
      compileRuleFilters: (specs) => chains.compileRuleFilters(specs),
      compileBackendFilters: (specs, cluster) => chains.compileBackendFilters(specs, cluster),
    });
    this.#passthrough = new Passthrough((resource) => this.#clusters.createUnlisted(resource));
    this.#proxy = proxy === null ? null : this.#createProxy(proxy);
    this.#captures = new Set((options.captures ?? []).map((capture) => this.#createCapture(capture)));
  }

  /** @throws {BindError} (rejects) where the system refuses */
  async open(): Promise<void> {
    await this.#clusters.load('http2');
    await Promise.all(this.#acceptors.map((acceptor) => acceptor.open()));
  }

  /** The bound port of the HTTP proxy; 0 where there is none. */
  get proxyPort(): number {
    return this.#proxy === null ? 0 : this.#proxy.port;
  }

  /** The bound ports of the captures, in their order. */
  get capturePorts(): readonly number[] {
    return Array.from(this.#captures, (acceptor) => acceptor.port);
  }

  /**
   * Has a local address stand for one port of a service, from now on. What the service is may become known later, and
   * change: each request and byte stream goes where it leads then.
   *
   * @throws {BindError} (rejects) where the system refuses
   */
  async capture(capture: Capture): Promise<RunningCapture> {
    const acceptor = this.#createCapture(capture);
    await acceptor.open();
    // Whoever destroyed this meanwhile did not know of it.
    if (this.#isDestroyed) acceptor.destroy();
    else this.#captures.add(acceptor);
    const release = async (): Promise<void> => {
      await acceptor.drain();
      this.#captures.delete(acceptor);
    };
    return { port: acceptor.port, release };
  }

  /** What is under way now, for whoever operates or tests this. */
  get activity(): GatewayActivity {
    const sessions = this.#acceptors.reduce((sum, acceptor) => sum + acceptor.sessionCount, 0);
    return { sessions, timers: this.#clock.timers, clusters: this.#clusters.activity };
  }

  /** Goes over to what the delta leads to. Requests under way keep what they have. */
  async apply(delta: SnapshotDelta): Promise<void> {
    const changedCertificates = await this.#threadTls.take(delta);
    for (const resource of delta.upserts) {
      if (resource.type === 'cluster') await this.#clusters.put(resource);
      else if (resource.type === 'endpoints') this.#clusters.putEndpoints(resource);
      else if (resource.type === 'authorization') this.#policies.put(resource);
      else if (resource.type === 'workload') this.#egress.take(resource);
    }
    this.#clusters.certificatesChanged(changedCertificates);
    await Promise.race([this.#clusters.named(), setTimeout(NAMES_TIMEOUT_MS, undefined, { ref: false })]);
    this.#services.take(delta);
    for (const key of delta.removals) {
      if (key.startsWith('cluster ')) this.#clusters.remove(key.slice('cluster '.length));
      else if (key.startsWith('endpoints ')) this.#clusters.removeEndpoints(key.slice('endpoints '.length));
      else if (key.startsWith('authorization ')) this.#policies.remove(key.slice('authorization '.length));
    }
  }

  /** Accepts nothing new and finishes what is open. @returns when the last connection has gone */
  async drain(): Promise<void> {
    // Tunnels end when what is inside of them has.
    await Promise.all([this.#insideTunnels, ...this.#acceptors].map((one) => one.drain()));
    this.destroy();
  }

  /** Closes everything at once. */
  destroy(): void {
    this.#isDestroyed = true;
    for (const acceptor of this.#acceptors) acceptor.destroy();
    this.#clusters.destroy();
    this.#passthrough.destroy();
    this.#mesh.close();
    this.#clock.stop();
  }

  get #acceptors(): readonly Acceptor[] {
    return this.#proxy === null ? [...this.#captures] : [this.#proxy, ...this.#captures];
  }

  // ── connections of the application ──

  #createProxy({ address, port }: { readonly address: string; readonly port: number }): Acceptor {
    const connections = this.#options.metrics.downstream(port);
    return this.#createHttpAcceptor(address, port, connections, {
      find: (exchange) => this.#services.find(exchange.request.authority),
      otherwise: (exchange) => this.#discover(exchange),
    });
  }

  #createCapture({ address, port, service, servicePort, protocol }: Capture): Acceptor {
    const called = (): CalledPort | null => this.#services.at(service, servicePort);
    const connections = this.#options.metrics.downstream(servicePort);
    if (protocol === 'http') {
      // The host is whatever the application calls the service: nothing outside is meant by it.
      const otherwise = (exchange: Exchange): void =>
        this.#path.refuse(exchange, new ProxyError('route_not_found', 'local', 'stream'));
      return this.#createHttpAcceptor(address, port, connections, { find: called, otherwise });
    }
    const admission = this.#createStreamEntrance(connections, called);
    return new Acceptor({ address, port, shared: false, admission });
  }

  #createStreamEntrance(connections: ConnectionCounts, called: () => CalledPort | null): StreamEntrance {
    const { metrics, accessLog } = this.#options;
    const record = (stream: StreamRecord): void => {
      metrics.streams.record(stream);
      accessLog.recordStream(stream);
    };
    return new StreamEntrance({ clock: this.#clock, limits: () => this.#limits, connections, called, record });
  }

  #createHttpAcceptor(address: string, port: number, connections: ConnectionCounts, way: RequestWay): Acceptor {
    const admission = new HttpAdmission(this.#createHttp(connections, way), connections);
    return new Acceptor({ address, port, shared: false, admission });
  }

  #createHttp(connections: ConnectionCounts, way: RequestWay): HttpSessions {
    const entry = this.#path.createEntry({
      identify: (exchange) => {
        identifyInMesh(exchange, '');
        exchange.hop = this.#mesh.unplaced;
      },
      route: (exchange) => this.#route(exchange, way),
    });
    return new HttpSessions({ entry, clock: this.#clock, limits: () => this.#limits, connections });
  }

  get #limits(): DownstreamLimits {
    return this.#options.limits ?? DEFAULT_DOWNSTREAM_LIMITS;
  }

  // ── the way of a request: the stages, in their order ──

  #route(exchange: Exchange, way: RequestWay): void {
    const { request } = exchange;
    if (request.method === 'TRACE') {
      this.#path.refuse(exchange, new ProxyError('method_not_supported', 'downstream', 'stream'));
      return;
    }
    if (!mayUpgrade(exchange)) request.upgrade = '';
    const called = way.find(exchange);
    if (called === null) way.otherwise(exchange);
    else this.#enterMesh(exchange, called);
  }

  /** A service that is called for the first time is asked for now, so that a sidecar knows what it uses alone. */
  #discover(exchange: Exchange): void {
    const { authority } = exchange.request;
    const found = this.#options.discover?.(authority) ?? null;
    if (found === null) {
      this.#leaveMesh(exchange);
      return;
    }
    void found.then(() => {
      if (exchange.phase !== 'request') return;
      const called = this.#services.find(authority);
      if (called === null) this.#leaveMesh(exchange);
      else this.#enterMesh(exchange, called);
    });
  }

  #enterMesh(exchange: Exchange, called: CalledPort): void {
    const { request } = exchange;
    if (request.method === 'CONNECT') {
      this.#enterTunnel(exchange, called);
      return;
    }
    exchange.listener = called.listener;
    const misuse = called.outside ? refuseSecureTarget(request) : null;
    if (misuse !== null) this.#path.refuse(exchange, misuse);
    else if (called.opaque) this.#path.refuse(exchange, new ProxyError('method_not_supported', 'downstream', 'stream'));
    else if (routeToService(exchange, called)) this.#path.follow(exchange);
    else this.#path.refuse(exchange, new ProxyError('route_not_found', 'local', 'stream'));
  }

  /** What is in a tunnel is passed on as it is, unless routes go by what is in it. */
  #enterTunnel(exchange: Exchange, called: CalledPort): void {
    if (!called.opaque) this.#serveRequestsInside(exchange);
    else if (called.streams.asksNames) this.#serveStreamInside(exchange);
    else {
      exchange.listener = called.listener;
      exchange.rule = called.streams.findRule();
      if (exchange.rule === null) this.#path.refuse(exchange, new ProxyError('route_not_found', 'local', 'stream'));
      else this.#path.follow(exchange);
    }
  }

  /** A tunnel to a port whose connections are routed by the server name in their handshake. */
  #serveStreamInside(exchange: Exchange): void {
    const { authority } = exchange.request;
    const entrance = this.#createStreamEntrance(UNCOUNTED, () => this.#services.find(authority));
    serveInside(exchange, (connection) => entrance.begin(connection, this.#insideTunnels));
  }

  /** A tunnel to a port whose requests are routed: they are taken out of it. */
  #serveRequestsInside(exchange: Exchange): void {
    const { authority } = exchange.request;
    const http = this.#createHttp(UNCOUNTED, {
      find: () => this.#services.find(authority),
      otherwise: (inner) => this.#discover(inner),
    });
    serveInside(exchange, (connection) => http.begin(connection, this.#insideTunnels));
  }

  /** What no service of the mesh is: passed through as it is, or refused. */
  #leaveMesh(exchange: Exchange): void {
    const problem = this.#egress.problem(exchange, (service) => this.#services.knows(service));
    if (problem !== null) {
      this.#path.refuse(exchange, problem);
      return;
    }
    const { authority } = exchange.request;
    if (this.#options.mayBeService?.(authority) === true) {
      const cause = 'the host is named as a service is, and the control plane cannot be asked whether it is one';
      this.#path.refuse(exchange, new ProxyError('no_healthy_upstream', 'local', 'stream', { cause }));
      return;
    }
    const port = portOf(authority);
    void this.#passthrough.lead(exchange, addressOf(authority), port === -1 ? HTTP_PORT : port).then(() => {
      if (exchange.phase === 'request') this.#path.send(exchange);
    });
  }
}

/** Connections inside of tunnels: those that carry them are counted. */
const UNCOUNTED: ConnectionCounts = Object.freeze({ opened: () => {}, closed: () => {}, failed: () => {} });
