import type { ResourceOf } from '#model/resource.ts';
import { secretEntry } from '#model/secret.ts';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { Problem } from '../../status.ts';
import type { Lookups } from '../inventory.ts';
import { mayRefer, missingGrant, type Referrer } from '../reference-grants.ts';
import { versioned } from '../version.ts';

/** A reference from a listener to its certificate. */
export interface CertificateReference {
  readonly group: string;
  readonly kind: string;
  readonly namespace?: string | undefined;
  readonly name: string;
}

/** Finds the certificate that a reference means, or says why there is none. */
export function resolveCertificate(
  ref: CertificateReference,
  from: Referrer,
  lookups: Lookups,
): CertificateResource | Problem {
  if (ref.group !== '' || ref.kind !== 'Secret')
    return invalid(`cannot take a certificate from a ${ref.kind}: only from a Secret`);
  const namespace = ref.namespace ?? from.namespace;
  const referent = { group: '', kind: 'Secret', namespace, name: ref.name };
  // Before existence, so that a refusal tells nothing about another namespace.
  if (!mayRefer(from, referent, lookups)) return { reason: 'RefNotPermitted', message: missingGrant(from, referent) };
  const secret = lookups.find('Secret', namespace, ref.name);
  if (secret === undefined) return invalid(`Secret ${namespace}/${ref.name} is not declared`);
  // Of this type only it was made sure that certificate and key are usable.
  if (secret.type !== 'kubernetes.io/tls')
    return invalid(`Secret ${namespace}/${ref.name} is of type ${secret.type}, not kubernetes.io/tls`);
  return certificateOf(secret);
}

function invalid(message: string): Problem {
  return { reason: 'InvalidCertificateRef', message };
}

/** Makes the resource of a secret of type kubernetes.io/tls. */
export function certificateOf(secret: ResourceOf<'Secret'>): CertificateResource {
  const { namespace, name } = secret.metadata;
  return versioned<CertificateResource>({
    type: 'certificate',
    name: `Secret/${namespace}/${name}`,
    certificateChain: secretEntry(secret, 'tls.crt')?.toString('latin1') ?? '',
    privateKey: secretEntry(secret, 'tls.key')?.toString('latin1') ?? '',
  });
}
