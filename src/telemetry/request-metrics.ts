import type { ExchangeRecord, MeshHop, MetricOwner, MetricScope } from './exchange-record.ts';
import { MetricRegistry, type Counter, type Gauge } from './metric-registry.ts';
import { FamilyBuilder, type FamilySnapshot, type MetricSnapshot } from './metric-snapshot.ts';
import { FLAGS, flagIndexOf, grpcStatusOf, statusOf } from './outcome.ts';
import { StreamMetrics } from './stream-metrics.ts';
import { IDLE_SERIES_MS, MAX_SERIES, OVERFLOW_ROW, SeriesStore } from './series-store.ts';
import {
  DURATION,
  OVERFLOW_LABELS,
  REQUEST_SIZE,
  RESPONSE_SIZE,
  RETRIES,
  ROW_COLUMNS,
  observe,
  requestKey,
  requestLabels,
  type RequestLabels,
} from './request-series.ts';

/** Listeners that one owner's scopes are kept for; a reload may rename listeners for ever. */
const MAX_LISTENERS_PER_OWNER = 16;

/** The rows of one owner at one listener: a rule that is attached to several listeners has a chain of these. */
class OwnerScope implements MetricScope {
  readonly series = new Map<number, number>();
  readonly listener: string;
  /** Of the mesh, since the endpoints of one backend may be different workloads; null outside. */
  readonly hop: MeshHop | null;
  /** Of the store, when the rows were looked up. */
  readonly epoch: number;
  readonly next: OwnerScope | null;
  readonly depth: number;
  /** The last row used: nearly all exchanges of an owner end alike. */
  lastKey = -1;
  lastRow = 0;

  constructor(listener: string, hop: MeshHop | null, epoch: number, next: OwnerScope | null) {
    this.listener = listener;
    this.hop = hop;
    this.epoch = epoch;
    this.next = next;
    this.depth = next === null ? 1 : next.depth + 1;
  }
}

/** What is counted of the connections of one acceptor, or to one cluster. */
export interface ConnectionCounts {
  opened(): void;
  /** Called once for each {@link opened}. */
  closed(): void;
  /** It was not opened at all. */
  failed(): void;
}

/**
 * Counts exchanges and connections of one thread. An exchange costs a look-up by (status, flag) at the thing that its
 * series hang on, and a few additions: no text, no allocation.
 */
export class RequestMetrics {
  readonly #nowMs: () => number;
  readonly #rows: SeriesStore<RequestLabels>;
  readonly #registry: MetricRegistry;
  readonly #overflow: Counter;
  /** Of connections that are passed on as they are. */
  readonly streams: StreamMetrics;
  /** Owns what no listener took, so that nothing is made for each connection. */
  readonly #unrouted: MetricOwner = { metricScope: null };

  /**
   * @param options `maxSeries`: distinct outcomes (rule, backend, listener, status, flag) counted apart; further ones
   * count together in the series `overflow`. `nowMs`: a monotonic clock
   */
  constructor(options: { readonly maxSeries?: number; readonly nowMs?: () => number } = {}) {
    this.#nowMs = options.nowMs ?? (() => performance.now());
    this.#rows = new SeriesStore(ROW_COLUMNS, OVERFLOW_LABELS, {
      capacity: options.maxSeries ?? MAX_SERIES,
      idleWhen: 'zero',
    });
    this.#registry = new MetricRegistry(this.#nowMs);
    this.streams = new StreamMetrics(this.#registry);
    this.#overflow = this.#registry.counter('selvage_metric_overflow_total');
  }

  /** Counts an exchange that has ended. */
  record(record: ExchangeRecord): void {
    const at = this.#rowOf(record) * ROW_COLUMNS;
    const values = this.#rows.values;
    observe(values, at + DURATION, record.endedAt - record.startedAt);
    observe(values, at + REQUEST_SIZE, record.requestBytes);
    observe(values, at + RESPONSE_SIZE, record.responseBytes);
    if (record.attempts > 1) values[at + RETRIES]! += record.attempts - 1;
  }

  /** @param port that clients connect to @returns what to count its connections with; may be kept */
  downstream(port: number): ConnectionCounts {
    return this.#connectionCounts('downstream', String(port));
  }

  /** @param cluster its name @returns what to count its connections with; may be kept */
  upstream(cluster: string): ConnectionCounts {
    return this.#connectionCounts('upstream', cluster);
  }

  /** Exposes when certificates expire. @param read asked at each collection: names, and seconds since 1970 */
  watchCertificates(read: () => readonly (readonly [name: string, expirySeconds: number])[]): void {
    this.#registry.watch('selvage_certificate_expiry_seconds', () =>
      read().map(([name, value]) => ({ labels: [name], value })),
    );
  }

  /** @returns what to count decisions of a policy with; may be kept */
  authorization(policy: string, action: string, result: string): Counter {
    return this.#registry.counter('selvage_authorization_total', [policy, action, result]);
  }

  /** @returns what was counted since the last call; for one reader, see `MetricTotals` */
  collect(): MetricSnapshot {
    this.#rows.dropIdle(this.#nowMs(), IDLE_SERIES_MS);
    return { families: [...this.#drain(), ...this.#registry.collect().families] };
  }

  #connectionCounts(side: 'downstream' | 'upstream', label: string): ConnectionCounts {
    const registry = this.#registry;
    return new CountedConnections(
      registry.counter(`selvage_${side}_connections_total`, [label]),
      registry.gauge(`selvage_${side}_connections_active`, [label]),
      registry.counter(`selvage_${side}_connection_failures_total`, [label]),
    );
  }

  #rowOf(record: ExchangeRecord): number {
    const status = statusOf(record);
    const flag = flagIndexOf(record);
    // A backend whose cluster is missing shares the owner with the time when it is there.
    const grpcStatus = grpcStatusOf(record);
    const key = ((grpcStatus + 1) * 100 + flag) * 2000 + status * 2 + (record.cluster === null ? 0 : 1);
    const scope = this.#scopeOf(record);
    if (scope.lastKey === key) return scope.lastRow;
    const row =
      scope.series.get(key) ?? this.#addRow(scope, key, requestLabels(record, status, FLAGS[flag]!, grpcStatus));
    scope.lastKey = key;
    scope.lastRow = row;
    return row;
  }

  #scopeOf(record: ExchangeRecord): OwnerScope {
    const listener = record.listener === null ? '' : record.listener.name;
    const hop = record.hop ?? null;
    const owner = record.listener === null && record.rule === null ? this.#unrouted : record.metricOwner;
    // Only this class sets it, so it is one of its own.
    const first = owner.metricScope as OwnerScope | null;
    if (first === null || first.epoch !== this.#rows.epoch) return this.#addScope(owner, listener, hop, null);
    for (let scope: OwnerScope | null = first; scope !== null; scope = scope.next) {
      if (scope.listener === listener && scope.hop === hop) return scope;
    }
    return this.#addScope(owner, listener, hop, first.depth < MAX_LISTENERS_PER_OWNER ? first : null);
  }

  #addScope(owner: MetricOwner, listener: string, hop: MeshHop | null, next: OwnerScope | null): OwnerScope {
    const scope = new OwnerScope(listener, hop, this.#rows.epoch, next);
    owner.metricScope = scope;
    return scope;
  }

  #addRow(scope: OwnerScope, key: number, labels: RequestLabels): number {
    const row = this.#rows.acquire(requestKey(labels), labels, this.#nowMs());
    scope.series.set(key, row);
    return row;
  }

  /** Adds the rows up by the labels of each metric, and starts them at zero again. */
  #drain(): FamilySnapshot[] {
    const rows = this.#rows;
    const requests = new FamilyBuilder('istio_requests_total');
    const durations = new FamilyBuilder('istio_request_duration_milliseconds');
    const requestSizes = new FamilyBuilder('istio_request_bytes');
    const responseSizes = new FamilyBuilder('istio_response_bytes');
    const routes = new FamilyBuilder('selvage_route_requests_total');
    const routeDurations = new FamilyBuilder('selvage_route_request_duration_milliseconds');
    const retries = new FamilyBuilder('selvage_retries_total');
    const { values } = rows;
    this.#overflow.add(values[OVERFLOW_ROW]);
    rows.each(({ istio, route, routeClass, cluster }, row) => {
      const at = row * ROW_COLUMNS;
      if (values[at] === 0) return;
      requests.add(istio.key, istio.labels, values, at);
      durations.add(istio.key, istio.labels, values, at + DURATION);
      requestSizes.add(istio.key, istio.labels, values, at + REQUEST_SIZE);
      responseSizes.add(istio.key, istio.labels, values, at + RESPONSE_SIZE);
      routes.add(routeClass.key, routeClass.labels, values, at);
      routeDurations.add(route.key, route.labels, values, at + DURATION);
      if (values[at + RETRIES] !== 0) retries.add(cluster.key, cluster.labels, values, at + RETRIES);
    });
    values.fill(0);
    return [requests, durations, requestSizes, responseSizes, routes, routeDurations, retries].map((one) =>
      one.build(),
    );
  }
}

class CountedConnections implements ConnectionCounts {
  readonly #total: Counter;
  readonly #active: Gauge;
  readonly #failures: Counter;

  constructor(total: Counter, active: Gauge, failures: Counter) {
    this.#total = total;
    this.#active = active;
    this.#failures = failures;
  }

  opened(): void {
    this.#total.add();
    this.#active.add(1);
  }

  closed(): void {
    this.#active.add(-1);
  }

  failed(): void {
    this.#failures.add();
  }
}
