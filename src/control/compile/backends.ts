import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { Problem } from '../status.ts';
import type { Lookups } from './inventory.ts';
import { mayRefer, missingGrant, type Referrer } from './reference-grants.ts';

/** A reference to something that requests can be sent to. */
export interface BackendReference {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly port?: number | undefined;
}

/** What a reference leads to: the seed of a cluster. */
export type ClusterTarget =
  | { readonly kind: 'Service'; readonly namespace: string; readonly name: string; readonly port: number }
  | { readonly kind: 'Backend'; readonly namespace: string; readonly name: string };

/** Why a reference leads nowhere, and at which of its fields. */
export interface BrokenReference extends Problem {
  readonly field: 'kind' | 'namespace' | 'name' | 'port';
}

/** Names the cluster of a target. */
export function clusterName(target: ClusterTarget): string {
  const name = `${target.kind}/${target.namespace}/${target.name}`;
  return target.kind === 'Service' ? `${name}:${target.port}` : name;
}

/** The API group of Selvage's own kinds. */
const ownGroup = 'selvage.dev';

/**
 * Finds what a backend reference means. Permission is asked before existence, so that a refusal tells nothing about
 * another namespace.
 */
export function resolveBackend(
  ref: BackendReference,
  from: Referrer,
  lookups: Lookups,
): ClusterTarget | BrokenReference {
  const isService = ref.group === '' && ref.kind === 'Service';
  const isBackend = ref.group === ownGroup && ref.kind === 'Backend';
  if (!isService && !isBackend) return broken('kind', 'InvalidKind', unusableKind(ref));
  const namespace = ref.namespace ?? from.namespace;
  const referent = { group: ref.group, kind: ref.kind, namespace, name: ref.name };
  if (!mayRefer(from, referent, lookups)) return broken('namespace', 'RefNotPermitted', missingGrant(from, referent));
  return isService ? resolveService(ref, namespace, lookups) : resolveOwnBackend(ref, namespace, lookups);
}

function resolveService(ref: BackendReference, namespace: string, lookups: Lookups): ClusterTarget | BrokenReference {
  const service = lookups.find('Service', namespace, ref.name);
  const title = `Service ${namespace}/${ref.name}`;
  if (service === undefined) return broken('name', 'BackendNotFound', `${title} is not declared`);
  if (service.spec.type === 'ExternalName')
    return broken('name', 'UnsupportedValue', externalName(title, service.spec.externalName));
  const port = service.spec.ports.find((candidate) => candidate.port === ref.port && candidate.protocol === 'TCP');
  if (port === undefined) {
    const known = service.spec.ports.filter(({ protocol }) => protocol === 'TCP').map((candidate) => candidate.port);
    const ports = known.length === 0 ? 'it has no TCP port' : `its TCP ports are ${known.join(', ')}`;
    return broken('port', 'BackendNotFound', `${title} has no TCP port ${ref.port}: ${ports}`);
  }
  if (isEncrypted(port.appProtocol))
    return broken('port', 'UnsupportedProtocol', encrypted(`${title} port ${port.port}`, port.appProtocol));
  return { kind: 'Service', namespace, name: ref.name, port: port.port };
}

function resolveOwnBackend(
  ref: BackendReference,
  namespace: string,
  lookups: Lookups,
): ClusterTarget | BrokenReference {
  const backend = lookups.find('Backend', namespace, ref.name);
  const title = `Backend ${namespace}/${ref.name}`;
  if (backend === undefined) return broken('name', 'BackendNotFound', `${title} is not declared`);
  const { appProtocol } = backend.spec;
  if (isEncrypted(appProtocol)) return broken('name', 'UnsupportedProtocol', encrypted(title, appProtocol));
  return { kind: 'Backend', namespace, name: ref.name };
}

function broken(field: BrokenReference['field'], reason: string, message: string): BrokenReference {
  return { field, reason, message };
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
function isEncrypted(appProtocol: string | undefined): boolean {
  return appProtocol !== undefined && encryptedProtocols.has(appProtocol.toLowerCase());
}

function encrypted(title: string, appProtocol: string | undefined): string {
  return `${title} has appProtocol ${appProtocol}: TLS towards backends is not supported yet`;
}

/** What an HTTP route speaks for each declared protocol. */
const spoken: Readonly<Record<string, ClusterResource['protocol']>> = {
  http: 'http1',
  'kubernetes.io/ws': 'http1',
  ws: 'http1',
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
export function protocolOf(appProtocol: string | undefined): ClusterResource['protocol'] | undefined {
  if (appProtocol === undefined || appProtocol === '') return 'http1';
  const word = appProtocol.toLowerCase();
  return Object.hasOwn(spoken, word) ? spoken[word] : undefined;
}
