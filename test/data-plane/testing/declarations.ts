import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { EndpointSpec, EndpointsResource } from '#model/snapshot/endpoints.ts';
import type { BackendRef, FilterSpec, HttpRouteResource, RouteTimeouts } from '#model/snapshot/http-route.ts';
import type { ListenerResource } from '#model/snapshot/listener.ts';
import type { DownstreamLimits } from '#proxy/downstream/limits.ts';

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

export const declareListener = (): ListenerResource => ({
  type: 'listener',
  name: LISTENER,
  version: '',
  gateway: 'test/edge',
  address: '127.0.0.1',
  port: 0,
  protocol: 'HTTP',
  hostname: '',
  tls: null,
  proxyProtocol: null,
  limits: null,
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

export const declareCluster = ({
  name = 'origin',
  endpoints,
  ...rest
}: ClusterTest): [ClusterResource, EndpointsResource] => [
  {
    type: 'cluster',
    name,
    version: '',
    protocol: 'http1',
    tls: null,
    proxyProtocol: 0,
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
  endpoints: endpoints.map((endpoint) => ({
    address: '127.0.0.1',
    weight: 1,
    zone: '',
    state: 'ready',
    mesh: null,
    ...endpoint,
  })),
});
