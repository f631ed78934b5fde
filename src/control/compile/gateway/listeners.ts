import type { Path } from '#model/field-path.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { AuthorizationLevels } from '#model/snapshot/authorization.ts';
import type { ClientValidation, ListenerProtocol } from '#model/snapshot/listener.ts';
import { minTlsVersion, type TlsVersion } from '#model/tls-options.ts';
import type { Problem } from '../../status.ts';
import type { AuthorityHolder } from '../certificate/authorities.ts';
import { resolveCertificate } from '../certificate/certificates.ts';
import { error, type Finding } from '../finding.ts';
import type { Lookups } from '../inventory.ts';
import { authorizationLevels } from '../policy/authorization-levels.ts';
import { gatewayGroup, kindsFor, type RouteKind } from '../route/route-kinds.ts';
import { clientSettings, type ClientSettings } from './client-policies.ts';
import type { ClientCheck, FrontendPlan } from './client-validation.ts';
import { closingPolicy } from './closed-listeners.ts';

export type Gateway = ResourceOf<'Gateway'>;
export type DeclaredListener = Gateway['spec']['listeners'][number];

/** One listener of a gateway, before it is known what other gateways listen on. */
export interface ListenerPlan {
  /** `<namespace>/<gateway>/<listener>`. */
  readonly fullName: string;
  readonly name: string;
  readonly port: number;
  /** Null where it is none that is served. */
  readonly protocol: ListenerProtocol | null;
  /** Whether TLS ends here. */
  readonly decrypts: boolean;
  /** '' for any. */
  readonly hostname: string;
  /** Routes of which kinds may attach. */
  readonly routeKinds: readonly RouteKind[];
  readonly namespaces: DeclaredListener['allowedRoutes']['namespaces'];
  readonly certificates: readonly CertificateResource[];
  /** What is asked of clients; null where nothing is. */
  readonly clientValidation: ClientValidation | null;
  readonly minTlsVersion: TlsVersion;
  readonly settings: ClientSettings;
  /** What the authorities of clients come from. */
  readonly authorityHolders: readonly AuthorityHolder[];
  /** Why it is not accepted. */
  readonly refusals: readonly Problem[];
  /** Why it stays closed although it is in order; nobody else gets its place. */
  readonly closures: readonly Problem[];
  /** The policies that requests are judged by, whatever route they take. */
  readonly authorization: AuthorizationLevels;
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

const servedProtocols: readonly string[] = ['HTTP', 'HTTPS', 'TLS', 'TCP'] satisfies readonly ListenerProtocol[];

/** Plans the listener at an index of a gateway. */
export function planListener(
  gateway: Gateway,
  index: number,
  frontend: FrontendPlan,
  lookups: Lookups,
): Planned<ListenerPlan> {
  const declared = gateway.spec.listeners[index] as DeclaredListener;
  const findings: Finding[] = [];
  const note = (path: Path, problem: Problem): Problem => {
    findings.push(error(['spec', 'listeners', index, ...path], problem.message));
    return problem;
  };
  const { namespace, name } = gateway.metadata;
  const protocol = isServed(declared) ? (declared.protocol as ListenerProtocol) : null;
  const decrypts = protocol === 'HTTPS' || (protocol === 'TLS' && declared.tls?.mode === 'Terminate');
  const certificates = decrypts ? certificatesOf(gateway, declared, lookups, note) : { found: [], broken: [] };
  const kinds = routeKindsOf(declared, protocol === null ? [] : kindsFor(protocol, decrypts), note);
  // The standard asks clients of HTTPS listeners only.
  const check = protocol === 'HTTPS' ? frontend.checkFor(declared.port) : undefined;
  const target = { kind: 'Gateway', namespace, name } as const;
  const authorization = authorizationLevels(target, declared.name, lookups);
  const plan: ListenerPlan = {
    fullName: `${namespace}/${name}/${declared.name}`,
    name: declared.name,
    port: declared.port,
    protocol,
    decrypts,
    hostname: declared.hostname ?? '',
    routeKinds: kinds.allowed,
    namespaces: declared.allowedRoutes.namespaces,
    certificates: certificates.found,
    clientValidation: check?.validation ?? null,
    minTlsVersion: minTlsVersion(declared.tls?.options ?? {}),
    settings: clientSettings(gateway, declared, lookups),
    authorityHolders: check?.holders ?? [],
    refusals: refusalsOf(declared, check, note),
    closures: closuresOf(gateway, declared, authorization, lookups).map((problem) => note([], problem)),
    authorization,
    conflicts: conflictsWithin(gateway, declared).map((problem) => note(['port'], problem)),
    brokenReferences: [...certificates.broken, ...(check?.brokenReferences ?? []), ...kinds.unknown],
  };
  return { plan, findings };
}

type Note = (path: Path, problem: Problem) => Problem;

function refusalsOf({ protocol, port }: DeclaredListener, check: ClientCheck | undefined, note: Note): Problem[] {
  if (!servedProtocols.includes(protocol)) {
    return [
      note(['protocol'], {
        reason: 'UnsupportedProtocol',
        message: `protocol ${protocol} is not supported: only ${servedProtocols.join(', ')}`,
      }),
    ];
  }
  if (check === undefined || check.validation !== null) return [];
  // To serve without the check would let everybody in.
  const message = `no certificate is known that clients on port ${port} could be checked with (spec.tls.frontend): the listener stays closed`;
  return [note([], { reason: 'NoValidCACertificate', message })];
}

function closuresOf(
  gateway: Gateway,
  declared: DeclaredListener,
  authorization: AuthorizationLevels,
  lookups: Lookups,
): readonly Problem[] {
  if (authorization.length > 0 && declared.protocol !== 'HTTP' && declared.protocol !== 'HTTPS') {
    // To pass connections on would be to ignore the policy.
    const policies = authorization.flat().join(', ');
    const message = `${policies} cannot judge connections of protocol ${declared.protocol}: the listener stays closed`;
    return [{ reason: 'Invalid', message }];
  }
  const policy = isServed(declared) ? closingPolicy(gateway, declared.port, lookups) : undefined;
  if (policy === undefined) return [];
  const message = `${policy.title} is not valid and may say how the PROXY protocol is read on port ${declared.port}: the listener stays closed`;
  return [{ reason: 'Invalid', message }];
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
  return servedProtocols.includes(protocol);
}

function certificatesOf({ metadata }: Gateway, { protocol, tls }: DeclaredListener, lookups: Lookups, note: Note) {
  const from = { group: gatewayGroup, kind: 'Gateway', namespace: metadata.namespace };
  const refs = tls?.certificateRefs ?? [];
  const found: CertificateResource[] = [];
  const broken: Problem[] = [];
  if (refs.length === 0) {
    const message = `${protocol} needs a certificate, and certificateRefs names none`;
    broken.push(note(tls === undefined ? [] : ['tls'], { reason: 'InvalidCertificateRef', message }));
  }
  for (const [i, ref] of refs.entries()) {
    const resolved = resolveCertificate(ref, from, lookups);
    if ('reason' in resolved) broken.push(note(['tls', 'certificateRefs', i], resolved));
    else if (!found.some(({ name }) => name === resolved.name)) found.push(resolved);
  }
  return { found, broken };
}

function routeKindsOf(
  { protocol, allowedRoutes: { kinds } }: DeclaredListener,
  fitting: readonly RouteKind[],
  note: Note,
): { readonly allowed: readonly RouteKind[]; readonly unknown: readonly Problem[] } {
  if (kinds.length === 0) return { allowed: fitting, unknown: [] };
  const isDeclared = (known: RouteKind) => kinds.some(({ group, kind }) => group === gatewayGroup && kind === known);
  const unknown: Problem[] = [];
  for (const [i, { group, kind }] of kinds.entries()) {
    if (group === gatewayGroup && (fitting as readonly string[]).includes(kind)) continue;
    const message = `routes of kind ${kind} (group ${group || '""'}) cannot attach to a listener of protocol ${protocol}`;
    unknown.push(note(['allowedRoutes', 'kinds', i], { reason: 'InvalidRouteKinds', message }));
  }
  return { allowed: fitting.filter(isDeclared), unknown };
}
