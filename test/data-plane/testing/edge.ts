import type { TestContext } from 'node:test';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { ListenerResource } from '#model/snapshot/listener.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { StreamRouteResource } from '#model/snapshot/stream-route.ts';
import { DEFAULT_DOWNSTREAM_LIMITS, type DownstreamLimits } from '#proxy/downstream/limits.ts';
import { Gateway } from '#proxy/gateway.ts';
import type { ApplyReport } from '#proxy/listener-set.ts';
import type { AccessLog } from '#telemetry/access-log.ts';
import type { ExchangeRecord } from '#telemetry/exchange-record.ts';
import { RequestMetrics } from '#telemetry/request-metrics.ts';
import type { StreamRecord } from '#telemetry/stream-record.ts';
import { fastPath } from '#transport/fast-path.ts';
import type { TestCertificate } from '#transport/testing/certificates.ts';
import { declareListener } from './declarations.ts';

/** A gateway in this process with whatever listeners a test declares. Destroyed when its test ends. */
export class Edge {
  readonly gateway: Gateway;
  readonly records: ExchangeRecord[] = [];
  readonly streams: StreamRecord[] = [];
  readonly warnings: string[] = [];
  readonly metrics = new RequestMetrics();
  #version = 0;

  constructor(context: TestContext, limits: Partial<DownstreamLimits> = {}) {
    const accessLog = {
      record: (record: ExchangeRecord) => this.records.push(record),
      recordStream: (record: StreamRecord) => this.streams.push(record),
    };
    this.gateway = new Gateway({
      shared: false,
      metrics: this.metrics,
      accessLog: accessLog as unknown as AccessLog,
      trustedProxies: [],
      limits: { ...DEFAULT_DOWNSTREAM_LIMITS, ...limits },
      warn: (message) => this.warnings.push(message),
    });
    context.after(() => this.gateway.destroy());
  }

  apply(upserts: readonly SnapshotResource[], removals: readonly string[] = []): Promise<ApplyReport> {
    const version = String(++this.#version);
    return this.gateway.apply({ version, upserts: upserts.map((one) => ({ ...one, version })), removals });
  }

  get port(): number {
    return this.gateway.bound[0]!.port;
  }

  /** The value of a metric, over all its series. */
  count(name: string): number {
    const family = this.metrics.collect().families.find((one) => one.name === name);
    return Array.from(family?.values ?? []).reduce((sum, value) => sum + value, 0);
  }
}

export const listener = (given: Partial<ListenerResource>): ListenerResource => ({ ...declareListener(), ...given });

/** How TLS ends at a listener that shows these certificates. */
export const ending = (...certificates: readonly string[]): NonNullable<ListenerResource['tls']> => ({
  minVersion: '1.2',
  certificates,
  clientValidation: null,
});

export const certificate = (
  name: string,
  { certificate: certificateChain, key }: TestCertificate,
): CertificateResource => ({
  type: 'certificate',
  name,
  version: '',
  certificateChain,
  privateKey: key,
});

export const streamRoute = (
  name: string,
  clusters: readonly string[],
  hostnames: readonly string[] = ['*'],
  listenerName: string = declareListener().name,
): StreamRouteResource => ({
  type: 'stream-route',
  name: `TCPRoute/test/${name}`,
  version: '',
  createdAtMs: 0,
  attachments: [{ listener: listenerName, hostnames }],
  backends: clusters.map((cluster) => ({ cluster, weight: 1, filters: [] })),
});

/** Runs a body with the fast paths of the transport, and without. */
export const bothWays = (run: (way: string, enter: (context: TestContext) => void) => void): void => {
  for (const enabled of [true, false]) {
    run(enabled ? 'with the fast paths' : 'by documented ways alone', (context) => {
      fastPath.enabled = enabled;
      context.after(() => (fastPath.enabled = true));
    });
  }
};
