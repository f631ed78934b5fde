import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { DEFAULT_DOWNSTREAM_LIMITS } from '#proxy/downstream/limits.ts';
import { Gateway } from '#proxy/gateway.ts';
import type { AccessLog } from '#telemetry/access-log.ts';
import type { ExchangeRecord } from '#telemetry/exchange-record.ts';
import { RequestMetrics } from '#telemetry/request-metrics.ts';
import { declareCluster, declareListener, declareRoute, type ClusterTest, type GatewayTest } from './declarations.ts';
import { dial, ScriptedOrigin, until, type Peer } from './peer.ts';

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
    const report = await this.gateway.apply({
      version,
      upserts: upserts.map((one) => ({ ...one, version })),
      removals,
    });
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
  get load(): {
    readonly requests: number;
    readonly pending: number;
    readonly active: number;
    readonly connections: number;
  } {
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
    await until(
      `no load, have ${JSON.stringify(this.load)}`,
      () => this.load.requests === 0 && this.load.active === 0 && this.load.pending === 0,
    );
    const family = this.metrics.collect().families.find(({ name }) => name === 'istio_requests_total');
    const counted = [...(family?.values ?? [])].reduce((total, one) => total + one, 0);
    assert.equal(counted, this.records.length, 'exchanges in the metrics and in the access log');
    assert.equal(new Set(this.records).size, this.records.length, 'each exchange recorded once');
    for (const record of this.records) assert.notEqual(record.requestId, '');
  }
}

/** A gateway in front of one scripted origin. */
export const startPair = async (
  context: TestContext,
  test: Omit<GatewayTest, 'clusters'> & { readonly cluster?: Partial<ClusterTest> } = {},
): Promise<{ gateway: TestGateway; origin: ScriptedOrigin }> => {
  const origin = await startOrigin(context);
  const gateway = await TestGateway.start(context, {
    ...test,
    clusters: [{ endpoints: [{ port: origin.port }], ...test.cluster }],
  });
  return { gateway, origin };
};

export const startOrigin = async (context: TestContext): Promise<ScriptedOrigin> => {
  const origin = await ScriptedOrigin.start();
  context.after(() => origin.stop());
  return origin;
};
