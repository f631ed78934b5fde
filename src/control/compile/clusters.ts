import { parseDurationMs } from '#model/duration.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { ClusterLimits, ClusterResource, DnsPolicy } from '#model/snapshot/cluster.ts';
import type { EndpointSpec, EndpointsResource } from '#model/snapshot/endpoints.ts';
import { clusterName, protocolOf, type ClusterTarget } from './backends.ts';
import { endpointsOf } from './endpoints.ts';
import { warning, type Finding } from './finding.ts';
import type { Lookups } from './inventory.ts';
import { versioned } from './version.ts';

/** One backend as proxies see it. */
export interface ClusterPlan {
  readonly cluster: ClusterResource;
  readonly endpoints: EndpointsResource;
  /** About the object that the cluster is made of. */
  readonly findings: readonly Finding[];
}

/** As in Envoy: beyond them requests are refused at once rather than queued without end. */
const defaultLimits: ClusterLimits = { connections: 1024, pendingRequests: 1024, requests: 1024 };

/** Inside the mesh a host that does not answer within a second is gone; Backends say their own (5 s by default). */
const serviceConnectTimeoutMs = 1000;

/** Only slices of type FQDN have names to resolve. */
const serviceDns: DnsPolicy = { refreshIntervalMs: 30_000, ipFamily: 'Any' };

/** Compiles what a reference was resolved to. */
export function planCluster(target: ClusterTarget, lookups: Lookups): ClusterPlan {
  return target.kind === 'Service' ? planService(target, lookups) : planBackend(target, lookups);
}

function planService(target: ClusterTarget & { kind: 'Service' }, lookups: Lookups): ClusterPlan {
  const service = found(lookups.find('Service', target.namespace, target.name));
  const index = service.spec.ports.findIndex(({ port, protocol }) => port === target.port && protocol === 'TCP');
  const port = found(service.spec.ports[index]);
  const path = ['spec', 'ports', index, 'appProtocol'];
  const { endpoints, shortage } = endpointsOf(service, port, lookups.slicesOf(target.namespace, target.name));
  const cluster = versioned<ClusterResource>({
    type: 'cluster',
    name: clusterName(target),
    protocol: protocolOf(port.appProtocol) ?? 'http1',
    tls: null,
    loadBalancing: 'LeastRequest',
    connectTimeoutMs: serviceConnectTimeoutMs,
    limits: defaultLimits,
    dns: serviceDns,
    service: { name: target.name, namespace: target.namespace },
  });
  const findings = unknownProtocol(port.appProtocol, path);
  if (shortage !== undefined) findings.push(warning(['metadata', 'name'], shortage));
  return { cluster, endpoints: endpointsResource(cluster.name, endpoints), findings };
}

function planBackend(target: ClusterTarget, lookups: Lookups): ClusterPlan {
  const { spec } = found(lookups.find('Backend', target.namespace, target.name));
  const cluster = versioned<ClusterResource>({
    type: 'cluster',
    name: clusterName(target),
    protocol: protocolOf(spec.appProtocol) ?? 'http1',
    tls: null,
    loadBalancing: spec.loadBalancing.type,
    connectTimeoutMs: parseDurationMs(spec.connectTimeout),
    limits: defaultLimits,
    dns: { refreshIntervalMs: parseDurationMs(spec.dns.refreshInterval), ipFamily: spec.dns.ipFamily },
    service: { name: target.name, namespace: target.namespace },
  });
  const endpoints = spec.endpoints.map(({ address, port, weight, zone = '' }): EndpointSpec => ({
    address,
    port,
    weight,
    zone,
    state: 'ready',
  }));
  const findings = unknownProtocol(spec.appProtocol, ['spec', 'appProtocol']);
  return { cluster, endpoints: endpointsResource(cluster.name, endpoints), findings };
}

function endpointsResource(name: string, endpoints: readonly EndpointSpec[]): EndpointsResource {
  return versioned<EndpointsResource>({ type: 'endpoints', name, endpoints });
}

function unknownProtocol(appProtocol: string | undefined, path: Finding['path']): Finding[] {
  if (protocolOf(appProtocol) !== undefined) return [];
  return [
    warning(
      path,
      `appProtocol ${appProtocol} is none that HTTP routes speak: HTTP/1.1 is spoken`,
      'http, kubernetes.io/ws or kubernetes.io/h2c',
    ),
  ];
}

/** Only targets that were resolved are compiled: what they name is there. */
function found<
  T extends ResourceOf<'Service'> | ResourceOf<'Backend'> | ResourceOf<'Service'>['spec']['ports'][number],
>(value: T | undefined): T {
  if (value === undefined) throw new Error('cannot compile a cluster: its target was never resolved');
  return value;
}
