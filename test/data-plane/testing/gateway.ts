import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { EndpointSpec, EndpointsResource } from '#model/snapshot/endpoints.ts';
import type { BackendRef, FilterSpec, HttpRouteResource, RouteTimeouts } from '#model/snapshot/http-route.ts';
import type { ListenerResource } from '#model/snapshot/listener.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { DEFAULT_DOWNSTREAM_LIMITS, type DownstreamLimits } from '#proxy/downstream/limits.ts';
import { Gateway } from '#proxy/gateway.ts';
import type { AccessLog } from '#telemetry/access-log.ts';
import type { ExchangeRecord } from '#telemetry/exchange-record.ts';
import { RequestMetrics } from '#telemetry/request-metrics.ts';
import { dial, ScriptedOrigin, until, type Peer } from './peer.ts';

const LISTENER = 'test/edge/http';

/** What a test says of its gateway; the rest is a plain one that sends everything to one cluster. */
export interface GatewayTest {
  readonly limits?: Partial<DownstreamLimits>;
  readonly trustedProxies?: readonly string[];
  readonly clusters?: readonly ClusterTest[];
  readonly backends?: readonly BackendRef[];
  readonly filters?: readonly FilterSpec[];
  readonly timeouts?: Partial<RouteTimeouts>;
}

export interface ClusterTest extends Partial<Omit<ClusterResource, 'name' | 'type' | 'version'>> {
  /** @defaultValue origin */
  readonly name?: string;
  readonly endpoints: readonly (Partial<EndpointSpec> & { readonly port: number })[];
}

/** A gateway in this process, whose every exchange is seen. Destroyed when its test ends. */
export class TestGateway {
  readonly gateway: Gateway;
  /** Exchanges in the order in which they were recorded. */
  readonly records: ExchangeRecord[] = [];
  readonly metrics = new RequestMetrics();
  #version = 0;

  private constructor({ limits, trustedProxies = [] }: GatewayTest) {
    const accessLog = { record: (record: ExchangeRecord) => this.records.push(record) } as unknown as AccessLog;
    this.gateway = new Gateway({
      shared: false,
      metrics: this.metrics,
      accessLog,
      trustedProxies,
      limits: { ...DEFAULT_DOWNSTREAM_LIMITS, ...limits },
    });
  }

  static async start(context: TestContext, test: GatewayTest): Promise<TestGateway> {
    const gateway = new TestGateway(test);
    context.after(() => gateway.gateway.destroy());
    const clusters = (test.clusters ?? []).flatMap((cluster) => declareCluster(cluster));
    await gateway.apply([declareListener(), declareRoute(test), ...clusters]);
    return gateway;
  }

  /** Each resource gets a version of its own. */
  async apply(upserts: readonly SnapshotResource[], removals: readonly string[] = []): Promise<void> {
    const version = String(++this.#version);
    const report = await this.gateway.apply({ version, upserts: upserts.map((one) => ({ ...one, version })), removals });
    assert.deepEqual(report.failures, []);
  }

  get port(): number {
    return this.gateway.bound[0]!.port;
  }

  dial(): Promise<Peer> {
    return dial(this.port);
  }

  /** Waits until that many exchanges are recorded. @returns the last of them */
  async recorded(count: number): Promise<ExchangeRecord> {
    await until(`${count} exchanges recorded, have ${this.records.length}`, () => this.records.length >= count);
    assert.equal(this.records.length, count);
    return this.records[count - 1]!;
  }

  /** Requests under way, in all clusters and endpoints. */
  get load(): { readonly requests: number; readonly pending: number; readonly active: number; readonly connections: number } {
    const { clusters } = this.gateway.activity;
    const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
    return {
      requests: sum(clusters.map((cluster) => cluster.requests)),
      pending: sum(clusters.map((cluster) => cluster.pendingRequests)),
      active: sum(clusters.flatMap((cluster) => cluster.endpoints.map((endpoint) => endpoint.activeRequests))),
      connections: sum(clusters.map((cluster) => cluster.connections)),
    };
  }

  /** Waits until nothing is under way, and checks that every exchange was counted in the metrics once. */
  async atRest(): Promise<void> {
    await until('no session', () => this.gateway.activity.sessions === 0);
    await until(`no load, have ${JSON.stringify(this.load)}`, () => this.load.requests === 0 && this.load.active === 0 && this.load.pending === 0);
    const family = this.metrics.collect().families.find(({ name }) => name === 'istio_requests_total');
    const counted = (family?.values ?? []).reduce((total, one) => total + one, 0);
    assert.equal(counted, this.records.length, 'exchanges in the metrics and in the access log');
    assert.equal(new Set(this.records).size, this.records.length, 'each exchange recorded once');
    for (const record of this.records) assert.notEqual(record.requestId, '');
  }
}

/** A gateway in front of one scripted origin. */
export const startPair = async (context: TestContext, test: Omit<GatewayTest, 'clusters'> & { readonly cluster?: Partial<ClusterTest> } = {}): Promise<{ gateway: TestGateway; origin: ScriptedOrigin }> => {
  const origin = await startOrigin(context);
  const gateway = await TestGateway.start(context, { ...test, clusters: [{ endpoints: [{ port: origin.port }], ...test.cluster }] });
  return { gateway, origin };
};

export const startOrigin = async (context: TestContext): Promise<ScriptedOrigin> => {
  const origin = await ScriptedOrigin.start();
  context.after(() => origin.stop());
  return origin;
};

export const declareListener = (): ListenerResource => ({
  type: 'listener',
  name: LISTENER,
  version: '',
  gateway: 'test/edge',
  address: '127.0.0.1',
  port: 0,
  protocol: 'HTTP',
  hostname: '',
  certificates: [],
});

export const declareRoute = ({ backends, filters, timeouts }: GatewayTest): HttpRouteResource => ({
  type: 'http-route',
  name: 'test/all',
  version: '',
  createdAtMs: 0,
  attachments: [{ listener: LISTENER, hostnames: ['*'] }],
  rules: [
    {
      name: 'rule-0',
      matches: [{ path: { type: 'PathPrefix', value: '/' }, method: '', headers: [], queryParams: [] }],
      filters: filters ?? [],
      backends: backends ?? [{ cluster: 'origin', weight: 1, filters: [] }],
      timeouts: { requestMs: null, backendRequestMs: null, ...timeouts },
    },
  ],
});

export const declareCluster = ({ name = 'origin', endpoints, ...rest }: ClusterTest): [ClusterResource, EndpointsResource] => [
  {
    type: 'cluster',
    name,
    version: '',
    protocol: 'http1',
    loadBalancing: 'RoundRobin',
    connectTimeoutMs: 5_000,
    limits: { connections: 1024, pendingRequests: 1024, requests: 1024 },
    dns: { refreshIntervalMs: 60_000, ipFamily: 'Any' },
    service: { name, namespace: 'test' },
    ...rest,
  },
  declareEndpoints(name, endpoints),
];

export const declareEndpoints = (name: string, endpoints: ClusterTest['endpoints']): EndpointsResource => ({
  type: 'endpoints',
  name,
  version: '',
  endpoints: endpoints.map((endpoint) => ({ address: '127.0.0.1', weight: 1, zone: '', state: 'ready', ...endpoint })),
});
