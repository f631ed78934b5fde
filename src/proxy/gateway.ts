import { setTimeout } from 'node:timers/promises';
import { ProxyError } from '#errors/proxy-error.ts';
import { Fields } from '#http/fields.ts';
import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { AccessLog } from '#telemetry/access-log.ts';
import type { RequestMetrics } from '#telemetry/request-metrics.ts';
import { Clock } from '#transport/clock.ts';
import { TICKET_MEMORY_BYTES } from '#transport/ticket-memory.ts';
import { DEFAULT_DOWNSTREAM_LIMITS, type DownstreamLimits } from './downstream/limits.ts';
import type { Answer } from './exchange/answer.ts';
import { ExchangePath, mayUpgrade } from './exchange-path.ts';
import type { Exchange, ExchangeEntry } from './exchange/exchange.ts';
import { PolicyRegistry } from './filters/authorization/policy-registry.ts';
import { FilterChains } from './filters/filter-chains.ts';
import { ForwardingFields } from './filters/forwarding/forwarding-fields.ts';
import { ListenerSet, type ApplyReport, type BoundAddress } from './listener-set.ts';
import type { MeshCaller } from './mesh/mesh-caller.ts';
import { routeExchange, type ListenerTable } from './routing/listener-table.ts';
import { ThreadTls } from './thread-tls.ts';
import { ClusterRegistry, type ClusterActivity } from './upstream/cluster-registry.ts';

export interface GatewayOptions {
  /** Whether other threads accept on the same ports, so that each binds them shared. */
  readonly shared: boolean;
  readonly metrics: RequestMetrics;
  readonly accessLog: AccessLog;
  /** Blocks of addresses (CIDR) whose forwarding fields are believed. */
  readonly trustedProxies: readonly string[];
  /** @defaultValue {@link DEFAULT_DOWNSTREAM_LIMITS} */
  readonly limits?: DownstreamLimits;
  /** Told in one sentence of what an operator should know. @defaultValue standard error */
  readonly warn?: (message: string) => void;
  /** {@link TICKET_MEMORY_BYTES} octets that all threads share, so that clients may take up sessions on any of them. */
  readonly ticketMemory?: SharedArrayBuffer;
  /** Makes this gateway a member of a mesh; given in, because it brings TLS into memory. @defaultValue endpoints with sidecars are not reached */
  readonly joinMesh?: (clock: Clock) => MeshCaller;
}

/** What a gateway has under way. */
export interface GatewayActivity {
  /** Connections of clients. */
  readonly sessions: number;
  /** Deadlines that are set. */
  readonly timers: number;
  readonly clusters: readonly ClusterActivity[];
}

/** How long a change waits for host names that are new in it. */
const NAMES_TIMEOUT_MS = 2_000;

/** The edge: accepts requests from outside and routes them to backends. One per thread. */
export class Gateway {
  readonly #clock = new Clock();
  readonly #listeners: ListenerSet;
  readonly #clusters: ClusterRegistry;
  readonly #tls: ThreadTls;
  readonly #policies: PolicyRegistry;
  readonly #mesh: MeshCaller | null;

  /** @throws RangeError where a trusted proxy is not a block of addresses */
  constructor(options: GatewayOptions) {
    const { metrics, shared } = options;
    const exchangePath = new ExchangePath(options, this.#clock);
    this.#mesh = options.joinMesh?.(this.#clock) ?? null;
    const path = new GatewayPath(options, exchangePath, this.#mesh);
    this.#tls = new ThreadTls(options.ticketMemory ?? new SharedArrayBuffer(TICKET_MEMORY_BYTES));
    this.#clusters = new ClusterRegistry({
      clock: this.#clock,
      outcome: exchangePath,
      metrics,
      tls: this.#tls,
      mesh: this.#mesh?.upstream ?? null,
    });
    this.#mesh?.renew(this.#clusters);
    metrics.watchCertificates(() => this.#listeners.certificateExpiries());
    const slot = (cluster: string) => this.#clusters.slot(cluster);
    this.#policies = new PolicyRegistry((...labels) => metrics.authorization(...labels));
    const chains = new FilterChains({ slot, policies: this.#policies });
    this.#listeners = new ListenerSet({
      shared,
      clock: this.#clock,
      limits: options.limits ?? DEFAULT_DOWNSTREAM_LIMITS,
      metrics,
      createEntry: (table) => path.createEntry(table),
      warn: options.warn ?? ((message) => void process.stderr.write(`selvage: ${message}\n`)),
      tls: this.#tls,
      recordStream: (record) => {
        metrics.streams.record(record);
        options.accessLog.recordStream(record);
      },
      policies: this.#policies,
      rules: {
        slot,
        compileRuleFilters: (specs) => chains.compileRuleFilters(specs),
        compileBackendFilters: (specs, cluster) => chains.compileBackendFilters(specs, cluster),
      },
    });
  }

  /** What is bound now. */
  get bound(): readonly BoundAddress[] {
    return this.#listeners.bound;
  }

  /** What is under way now, for whoever operates or tests this. */
  get activity(): GatewayActivity {
    return { sessions: this.#listeners.sessionCount, timers: this.#clock.timers, clusters: this.#clusters.activity };
  }

  /**
   * Goes over to what the delta leads to. Requests under way keep what they have. What cannot be done is reported, and
   * nothing else suffers from it. Not to be called again before it has returned.
   */
  async apply(delta: SnapshotDelta): Promise<ApplyReport> {
    const changedCertificates = await this.#tls.take(delta);
    // Clusters come before the routes that lead to them, and go after.
    for (const resource of delta.upserts) {
      if (resource.type === 'cluster') await this.#clusters.put(resource);
      else if (resource.type === 'endpoints') this.#clusters.putEndpoints(resource);
      else if (resource.type === 'authorization') this.#policies.put(resource);
    }
    this.#clusters.certificatesChanged(changedCertificates);
    // Routes that lead to host names wait for their addresses, or the first requests would find no endpoint.
    await Promise.race([this.#clusters.named(), setTimeout(NAMES_TIMEOUT_MS, undefined, { ref: false })]);
    const report = await this.#listeners.apply(delta);
    for (const key of delta.removals) {
      if (key.startsWith('cluster ')) this.#clusters.remove(key.slice('cluster '.length));
      else if (key.startsWith('endpoints ')) this.#clusters.removeEndpoints(key.slice('endpoints '.length));
      else if (key.startsWith('authorization ')) this.#policies.remove(key.slice('authorization '.length));
    }
    return report;
  }

  /** Accepts nothing new and finishes what is open. @returns when the last connection has gone */
  async drain(): Promise<void> {
    await this.#listeners.drain();
    this.destroy();
  }

  /** Closes everything at once. */
  destroy(): void {
    this.#listeners.destroy();
    this.#clusters.destroy();
    this.#mesh?.close();
    this.#clock.stop();
  }
}

/** The way of a request through the gateway: the stages, in their order. */
class GatewayPath {
  readonly #forwardingFields: ForwardingFields;
  readonly #path: ExchangePath;
  readonly #mesh: MeshCaller | null;

  constructor(options: GatewayOptions, path: ExchangePath, mesh: MeshCaller | null) {
    this.#forwardingFields = new ForwardingFields(options.trustedProxies);
    this.#path = path;
    this.#mesh = mesh;
  }

  /** Makes what the sessions of one acceptor hand their exchanges to. @param table what it serves, as of now */
  createEntry(table: () => ListenerTable): ExchangeEntry {
    return this.#path.createEntry({
      identify: (exchange) => {
        this.#forwardingFields.onRequest(exchange);
        if (this.#mesh !== null) exchange.hop = this.#mesh.unplaced;
      },
      route: (exchange) => this.#route(exchange, table()),
    });
  }

  #route(exchange: Exchange, table: ListenerTable): void {
    const request = exchange.request;
    if (request.method === 'CONNECT' || request.method === 'TRACE') {
      // CONNECT would make this an open proxy; TRACE shows a script what the browser keeps from it (RFC 9110 §9.3.8).
      this.#path.refuse(exchange, new ProxyError('method_not_supported', 'downstream', 'stream'));
      return;
    }
    if (request.path === '*') {
      this.#path.answer(exchange, SERVER_OPTIONS); // asks about the server as a whole (RFC 9110 §9.3.7), which is this one
      return;
    }
    if (!mayUpgrade(exchange)) request.upgrade = '';
    const routed = routeExchange(table, exchange);
    if (isMisdirected(exchange)) {
      this.#path.refuse(exchange, new ProxyError('misdirected_request', 'downstream', 'stream'));
      return;
    }
    if (!routed) {
      // Who may not come in at all is not told what there is to find.
      const denial = exchange.listener?.authorization?.authorize(exchange);
      if (denial !== undefined) this.#path.answer(exchange, denial);
      else this.#path.refuse(exchange, new ProxyError('route_not_found', 'local', 'stream'));
      return;
    }
    this.#path.follow(exchange);
  }
}

/**
 * Whether a request belongs to another listener than its connection, which what was asked of the client in the handshake
 * was for. Clients reuse connections for host names that a certificate shares; 421 tells them to make another one
 * (RFC 9110 §15.5.20).
 */
const isMisdirected = ({ listener, peer: { tls } }: Exchange): boolean =>
  tls !== null && listener !== null && listener.name !== tls.listener && (tls.serverName !== '' || tls.isolated);

const SERVER_OPTIONS: Answer = Object.freeze({ status: 204, fields: new Fields(), body: null });
