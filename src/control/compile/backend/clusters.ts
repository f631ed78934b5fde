import { parseDurationMs } from '#model/duration.ts';
import type { Path } from '#model/field-path.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type {
  ClusterLimits,
  ClusterProtocol,
  ClusterResource,
  ClusterTls,
  DnsPolicy,
} from '#model/snapshot/cluster.ts';
import type { EndpointSpec, EndpointsResource } from '#model/snapshot/endpoints.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { AuthorityHolder } from '../certificate/authorities.ts';
import { certificateOf } from '../certificate/certificates.ts';
import { warning, type Finding } from '../finding.ts';
import type { Lookups } from '../inventory.ts';
import { expectsWorkloads } from '../mesh/membership.ts';
import { meshEndpoints } from '../mesh/mesh-endpoints.ts';
import { versioned } from '../version.ts';
import { tlsTowards } from './backend-tls.ts';
import { expectsTls, protocolOf, type ClusterTarget } from './backends.ts';
import { endpointsOf, type ServiceEndpoints } from './endpoints.ts';

/** One backend as proxies see it. */
export interface ClusterPlan {
  /** The cluster, its endpoints, and the certificates that it shows. */
  readonly resources: readonly SnapshotResource[];
  /** What the certificates of its authorities come from. */
  readonly holders: readonly AuthorityHolder[];
  /** About the object that the cluster is made of. */
  readonly findings: readonly Finding[];
}

/** As in Envoy: beyond them requests are refused at once rather than queued without end. */
const defaultLimits: ClusterLimits = { connections: 1024, pendingRequests: 1024, requests: 1024 };

/** Inside the mesh a host that does not answer within a second is gone; Backends say their own (5 s by default). */
const serviceConnectTimeoutMs = 1000;

/** Only slices of type FQDN have names to resolve. */
const serviceDns: DnsPolicy = { refreshIntervalMs: 30_000, ipFamily: 'Any' };

/**
 * Compiles what a reference was resolved to.
 *
 * @param isForHttp whether some route speaks HTTP to it, so that the declared protocol counts
 */
export function planCluster(target: ClusterTarget, isForHttp: boolean, lookups: Lookups): ClusterPlan {
  const group = target.kind === 'Service' ? servicePlan(target, lookups) : backendPlan(target, lookups);
  const { tls, certificates, holders } = clusterTls(target, group.portName, lookups);
  const cluster = versioned<ClusterResource>({
    type: 'cluster',
    name: target.cluster,
    protocol: target.protocol,
    tls,
    proxyProtocol: group.proxyProtocol,
    loadBalancing: group.loadBalancing,
    connectTimeoutMs: group.connectTimeoutMs,
    limits: defaultLimits,
    dns: group.dns,
    service: { name: target.name, namespace: target.namespace },
  });
  const endpoints = versioned<EndpointsResource>({
    type: 'endpoints',
    name: target.cluster,
    endpoints: group.endpoints,
  });
  const doubts = isForHttp ? protocolDoubts(target, group.appProtocol, group.appProtocolPath) : [];
  return { resources: [cluster, endpoints, ...certificates], holders, findings: [...doubts, ...group.findings] };
}

/** What is declared of a group of endpoints, whichever kind declares it. */
interface EndpointGroup extends Pick<ClusterResource, 'proxyProtocol' | 'loadBalancing' | 'connectTimeoutMs' | 'dns'> {
  readonly portName: string | undefined;
  readonly appProtocol: string | undefined;
  readonly appProtocolPath: Path;
  readonly endpoints: readonly EndpointSpec[];
  readonly findings: readonly Finding[];
}

function servicePlan(target: ClusterTarget, lookups: Lookups): EndpointGroup {
  const service = found(lookups.find('Service', target.namespace, target.name));
  const index = service.spec.ports.findIndex(({ port, protocol }) => port === target.port && protocol === 'TCP');
  const port = found(service.spec.ports[index]);
  const { endpoints, shortage } = serviceEndpoints(target, service, port, lookups);
  return {
    portName: port.name,
    appProtocol: port.appProtocol,
    appProtocolPath: ['spec', 'ports', index, 'appProtocol'],
    proxyProtocol: 0,
    loadBalancing: 'LeastRequest',
    connectTimeoutMs: serviceConnectTimeoutMs,
    dns: serviceDns,
    endpoints,
    findings: [
      ...(shortage === undefined ? [] : [warning(['metadata', 'name'], shortage)]),
      ...(target.speaksTls ? tlsDoubts(target, lookups) : []),
    ],
  };
}

/** Between proxies there is TLS already, and sidecars speak none to their applications. */
function tlsDoubts({ namespace, name }: ClusterTarget, lookups: Lookups): readonly Finding[] {
  const workloads = lookups.workloadsOf(namespace, name) ?? [];
  if (workloads.length === 0) return [];
  const message = 'TLS is spoken to its endpoints without a sidecar alone: an application behind one gets none';
  return [warning(['metadata', 'name'], message)];
}

/** In a mesh, workloads are endpoints too. That there are none here or now is no mistake of whoever declares. */
function serviceEndpoints(
  { namespace, name, onlySidecars }: ClusterTarget,
  service: ResourceOf<'Service'>,
  port: ResourceOf<'Service'>['spec']['ports'][number],
  lookups: Lookups,
): ServiceEndpoints {
  const slices = lookups.slicesOf(namespace, name);
  const workloads = lookups.workloadsOf(namespace, name);
  const declared = endpointsOf(service, port, slices);
  if (workloads === null) return slices.length === 0 && expectsWorkloads(service) ? { endpoints: [] } : declared;
  const endpoints = meshEndpoints(onlySidecars ? [] : declared.endpoints, port, workloads);
  return slices.length > 0 && workloads.length === 0 ? { ...declared, endpoints } : { endpoints };
}

function backendPlan(target: ClusterTarget, lookups: Lookups): EndpointGroup {
  const { spec } = found(lookups.find('Backend', target.namespace, target.name));
  const endpoints = spec.endpoints.map(({ address, port, weight, zone = '' }): EndpointSpec => ({
    address,
    port,
    weight,
    zone,
    state: 'ready',
    mesh: null,
  }));
  return {
    portName: undefined,
    appProtocol: spec.appProtocol,
    appProtocolPath: ['spec', 'appProtocol'],
    proxyProtocol: spec.proxyProtocol === undefined ? 0 : spec.proxyProtocol === 'V1' ? 1 : 2,
    loadBalancing: spec.loadBalancing.type,
    connectTimeoutMs: parseDurationMs(spec.connectTimeout),
    dns: { refreshIntervalMs: parseDurationMs(spec.dns.refreshInterval), ipFamily: spec.dns.ipFamily },
    endpoints,
    findings: [],
  };
}

interface SpokenTls {
  readonly tls: ClusterTls | null;
  readonly certificates: readonly CertificateResource[];
  readonly holders: readonly AuthorityHolder[];
}

function clusterTls(target: ClusterTarget, portName: string | undefined, lookups: Lookups): SpokenTls {
  if (!target.speaksTls) return { tls: null, certificates: [], holders: [] };
  const tls = found(tlsTowards(target, portName, lookups));
  // The resolution of the reference came to something: here it does again.
  if ('reason' in tls) throw new Error(`cannot compile a cluster: ${tls.message}`);
  const certificate = tls.clientCertificate ?? gatewayCertificate(target, lookups);
  return {
    tls: { ...tls.settings, clientCertificate: certificate?.name ?? null },
    certificates: certificate === null ? [] : [certificate],
    holders: tls.holders,
  };
}

function gatewayCertificate({ clientCertificate }: ClusterTarget, lookups: Lookups): CertificateResource | null {
  if (clientCertificate === null) return null;
  return certificateOf(found(lookups.find('Secret', clientCertificate.namespace, clientCertificate.name)));
}

function protocolDoubts({ protocol }: ClusterTarget, appProtocol: string | undefined, path: Path): readonly Finding[] {
  const declared = protocolOf(appProtocol);
  if (declared === undefined) {
    const expected = 'http, kubernetes.io/ws or kubernetes.io/h2c';
    const message = `appProtocol ${appProtocol} is none that HTTP routes speak: ${titles[protocol]} is spoken`;
    return [warning(path, message, expected)];
  }
  // Inside of TLS both are agreed upon.
  if (declared === protocol || appProtocol === undefined || expectsTls(appProtocol)) return [];
  const message = `appProtocol ${appProtocol} means HTTP/1.1, which cannot carry gRPC: HTTP/2 is spoken for gRPC routes`;
  return [warning(path, message, 'grpc or kubernetes.io/h2c')];
}

const titles: Readonly<Record<ClusterProtocol, string>> = { http1: 'HTTP/1.1', http2: 'HTTP/2' };

/** Only targets that were resolved are compiled: what they name is there. */
function found<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('cannot compile a cluster: its target was never resolved');
  return value;
}
