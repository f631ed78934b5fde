import { backendTLS } from '#model/backend.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { ClusterTls, SubjectAltName } from '#model/snapshot/cluster.ts';
import type { Problem } from '../../status.ts';
import { resolveAuthorities, type AuthorityHolder } from '../certificate/authorities.ts';
import { resolveCertificate } from '../certificate/certificates.ts';
import type { Lookups } from '../inventory.ts';
import { ownGroup, type PolicyTarget } from '../policy/policy-target.ts';
import { governingPolicy, trustOf, type Trust } from '../policy/tls-policies.ts';

/** How TLS is spoken to a backend. */
export interface BackendTls {
  readonly settings: Omit<ClusterTls, 'clientCertificate'>;
  /** The backend's own choice; null to show that of the gateway. */
  readonly clientCertificate: CertificateResource | null;
  readonly holders: readonly AuthorityHolder[];
}

/** Why nothing can be sent to a backend that TLS should be spoken to. */
export interface TlsFault extends Problem {
  /** Whether a policy is to blame: its own status says so then. */
  readonly isOfPolicy: boolean;
}

/**
 * Finds how TLS is spoken to a backend.
 *
 * @param portName of the Service's port; undefined where it has none
 * @returns undefined where nothing asks for TLS
 */
export function tlsTowards(
  target: PolicyTarget,
  portName: string | undefined,
  lookups: Lookups,
): BackendTls | TlsFault | undefined {
  const backend = target.kind === 'Backend' ? lookups.find('Backend', target.namespace, target.name) : undefined;
  if (backend?.spec.tls !== undefined) return ownTls(backend, lookups);
  const policy = governingPolicy(target, portName, lookups);
  if (policy === undefined) return backend === undefined ? undefined : ownTls(backend, lookups);
  if ('isRejected' in policy) return { reason: 'Invalid', message: `${policy.title} is not valid`, isOfPolicy: true };
  const trust = trustOf(policy, lookups);
  if (!('reason' in trust)) return settingsOf(policy.spec.validation, trust, null);
  const { namespace, name } = policy.metadata;
  return { reason: trust.reason, message: `BackendTLSPolicy ${namespace}/${name}: ${trust.message}`, isOfPolicy: true };
}

type Backend = ResourceOf<'Backend'>;

/** What a Backend says itself: in `spec.tls`, or by a protocol over TLS, whose authorities are public ones then. */
function ownTls(backend: Backend, lookups: Lookups): BackendTls | TlsFault | undefined {
  const tls = backendTLS(backend);
  if (tls === undefined) return undefined;
  const { namespace, name } = backend.metadata;
  const from = { group: ownGroup, kind: 'Backend', namespace };
  const fault = ({ reason, message }: Problem): TlsFault => {
    return { reason, message: `Backend ${namespace}/${name}: ${message}`, isOfPolicy: false };
  };
  const declared = resolveAuthorities(tls.caCertificateRefs, from, 'InvalidKind', lookups);
  const [broken] = declared.broken.values();
  if (broken !== undefined) return fault(broken);
  const isPublic = tls.caCertificateRefs.length === 0;
  const trust: Trust = { caCertificates: isPublic ? null : declared.certificates, holders: declared.holders };
  if (tls.clientCertificateRef === undefined) return settingsOf(tls, trust, null);
  const certificate = resolveCertificate(tls.clientCertificateRef, from, lookups);
  return 'reason' in certificate ? fault(certificate) : settingsOf(tls, trust, certificate);
}

interface DeclaredNames {
  readonly hostname: string;
  readonly subjectAltNames: BackendTLSNames;
}

type BackendTLSNames = ResourceOf<'BackendTLSPolicy'>['spec']['validation']['subjectAltNames'];

function settingsOf(
  { hostname, subjectAltNames }: DeclaredNames,
  { caCertificates, holders }: Trust,
  clientCertificate: CertificateResource | null,
): BackendTls {
  const names = subjectAltNames.map(({ type, hostname: host, uri }): SubjectAltName => {
    return { type, value: (type === 'Hostname' ? host : uri) ?? '' };
  });
  return { settings: { hostname, caCertificates, subjectAltNames: names }, clientCertificate, holders };
}
