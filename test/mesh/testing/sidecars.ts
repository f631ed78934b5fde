import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { TestAuthority, bundleOf, id, type Deviations } from '#identity/testing/authority.ts';
import { readSvid } from '#identity/svid.ts';
import type { WorkloadIdentity } from '#identity/svid-source.ts';
import type { TrustBundle } from '#identity/trust-bundle.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import type { EndpointSpec } from '#model/snapshot/endpoints.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { WorkloadPort, WorkloadResource } from '#model/snapshot/workload.ts';
import { Inbound, type InboundOptions } from '#proxy/inbound.ts';
import type { MeshIdentity } from '#proxy/mesh/mesh-identity.ts';
import { Outbound, type OutboundOptions } from '#proxy/outbound.ts';
import type { AccessLog } from '#telemetry/access-log.ts';
import type { ExchangeRecord } from '#telemetry/exchange-record.ts';
import { RequestMetrics } from '#telemetry/request-metrics.ts';
import type { StreamRecord } from '#telemetry/stream-record.ts';
import { declareCluster } from '../../data-plane/testing/declarations.ts';

export const CART = 'spiffe://mesh.test/ns/shop/sa/cart';
export const CATALOG = 'spiffe://mesh.test/ns/shop/sa/catalog';

/** The authority that both sidecars believe, unless a test says otherwise. */
export const authority: TestAuthority = new TestAuthority('mesh');

export interface IdentityTest {
  readonly issuer?: TestAuthority;
  readonly bundle?: TrustBundle;
  readonly deviations?: Deviations;
}

/** Issues an identity, as an authority that a test makes would. */
export const issueIdentity = (uri: string, test: IdentityTest = {}): WorkloadIdentity => {
  const key = WorkloadKey.generate();
  const bundle = test.bundle ?? bundleOf(authority);
  const certificateChain = (test.issuer ?? authority).issue(key.publicKey, uri, test.deviations);
  const nowMs = Date.now();
  const read = readSvid(certificateChain, { spiffeId: id(uri), key, bundle, nowMs, obtainedAtMs: nowMs });
  if (!('problem' in read)) return { svid: read, bundle };
  // What no workload would show: that is what the other side must refuse.
  const svid = {
    spiffeId: id(uri),
    certificateChain,
    key,
    serialNumber: '00',
    obtainedAtMs: nowMs,
    expiresAtMs: nowMs + 3_600_000,
  };
  return { svid, bundle };
};

/** An identity that a test exchanges. */
export class TestIdentity implements MeshIdentity {
  readonly #listeners = new Set<(identity: WorkloadIdentity | undefined) => void>();
  current: WorkloadIdentity | undefined;

  constructor(identity: WorkloadIdentity) {
    this.current = identity;
  }

  subscribe(listener: (identity: WorkloadIdentity | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  renew(identity: WorkloadIdentity | undefined): void {
    this.current = identity;
    for (const listener of this.#listeners) listener(identity);
  }
}

/** What one sidecar has recorded. */
export class Records {
  readonly exchanges: ExchangeRecord[] = [];
  readonly streams: StreamRecord[] = [];
  readonly warnings: string[] = [];
  readonly metrics = new RequestMetrics();
  readonly accessLog = {
    record: (record: ExchangeRecord) => this.exchanges.push(record),
    recordStream: (record: StreamRecord) => this.streams.push(record),
  } as unknown as AccessLog;
}

/** A node:http server, as an application has it. */
export const startApplication = async (
  context: TestContext,
  answer: (request: IncomingMessage, response: ServerResponse) => void = (_, response) => void response.end('hello'),
): Promise<Server & { readonly port: number }> => {
  const server = createServer({ keepAliveTimeout: 30_000 }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(server, { port: (server.address() as AddressInfo).port });
};

export const declareWorkload = (
  ports: readonly (Partial<WorkloadPort> & { readonly port: number })[],
  rest: Partial<WorkloadResource> = {},
): WorkloadResource => ({
  type: 'workload',
  name: 'shop/catalog/1',
  version: '',
  principal: CATALOG,
  ports: ports.map((port) => ({ protocol: 'http', mtls: 'STRICT', exemptPaths: [], filters: [], ...port })),
  egress: 'RegistryOnly',
  ...rest,
});

/** A service `catalog` in namespace `shop` with one port, and its endpoints. */
export const declareService = (
  endpoints: readonly (Partial<EndpointSpec> & { readonly port: number })[],
  protocol: WorkloadPort['protocol'] = 'http',
): readonly SnapshotResource[] => [
  ...declareCluster({
    name: 'Service/shop/catalog:80',
    service: { name: 'catalog', namespace: 'shop' },
    connectTimeoutMs: 2_000,
    endpoints,
  }),
  {
    type: 'mesh-service',
    name: 'shop/catalog',
    version: '',
    hostnames: ['catalog', 'catalog.shop', 'catalog.shop.svc', 'catalog.shop.svc.cluster.local'],
    ports: [{ port: 80, protocol, cluster: 'Service/shop/catalog:80' }],
  },
];

export const deltaOf = (upserts: readonly SnapshotResource[], removals: readonly string[] = []) => ({
  version: '1',
  upserts,
  removals,
});

/** The sidecar of the service. Destroyed when its test ends. */
export const startInbound = async (
  context: TestContext,
  workload: WorkloadResource,
  identity: MeshIdentity = new TestIdentity(issueIdentity(CATALOG)),
  options: Partial<InboundOptions> = {},
): Promise<{ readonly inbound: Inbound; readonly records: Records }> => {
  const records = new Records();
  const { metrics, accessLog, warnings } = records;
  const warn = (message: string): void => void warnings.push(message);
  const inbound = new Inbound({ identity, metrics, accessLog, warn, address: '127.0.0.1', port: 0, ...options });
  context.after(() => inbound.destroy());
  await inbound.apply(deltaOf([workload]));
  await inbound.open();
  return { inbound, records };
};

/** The sidecar of the caller. Destroyed when its test ends. */
export const startOutbound = async (
  context: TestContext,
  resources: readonly SnapshotResource[],
  identity: MeshIdentity = new TestIdentity(issueIdentity(CART)),
  options: Partial<OutboundOptions> = {},
): Promise<{ readonly outbound: Outbound; readonly records: Records }> => {
  const records = new Records();
  const { metrics, accessLog } = records;
  const outbound = new Outbound({ identity, metrics, accessLog, proxy: { address: '127.0.0.1', port: 0 }, ...options });
  context.after(() => outbound.destroy());
  await outbound.open();
  await outbound.apply(deltaOf(resources));
  return { outbound, records };
};

/** A caller and a service with their sidecars, everything good. */
export const startMesh = async (
  context: TestContext,
  answer?: (request: IncomingMessage, response: ServerResponse) => void,
) => {
  const application = await startApplication(context, answer);
  const service = new TestIdentity(issueIdentity(CATALOG));
  const caller = new TestIdentity(issueIdentity(CART));
  const { inbound, records: at } = await startInbound(context, declareWorkload([{ port: application.port }]), service);
  const mesh = { port: inbound.port, principal: CATALOG };
  const { outbound, records: from } = await startOutbound(
    context,
    declareService([{ port: application.port, mesh }]),
    caller,
    {
      captures: [{ address: '127.0.0.1', port: 0, service: 'shop/catalog', servicePort: 80, protocol: 'http' }],
    },
  );
  return { application, inbound, outbound, at, from, service, caller };
};

/** @returns the values of a counter by their labels, joined with spaces */
export const countersOf = ({ metrics }: Records, name: string): ReadonlyMap<string, number> => {
  const family = metrics.collect().families.find((one) => one.name === name);
  const counted = new Map<string, number>();
  family?.labels.forEach((labels, i) => counted.set(labels.join(' '), family.values[i]!));
  return counted;
};
