import { ipVersion } from '#model/schema/ip-address.ts';
import type { Path } from '#model/field-path.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { MeshServicePort } from '#model/snapshot/mesh-service.ts';
import { resolveBackend, type BackendUse, type ClusterTarget } from '../../backend/backends.ts';
import { tlsTowards } from '../../backend/backend-tls.ts';
import { error, warning, type Finding } from '../../finding.ts';
import type { Lookups } from '../../inventory.ts';
import { ownGroup } from '../../policy/policy-target.ts';
import { usualUse } from '../../route/backend-use.ts';
import { gatewayGroup } from '../../route/route-kinds.ts';

export type Backend = ResourceOf<'Backend'>;

/** What a Backend is called by. */
export interface EgressHost {
  /** Lower case; an IPv6 address in brackets. */
  readonly name: string;
  readonly path: Path;
}

/** A port that a Backend is called at. */
export interface EgressPort extends MeshServicePort {
  /** Whether no endpoint has it: what clients ask that name no port. */
  readonly isImplied: boolean;
}

/** A Backend, as workloads call it. */
export interface EgressPlan {
  readonly backend: Backend;
  readonly hosts: readonly EgressHost[];
  readonly ports: readonly EgressPort[];
  readonly targets: readonly ClusterTarget[];
  /** Clusters of some endpoints of others. */
  readonly portClusters: readonly PortCluster[];
  readonly findings: readonly Finding[];
}

/** What of a cluster has one port: where endpoints differ in it, whoever asks for one does not mean another. */
export interface PortCluster {
  /** Name of the cluster. */
  readonly name: string;
  /** Name of the cluster that it is a part of. */
  readonly of: string;
  readonly port: number;
}

/** What clients mean that name no port (RFC 9110 §4.2.1). */
const HTTP_PORT = 80;
const HTTPS_PORT = 443;

const requests = usualUse('HTTPRoute');
const bytes = usualUse('TCPRoute');
/** The client's own TLS passes as it is. */
const sealed: BackendUse = { speaks: 'bytes', payload: 'sealed', clientCertificate: null };

/**
 * Finds by which hosts and ports workloads call a Backend, and what is done with what they ask:
 *
 * | declared | at port 80 | at the ports of the endpoints |
 * |---|---|---|
 * | HTTP without TLS | requests | requests |
 * | HTTP over TLS | requests, sent over TLS | byte streams: the client's own TLS |
 * | bytes | – | byte streams |
 */
export function planEgress(backend: Backend, lookups: Lookups): EgressPlan {
  const { hosts, findings } = hostsOf(backend, lookups);
  if (hosts.length === 0) return { backend, hosts, ports: [], targets: [], portClusters: [], findings };
  const calls = new Calls(backend, lookups);
  const own = [...new Set(backend.spec.endpoints.map(({ port }) => port))];
  const whole = own.map((port) => calls.portAt(port));
  const portClusters = own.length === 1 ? [] : whole.map(({ port, cluster }) => partOf(cluster, port));
  const ports = whole.map((port, i) => ({ ...port, cluster: portClusters[i]?.name ?? port.cluster }));
  const needsHttpPort = !own.includes(HTTP_PORT) && calls.speaksHttp;
  if (needsHttpPort) ports.push({ ...calls.requestsAt(HTTP_PORT), isImplied: true });
  const targets = [...calls.targets.values()];
  return { backend, hosts, ports, targets, portClusters, findings: [...findings, ...calls.findings] };
}

function partOf(cluster: string, port: number): PortCluster {
  return { name: `${cluster}#${port}`, of: cluster, port };
}

/** The ways in which one Backend is called. */
class Calls {
  readonly targets = new Map<string, ClusterTarget>();
  readonly findings: Finding[] = [];
  readonly #backend: Backend;
  readonly #lookups: Lookups;
  readonly #isEncrypted: boolean;
  readonly #clusters = new Map<BackendUse, string>();

  constructor(backend: Backend, lookups: Lookups) {
    const { namespace, name } = backend.metadata;
    this.#backend = backend;
    this.#lookups = lookups;
    this.#isEncrypted = tlsTowards({ kind: 'Backend', namespace, name }, undefined, lookups) !== undefined;
  }

  get speaksHttp(): boolean {
    const { appProtocol, endpoints } = this.#backend.spec;
    if (appProtocol === 'tcp' || appProtocol === 'tls') return false;
    return this.#isEncrypted || endpoints.every(({ port }) => !this.#isSealed(port));
  }

  portAt(port: number): EgressPort {
    const { appProtocol } = this.#backend.spec;
    if (appProtocol === 'tcp') return this.#bytesAt(port, bytes);
    if (appProtocol === 'tls' || (this.#isSealed(port) && port !== HTTP_PORT)) return this.#bytesAt(port, sealed);
    return this.requestsAt(port);
  }

  requestsAt(port: number): EgressPort {
    const cluster = this.#clusterFor(requests);
    const protocol = this.targets.get(cluster)?.protocol === 'http2' ? 'http2' : 'http';
    return { port, protocol, cluster, isImplied: false };
  }

  /** Nobody speaks HTTP without TLS at port 443, where nothing more is said of it. */
  #isSealed(port: number): boolean {
    return this.#isEncrypted || (port === HTTPS_PORT && this.#backend.spec.appProtocol === undefined);
  }

  #bytesAt(port: number, use: BackendUse): EgressPort {
    const cluster = this.#clusterFor(use);
    return { port, protocol: 'tcp', cluster, ...(use === sealed && { sealed: true }), isImplied: false };
  }

  /** @returns the name of the cluster, also where there can be none: nothing is sent then */
  #clusterFor(use: BackendUse): string {
    let cluster = this.#clusters.get(use);
    if (cluster === undefined) this.#clusters.set(use, (cluster = this.#resolve(use)));
    return cluster;
  }

  #resolve(use: BackendUse): string {
    const { namespace, name } = this.#backend.metadata;
    const from = { group: gatewayGroup, kind: use.speaks === 'bytes' ? 'TCPRoute' : 'HTTPRoute', namespace };
    const resolved = resolveBackend({ group: ownGroup, kind: 'Backend', name }, from, use, this.#lookups);
    if ('reason' in resolved) {
      const tell = resolved.isOfPolicy ? warning : error;
      this.findings.push(
        tell(['metadata', 'name'], `requests of workloads are answered with an error: ${resolved.message}`),
      );
      return `Backend/${namespace}/${name}`;
    }
    this.targets.set(resolved.cluster, resolved);
    if (resolved.speaksTls && this.#backend.spec.tls?.clientCertificateRef !== undefined)
      this.findings.push(
        warning(
          ['spec', 'tls', 'clientCertificateRef'],
          'requests of workloads are answered with an error: the key of this certificate is for gateways alone',
        ),
      );
    return resolved.cluster;
  }
}

/** Names without a dot are those of services; what a Service is called by is its own. */
function hostsOf(
  { spec }: Backend,
  lookups: Lookups,
): { readonly hosts: readonly EgressHost[]; readonly findings: readonly Finding[] } {
  const declared =
    spec.hostnames?.map((name, i): EgressHost => ({ name, path: ['spec', 'hostnames', i] })) ??
    spec.endpoints.map(({ address }, i): EgressHost => ({
      name: hostOf(address),
      path: ['spec', 'endpoints', i, 'address'],
    }));
  const byName = new Map(declared.toReversed().map((host) => [host.name, host]));
  const hosts: EgressHost[] = [];
  const findings: Finding[] = [];
  for (const host of [...byName.values()].toReversed()) {
    if (!/[.:]/.test(host.name)) continue;
    const service = serviceCalled(host.name, lookups);
    if (service === undefined) hosts.push(host);
    else findings.push(warning(host.path, `workloads do not call it by ${host.name}, which is Service ${service}`));
  }
  return { hosts, findings };
}

function hostOf(address: string): string {
  return ipVersion(address) === 'IPv6' ? `[${address.toLowerCase()}]` : address.toLowerCase().replace(/\.$/, '');
}

/** @returns the Service that a host is a name of, as in `shop/cart` */
function serviceCalled(host: string, lookups: Lookups): string | undefined {
  const [, name, namespace] = /^([^.]+)\.([^.]+)(?:\.svc(?:\.cluster\.local)?)?$/.exec(host) ?? [];
  if (name === undefined || namespace === undefined) return undefined;
  return lookups.find('Service', namespace, name) === undefined ? undefined : `${namespace}/${name}`;
}
