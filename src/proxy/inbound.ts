import { ProxyError } from '#errors/proxy-error.ts';
import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { WorkloadPort, WorkloadResource } from '#model/snapshot/workload.ts';
import type { AccessLog } from '#telemetry/access-log.ts';
import type { ConnectionCounts, RequestMetrics } from '#telemetry/request-metrics.ts';
import { Clock } from '#transport/clock.ts';
import { NOBODY, type Connection, type ConnectionObserver } from '#transport/connection.ts';
import { TICKET_MEMORY_BYTES } from '#transport/ticket-memory.ts';
import { Acceptor } from './downstream/acceptor.ts';
import { ConnectionPeer } from './downstream/connection-peer.ts';
import { HandshakeFailures } from './downstream/handshake-failures.ts';
import { HttpSessions } from './downstream/http-sessions.ts';
import type { DownstreamLimits } from './downstream/limits.ts';
import type { StreamPlace } from './downstream/stream-session.ts';
import { StreamSessions } from './downstream/stream-sessions.ts';
import { TlsAdmission } from './downstream/tls-admission.ts';
import { ExchangePath, mayUpgrade } from './exchange-path.ts';
import type { Exchange, ExchangeEntry } from './exchange/exchange.ts';
import { PolicyRegistry } from './filters/authorization/policy-registry.ts';
import { FilterChains } from './filters/filter-chains.ts';
import { Callers, type Caller } from './mesh/callers.ts';
import { identifyInMesh } from './mesh/mesh-fields.ts';
import { createMeshLimits } from './mesh/mesh-limits.ts';
import type { MeshIdentity } from './mesh/mesh-identity.ts';
import { MeshTls } from './mesh/mesh-tls.ts';
import { PlainAdmission } from './mesh/plain-admission.ts';
import { PlainAcceptor, type OpenPlainListener, type PlainListener } from './mesh/plain-listener.ts';
import { ServedPort } from './mesh/served-port.ts';
import { ThreadTls } from './thread-tls.ts';
import { ClusterRegistry } from './upstream/cluster-registry.ts';
import type { GatewayActivity } from './gateway.ts';
import type { ForwardOutcome } from './upstream/owning-cluster.ts';

export interface InboundOptions {
  readonly identity: MeshIdentity;
  readonly metrics: RequestMetrics;
  readonly accessLog: AccessLog;
  /** Where other sidecars connect. @defaultValue all addresses of the machine */
  readonly address?: string;
  /** 0 lets the system choose. @defaultValue 15008 */
  readonly port?: number;
  /** Where peers outside of the mesh connect from the start; see {@link Inbound.servePlain} for later ones. */
  readonly plain?: readonly PlainListener[];
  /** Where the application listens. @defaultValue 127.0.0.1 */
  readonly applicationAddress?: string;
  /** @defaultValue {@link createMeshLimits} */
  readonly limits?: DownstreamLimits;
  /** Told in one sentence of what an operator should know. @defaultValue standard error */
  readonly warn?: (message: string) => void;
}

/** Where a mesh's sidecars accept connections. */
export const MESH_PORT = 15_008;

/**
 * The sidecar of a workload, towards those who call it: takes requests of verified peers and hands them to the
 * application. One per thread; it owns neither the process nor the application.
 */
export class Inbound {
  readonly #limits: DownstreamLimits;
  readonly #clock = new Clock();
  readonly #options: InboundOptions;
  readonly #tls: MeshTls;
  readonly #clusters: ClusterRegistry;
  readonly #policies: PolicyRegistry;
  readonly #chains: FilterChains;
  readonly #path: ExchangePath;
  readonly #callers: Callers;
  readonly #failures: HandshakeFailures;
  readonly #acceptor: Acceptor;
  readonly #plain: PlainAcceptor[];
  #isClosing = false;
  #workload = '';
  #ports: ReadonlyMap<number, ServedPort> = new Map();

  constructor(options: InboundOptions) {
    const { metrics, identity } = options;
    const port = options.port ?? MESH_PORT;
    this.#options = options;
    this.#limits = options.limits ?? createMeshLimits();
    this.#path = new ExchangePath(options, this.#clock);
    this.#tls = new MeshTls(identity, this.#clock, new SharedArrayBuffer(TICKET_MEMORY_BYTES));
    const tls = new ThreadTls(new SharedArrayBuffer(TICKET_MEMORY_BYTES));
    this.#clusters = new ClusterRegistry({ clock: this.#clock, outcome: this.#outcome, metrics, tls });
    this.#policies = new PolicyRegistry((...labels) => metrics.authorization(...labels));
    const slot = (cluster: string) => this.#clusters.slot(cluster);
    this.#chains = new FilterChains({ slot, policies: this.#policies });
    this.#callers = new Callers(this.#tls);
    this.#failures = new HandshakeFailures(
      port,
      options.warn ?? ((message) => void process.stderr.write(`selvage: ${message}\n`)),
    );
    this.#acceptor = this.#createMeshAcceptor(options.address ?? '', port);
    this.#plain = (options.plain ?? []).map((listener) => this.#createPlainAcceptor(listener));
  }

  /** @throws {BindError} (rejects) where the system refuses */
  async open(): Promise<void> {
    await Promise.all([this.#acceptor, ...this.#plain].map((acceptor) => acceptor.open()));
  }

  /**
   * Accepts peers outside of the mesh at one more address, for one port of the application. What is declared for that
   * port says at any time what becomes of them: a `STRICT` one refuses all but the probes of its exempt paths.
   *
   * @throws {BindError} (rejects) where the system refuses
   */
  async servePlain(listener: PlainListener): Promise<OpenPlainListener> {
    const acceptor = this.#createPlainAcceptor(listener);
    await acceptor.open();
    if (this.#isClosing) acceptor.destroy();
    this.#plain.push(acceptor);
    return acceptor;
  }

  /** The bound port for other sidecars. */
  get port(): number {
    return this.#acceptor.port;
  }

  /** The bound ports of the plain listeners, in the order in which they were opened. */
  get plainPorts(): readonly number[] {
    return this.#plain.map((acceptor) => acceptor.port);
  }

  /** What is under way now, for whoever operates or tests this. */
  get activity(): GatewayActivity {
    const sessions = [this.#acceptor, ...this.#plain].reduce((sum, acceptor) => sum + acceptor.sessionCount, 0);
    return { sessions, timers: this.#clock.timers, clusters: this.#clusters.activity };
  }

  /** Goes over to what the delta says of the workload. Requests under way keep what they have. */
  async apply(delta: SnapshotDelta): Promise<void> {
    for (const resource of delta.upserts) if (resource.type === 'authorization') this.#policies.put(resource);
    for (const resource of delta.upserts) if (resource.type === 'workload') await this.#serve(resource);
    for (const key of delta.removals) {
      if (key === `workload ${this.#workload}`) this.#leave(new Map());
      else if (key.startsWith('authorization ')) this.#policies.remove(key.slice('authorization '.length));
    }
  }

  /** Accepts nothing new and finishes what is open. @returns when the last connection has gone */
  async drain(): Promise<void> {
    this.#isClosing = true;
    await Promise.all([this.#acceptor, ...this.#plain].map((acceptor) => acceptor.drain()));
    this.destroy();
  }

  /** Closes everything at once. */
  destroy(): void {
    this.#isClosing = true;
    for (const acceptor of [this.#acceptor, ...this.#plain]) acceptor.destroy();
    this.#clusters.destroy();
    this.#tls.close();
    this.#clock.stop();
  }

  // ── what is served ──

  async #serve(workload: WorkloadResource): Promise<void> {
    const ports = new Map<number, ServedPort>();
    for (const port of workload.ports) {
      const cluster = applicationCluster(port);
      await this.#clusters.put(cluster);
      this.#clusters.putEndpoints({
        type: 'endpoints',
        name: cluster.name,
        version: '',
        endpoints: [
          {
            address: this.#options.applicationAddress ?? '127.0.0.1',
            port: port.port,
            weight: 1,
            zone: '',
            state: 'ready',
            mesh: null,
          },
        ],
      });
      const filters = this.#chains.compileRuleFilters(port.filters);
      const streams = this.#chains.compileStreamAuthorization(port.filters);
      const slot = this.#clusters.slot(cluster.name);
      ports.set(port.port, new ServedPort(workload.name, port, slot, { filters, streams }));
    }
    this.#workload = workload.name;
    this.#leave(ports);
  }

  /** Serves these ports alone. */
  #leave(ports: ReadonlyMap<number, ServedPort>): void {
    for (const port of this.#ports.values()) {
      if (ports.has(port.port)) continue;
      this.#clusters.removeEndpoints(port.cluster);
      this.#clusters.remove(port.cluster);
    }
    for (const acceptor of this.#plain)
      if (this.#ports.get(acceptor.target)?.permissive === true && ports.get(acceptor.target)?.permissive !== true)
        acceptor.restrict();
    this.#ports = ports;
    this.#callers.forget();
  }

  // ── connections ──

  #createMeshAcceptor(address: string, port: number): Acceptor {
    const connections = this.#options.metrics.downstream(port);
    const http = this.#createHttp(port, (exchange) => this.#callers.of(exchange.peer, this.#ports));
    const admission = new TlsAdmission(this.#tls.accept, connections, this.#failures, (connection, sessions) => {
      const refusal = this.#callers.refusal(connection, this.#ports);
      if (refusal === '') return http.begin(connection, sessions);
      connections.failed();
      connections.closed();
      this.#failures.add(refusal);
      return dismiss(connection);
    });
    return new Acceptor({ address, port, shared: false, admission });
  }

  #createPlainAcceptor(listener: PlainListener): PlainAcceptor {
    const { target } = listener;
    const connections = this.#options.metrics.downstream(target);
    const http = this.#createHttp(target, () => this.#callers.stranger(this.#ports.get(target) ?? null));
    const streams = this.#createPlainStreams(target, connections);
    const isOpaque = (): boolean => this.#ports.get(target)?.opaque ?? false;
    const admission = new PlainAdmission({ http, streams, connections, isOpaque });
    return new PlainAcceptor(listener, admission, (gone) => this.#plain.splice(this.#plain.indexOf(gone), 1));
  }

  #createPlainStreams(target: number, connections: ConnectionCounts): StreamSessions {
    const { metrics, accessLog } = this.#options;
    return new StreamSessions({
      clock: this.#clock,
      limits: () => this.#limits,
      connections,
      place: (serverName, connection) => this.#placePlain(target, serverName, connection),
      record: (record) => {
        metrics.streams.record(record);
        accessLog.recordStream(record);
      },
    });
  }

  #createHttp(port: number, callerOf: (exchange: Exchange) => Caller | null): HttpSessions {
    const connections = this.#options.metrics.downstream(port);
    return new HttpSessions({
      entry: this.#createEntry(callerOf),
      clock: this.#clock,
      limits: () => this.#limits,
      connections,
    });
  }

  // ── the way of a request: the stages, in their order ──

  #createEntry(callerOf: (exchange: Exchange) => Caller | null): ExchangeEntry {
    return this.#path.createEntry({
      identify: (exchange) => {
        const caller = callerOf(exchange);
        identifyInMesh(exchange, caller === null ? '' : caller.certificateField);
        if (caller === null) return;
        exchange.hop = caller.hop;
        exchange.listener = caller.port.listener;
        exchange.rule = caller.rule;
      },
      route: (exchange) => this.#route(exchange, callerOf(exchange)),
    });
  }

  readonly #outcome: ForwardOutcome = {
    responded: (exchange, head, complete) => this.#path.responded(exchange, head, complete),
    failed: (exchange, error) => {
      // The caller's sidecar may try another endpoint, where it is told that this application has seen nothing of it: by
      // REFUSED_STREAM (RFC 9113 §8.7), which no answer says.
      const unseen = error.retry === 'always' && exchange.phase === 'request';
      if (!unseen || exchange.request.version !== 20 || exchange.peer.tls === null)
        return this.#path.failed(exchange, error);
      exchange.error = error;
      exchange.downstream.abort(error);
    },
  };

  #route(exchange: Exchange, caller: Caller | null): void {
    if (caller === null) {
      this.#path.refuse(exchange, new ProxyError('route_not_found', 'local', 'stream'));
      return;
    }
    const { port } = caller;
    const { method } = exchange.request;
    // A byte stream to a port whose requests are judged would pass the judgement by.
    if (method === 'TRACE' || (method === 'CONNECT') !== port.opaque) {
      this.#path.refuse(exchange, new ProxyError('method_not_supported', 'downstream', 'stream'));
      return;
    }
    if (caller.verified && this.#options.identity.current === undefined) {
      // Whoever connected before it ended is not to go on with nobody; another endpoint may serve.
      const cause = 'the identity of this workload has ended';
      this.#outcome.failed(
        exchange,
        new ProxyError('upstream_tls_failed', 'local', 'stream', { retry: 'always', cause }),
      );
      return;
    }
    if (exchange.startedAt > caller.expiresAt) {
      const cause = 'the certificate of the peer has expired since it connected';
      this.#path.refuse(exchange, new ProxyError('access_denied', 'local', 'stream', { cause }));
      return;
    }
    if (!caller.verified && port.isExempt(exchange.request)) {
      // A probe asks and is answered: behind another protocol there would be requests that nobody judges.
      exchange.request.upgrade = '';
      this.#path.forward(exchange);
    } else if (caller.verified || port.permissive) {
      if (!mayUpgrade(exchange)) exchange.request.upgrade = '';
      this.#path.follow(exchange);
    } else this.#path.refuse(exchange, createStrictRefusal());
  }

  /** Where a byte stream of somebody outside of the mesh goes. */
  #placePlain(target: number, serverName: string, connection: Connection): StreamPlace {
    const caller = this.#callers.stranger(this.#ports.get(target) ?? null);
    if (caller === null) return { listener: null, route: null, serverName };
    const { port, hop } = caller;
    const place = { listener: port.listener, route: port.stream, serverName, hop };
    if (!port.permissive) return { ...place, refusal: createStrictRefusal() };
    const authorization = port.streamAuthorization?.judge(new ConnectionPeer(connection), port.port) ?? null;
    return { ...place, refusal: authorization?.error ?? null, authorization };
  }
}

const createStrictRefusal = (): ProxyError =>
  new ProxyError('access_denied', 'local', 'stream', { cause: 'the port takes mutual TLS alone' });

const dismiss = (connection: Connection): ConnectionObserver => {
  connection.destroy();
  return NOBODY;
};

/** The application, as a backend: nothing is limited, since whoever calls has limits of its own. */
const applicationCluster = ({ port, protocol }: WorkloadPort): ClusterResource => ({
  type: 'cluster',
  name: `inbound/${port}`,
  version: '',
  protocol: protocol === 'http2' ? 'http2' : 'http1',
  tls: null,
  proxyProtocol: 0,
  loadBalancing: 'RoundRobin',
  connectTimeoutMs: 1_000,
  limits: { connections: 65_536, pendingRequests: 65_536, requests: 65_536 },
  dns: { refreshIntervalMs: 60_000, ipFamily: 'Any' },
  service: { name: '', namespace: '' },
});
