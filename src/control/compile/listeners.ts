import type { Path } from '#model/field-path.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { Problem } from '../status.ts';
import { resolveCertificate } from './certificates.ts';
import { error, type Finding } from './finding.ts';
import type { Lookups } from './inventory.ts';

export type Gateway = ResourceOf<'Gateway'>;
export type DeclaredListener = Gateway['spec']['listeners'][number];

/** The API group of gateways and of the routes that attach to them. */
export const gatewayGroup = 'gateway.networking.k8s.io';

/** One listener of a gateway, before it is known what other gateways listen on. */
export interface ListenerPlan {
  /** `<namespace>/<gateway>/<listener>`. */
  readonly fullName: string;
  readonly name: string;
  readonly port: number;
  /** Null where it is none that is served. */
  readonly protocol: 'HTTP' | 'HTTPS' | null;
  /** '' for any. */
  readonly hostname: string;
  /** Whether routes of kind HTTPRoute may attach. */
  readonly takesHttpRoutes: boolean;
  readonly namespaces: DeclaredListener['allowedRoutes']['namespaces'];
  readonly certificates: readonly CertificateResource[];
  /** Why it is not accepted. */
  readonly refusals: readonly Problem[];
  /** Why it is not distinct from others. */
  readonly conflicts: readonly Problem[];
  /** Which of its references lead nowhere. */
  readonly brokenReferences: readonly Problem[];
}

/** What is planned, and what is wrong with it. */
export interface Planned<T> {
  readonly plan: T;
  readonly findings: readonly Finding[];
}

/** Plans the listener at an index of a gateway. */
export function planListener(gateway: Gateway, index: number, lookups: Lookups): Planned<ListenerPlan> {
  const declared = gateway.spec.listeners[index] as DeclaredListener;
  const findings: Finding[] = [];
  const note = (path: Path, problem: Problem): Problem => {
    findings.push(error(['spec', 'listeners', index, ...path], problem.message));
    return problem;
  };
  const { namespace, name } = gateway.metadata;
  const protocol = declared.protocol === 'HTTP' || declared.protocol === 'HTTPS' ? declared.protocol : null;
  const certificates =
    protocol === 'HTTPS' ? certificatesOf(gateway, declared, lookups, note) : { found: [], broken: [] };
  const kinds = routeKindsOf(declared, note);
  const plan: ListenerPlan = {
    fullName: `${namespace}/${name}/${declared.name}`,
    name: declared.name,
    port: declared.port,
    protocol,
    hostname: declared.hostname ?? '',
    takesHttpRoutes: protocol !== null && kinds.takesHttpRoutes,
    namespaces: declared.allowedRoutes.namespaces,
    certificates: certificates.found,
    refusals: refusalsOf(gateway, declared, note),
    conflicts: conflictsWithin(gateway, declared).map((problem) => note(['port'], problem)),
    brokenReferences: [...certificates.broken, ...kinds.unknown],
  };
  return { plan, findings };
}

type Note = (path: Path, problem: Problem) => Problem;

function refusalsOf({ spec }: Gateway, { protocol, port }: DeclaredListener, note: Note): Problem[] {
  if (protocol !== 'HTTP' && protocol !== 'HTTPS') {
    return [
      note(['protocol'], {
        reason: 'UnsupportedProtocol',
        message: `protocol ${protocol} is not supported: only HTTP and HTTPS`,
      }),
    ];
  }
  if (protocol === 'HTTP' || !checksClients(spec, port)) return [];
  // To serve without the check would let everybody in.
  const message = `client certificates are asked for on port ${port} (spec.tls.frontend), which is not supported yet: the listener stays closed`;
  return [note([], { reason: 'UnsupportedValue', message })];
}

function checksClients({ tls }: Gateway['spec'], port: number): boolean {
  const own = tls?.frontend?.perPort.find((setting) => setting.port === port);
  return (own === undefined ? tls?.frontend?.default : own.tls)?.validation !== undefined;
}

/**
 * Finds what makes a listener indistinct from others of its gateway. All that are indistinct lose: to pick a winner
 * would make traffic depend on the order of a list.
 */
function conflictsWithin({ spec }: Gateway, declared: DeclaredListener): Problem[] {
  const rivals = spec.listeners.filter(
    (other) => other !== declared && other.port === declared.port && isServed(other),
  );
  if (!isServed(declared) || rivals.length === 0) return [];
  const otherProtocol = rivals.find(({ protocol }) => protocol !== declared.protocol);
  if (otherProtocol !== undefined) {
    const message = `port ${declared.port} cannot speak ${declared.protocol} here and ${otherProtocol.protocol} for listener ${otherProtocol.name}`;
    return [{ reason: 'ProtocolConflict', message }];
  }
  const twin = rivals.find(({ hostname = '' }) => hostname === (declared.hostname ?? ''));
  if (twin === undefined) return [];
  return [
    { reason: 'HostnameConflict', message: `listener ${twin.name} has the same port ${declared.port} and host name` },
  ];
}

function isServed({ protocol }: DeclaredListener): boolean {
  return protocol === 'HTTP' || protocol === 'HTTPS';
}

function certificatesOf({ metadata }: Gateway, { tls }: DeclaredListener, lookups: Lookups, note: Note) {
  const from = { group: gatewayGroup, kind: 'Gateway', namespace: metadata.namespace };
  const refs = tls?.certificateRefs ?? [];
  const found: CertificateResource[] = [];
  const broken: Problem[] = [];
  if (refs.length === 0) {
    const message = 'HTTPS needs a certificate, and certificateRefs names none';
    broken.push(note(tls === undefined ? [] : ['tls'], { reason: 'InvalidCertificateRef', message }));
  }
  for (const [i, ref] of refs.entries()) {
    const resolved = resolveCertificate(ref, from, lookups);
    if ('reason' in resolved) broken.push(note(['tls', 'certificateRefs', i], resolved));
    else if (!found.some(({ name }) => name === resolved.name)) found.push(resolved);
  }
  return { found, broken };
}

function routeKindsOf({ protocol, allowedRoutes: { kinds } }: DeclaredListener, note: Note) {
  const isHttpRoute = (kind: { readonly group: string; readonly kind: string }) =>
    kind.group === gatewayGroup && kind.kind === 'HTTPRoute';
  const unknown: Problem[] = [];
  for (const [i, kind] of kinds.entries()) {
    if (isHttpRoute(kind)) continue;
    const message = `routes of kind ${kind.kind} (group ${kind.group || '""'}) cannot attach to a listener of protocol ${protocol}`;
    unknown.push(note(['allowedRoutes', 'kinds', i], { reason: 'InvalidRouteKinds', message }));
  }
  return { takesHttpRoutes: kinds.length === 0 || kinds.some(isHttpRoute), unknown };
}
