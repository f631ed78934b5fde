import type { ClusterProtocol } from '#model/snapshot/cluster.ts';
import type { Problem } from '../../status.ts';
import type { Lookups } from '../inventory.ts';
import { backendKey, ownGroup, type PolicyTarget } from '../policy/policy-target.ts';
import { mayRefer, missingGrant, type Referrer } from '../reference-grants.ts';
import { tlsTowards } from './backend-tls.ts';

/** A reference to something that requests can be sent to. */
export interface BackendReference {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly port?: number | undefined;
}

/** What a route sends to its backends. */
export interface BackendUse {
  readonly speaks: 'http' | 'grpc' | 'bytes';
  /**
   * `clear`: TLS, if any, ended here, and is spoken anew to backends that expect it. `sealed`: the client's own TLS goes
   * on and is never wrapped again. `opaque`: nobody knows; TLS is spoken where a policy says so.
   */
  readonly payload: 'clear' | 'sealed' | 'opaque';
  /** What the gateway shows to backends that ask; null for nothing. */
  readonly clientCertificate: SecretName | null;
}

export interface SecretName {
  readonly namespace: string;
  readonly name: string;
}

/** What a reference leads to: the seed of a cluster. Plain JSON. */
export interface ClusterTarget extends PolicyTarget {
  /** Name of the cluster. */
  readonly cluster: string;
  /** Null for a Backend, whose endpoints have their own. */
  readonly port: number | null;
  readonly protocol: ClusterProtocol;
  readonly speaksTls: boolean;
  readonly clientCertificate: SecretName | null;
  /** Whether endpoints without a sidecar are left out. */
  readonly onlySidecars: boolean;
}

/** Why a reference leads nowhere, and at which of its fields. */
export interface BrokenReference extends Problem {
  readonly field: 'kind' | 'namespace' | 'name' | 'port';
  /** Whether it is in order itself, and only a policy for what it leads to is not. */
  readonly isOfPolicy: boolean;
}

/**
 * Finds what a backend reference means. Permission is asked before existence, so that a refusal tells nothing about
 * another namespace.
 */
export function resolveBackend(
  ref: BackendReference,
  from: Referrer,
  use: BackendUse,
  lookups: Lookups,
): ClusterTarget | BrokenReference {
  const isService = ref.group === '' && ref.kind === 'Service';
  const isBackend = ref.group === ownGroup && ref.kind === 'Backend';
  if (!isService && !isBackend) return broken('kind', 'InvalidKind', unusableKind(ref));
  const namespace = ref.namespace ?? from.namespace;
  const referent = { group: ref.group, kind: ref.kind, namespace, name: ref.name };
  if (!mayRefer(from, referent, lookups)) return broken('namespace', 'RefNotPermitted', missingGrant(from, referent));
  return isService ? resolveService(ref, namespace, use, lookups) : resolveOwnBackend(ref, namespace, use, lookups);
}

function resolveService(
  ref: BackendReference,
  namespace: string,
  use: BackendUse,
  lookups: Lookups,
): ClusterTarget | BrokenReference {
  const service = lookups.find('Service', namespace, ref.name);
  const title = `Service ${namespace}/${ref.name}`;
  if (service === undefined) {
    const isInMesh = lookups.workloadsOf(namespace, ref.name) !== null;
    const reason = isInMesh ? 'is neither declared nor served by a workload' : 'is not declared';
    return broken('name', 'BackendNotFound', `${title} ${reason}`);
  }
  if (service.spec.type === 'ExternalName')
    return broken('name', 'UnsupportedValue', externalName(title, service.spec.externalName));
  const port = service.spec.ports.find((candidate) => candidate.port === ref.port && candidate.protocol === 'TCP');
  if (port === undefined) {
    const known = service.spec.ports.filter(({ protocol }) => protocol === 'TCP').map((candidate) => candidate.port);
    const ports = known.length === 0 ? 'it has no TCP port' : `its TCP ports are ${known.join(', ')}`;
    return broken('port', 'BackendNotFound', `${title} has no TCP port ${ref.port}: ${ports}`);
  }
  const target = { kind: 'Service', namespace, name: ref.name } as const;
  const place = { port: port.port, portName: port.name, appProtocol: port.appProtocol };
  return clusterTarget(target, place, use, lookups);
}

function resolveOwnBackend(
  ref: BackendReference,
  namespace: string,
  use: BackendUse,
  lookups: Lookups,
): ClusterTarget | BrokenReference {
  const backend = lookups.find('Backend', namespace, ref.name);
  if (backend === undefined)
    return broken('name', 'BackendNotFound', `Backend ${namespace}/${ref.name} is not declared`);
  const { appProtocol } = backend.spec;
  const target = { kind: 'Backend', namespace, name: ref.name } as const;
  return clusterTarget(target, { port: null, portName: undefined, appProtocol }, use, lookups);
}

interface Place {
  readonly port: number | null;
  readonly portName: string | undefined;
  readonly appProtocol: string | undefined;
}

function clusterTarget(
  target: PolicyTarget,
  { port, portName, appProtocol }: Place,
  use: BackendUse,
  lookups: Lookups,
): ClusterTarget | BrokenReference {
  const tls = tlsTowards(target, portName, lookups);
  const isSealed = use.payload === 'sealed';
  if (!isSealed && tls !== undefined && 'reason' in tls)
    return { field: 'name', reason: tls.reason, message: tls.message, isOfPolicy: tls.isOfPolicy };
  const speaksTls = tls !== undefined && !isSealed;
  if (!speaksTls && use.payload === 'clear' && expectsTls(appProtocol))
    return broken(port === null ? 'name' : 'port', 'UnsupportedProtocol', unverifiable(target, port, appProtocol));
  const declared = protocolOf(appProtocol) ?? 'http1';
  const protocol = use.speaks === 'grpc' ? 'http2' : declared;
  const ownCertificate = tls !== undefined && 'settings' in tls ? tls.clientCertificate : null;
  const clientCertificate = speaksTls && ownCertificate === null ? use.clientCertificate : null;
  // Only what differs from what the backend's own declarations come to is in the name.
  const variant = [
    protocol === declared ? '' : `#${protocol}`,
    tls !== undefined && isSealed ? '#passthrough' : '',
    clientCertificate === null ? '' : `#Secret/${clientCertificate.namespace}/${clientCertificate.name}`,
  ].join('');
  const cluster = `${backendKey(target)}${port === null ? '' : `:${port}`}${variant}`;
  return { cluster, ...target, port, protocol, speaksTls, clientCertificate, onlySidecars: false };
}

function broken(field: BrokenReference['field'], reason: string, message: string): BrokenReference {
  return { field, reason, message, isOfPolicy: false };
}

function unusableKind({ group, kind }: BackendReference): string {
  const named = group === '' ? kind : `${kind} of group ${group}`;
  return `cannot send requests to a ${named}: only to a Service, or a Backend of group ${ownGroup}`;
}

/**
 * Whoever may write a Service could point one at any name that the proxy resolves, its own loopback included, and have
 * routes of others lead there (CVE-2021-25740); the Gateway API advises against following them.
 */
function externalName(title: string, name = ''): string {
  return `${title} is of type ExternalName, which is not followed since it can point at what its owner may not reach: declare a Backend with address ${name}`;
}

const encryptedProtocols: ReadonlySet<string> = new Set(['https', 'tls', 'kubernetes.io/wss', 'wss']);

/** To speak plain text where TLS is expected would fail at best. */
export function expectsTls(appProtocol: string | undefined): boolean {
  return appProtocol !== undefined && encryptedProtocols.has(appProtocol.toLowerCase());
}

function unverifiable({ kind, namespace, name }: PolicyTarget, port: number | null, appProtocol = ''): string {
  const title = `${kind} ${namespace}/${name}${port === null ? '' : ` port ${port}`}`;
  const remedy = kind === 'Backend' ? 'set its spec.tls' : 'declare a BackendTLSPolicy for it';
  return `${title} has appProtocol ${appProtocol}, and nothing says how its certificate is verified: ${remedy}`;
}

/** What an HTTP route speaks for each declared protocol, inside of TLS where that is spoken. */
const spoken: Readonly<Record<string, ClusterProtocol>> = {
  http: 'http1',
  https: 'http1',
  'kubernetes.io/ws': 'http1',
  'kubernetes.io/wss': 'http1',
  ws: 'http1',
  wss: 'http1',
  'kubernetes.io/h2c': 'http2',
  h2c: 'http2',
  http2: 'http2',
  grpc: 'http2',
};

/**
 * Tells what is spoken to a backend.
 *
 * @returns undefined for a protocol that means nothing to an HTTP route
 */
export function protocolOf(appProtocol: string | undefined): ClusterProtocol | undefined {
  if (appProtocol === undefined || appProtocol === '') return 'http1';
  const word = appProtocol.toLowerCase();
  return Object.hasOwn(spoken, word) ? spoken[word] : undefined;
}
