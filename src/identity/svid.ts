import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '#model/tls-key-pair.ts';
import { type IdentityProblem, identityProblem } from './identity-problem.ts';
import { readPeerIdentity } from './peer-identity.ts';
import { isSameSpiffeId, type SpiffeId } from './spiffe-id.ts';
import { rootCertificates, type TrustBundle } from './trust-bundle.ts';
import type { WorkloadKey } from './workload-key.ts';
import { readCertificateFields } from './x509/certificate-fields.ts';
import { leadsToRoot } from './x509/certification-path.ts';
import { objectIdentifier } from './x509/object-identifiers.ts';

/** A workload's own identity: what it shows and the key that proves it. */
export interface Svid {
  readonly spiffeId: SpiffeId;
  /** PEM, the workload's certificate first, without the root. */
  readonly certificateChain: string;
  readonly key: WorkloadKey;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** Milliseconds since 1970, by this machine's clock. */
  readonly obtainedAtMs: number;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** What a certificate chain must agree with to be a workload's SVID. */
export interface SvidExpectations {
  readonly spiffeId: SpiffeId;
  readonly key: WorkloadKey;
  readonly bundle: TrustBundle;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** When the chain came from the authority; lies before `nowMs` where it was saved since. */
  readonly obtainedAtMs: number;
}

/**
 * Judges a chain as its own workload must before it shows it: whatever peers would refuse is refused here, where the
 * reason can be told.
 *
 * @param certificateChain PEM, the workload's own certificate first
 * @see X509-SVID §4, §5
 */
export function readSvid(certificateChain: string, expected: SvidExpectations): Svid | IdentityProblem {
  const [leaf, ...intermediates] = readChain(certificateChain);
  if (leaf === undefined) return identityProblem('malformed', 'the certificate chain cannot be read');
  const identity = readPeerIdentity(leaf, expected.bundle.trustDomain, expected.nowMs);
  if ('problem' in identity) return identity;
  if (!isSameSpiffeId(identity.spiffeId, expected.spiffeId)) {
    const message = `the certificate is for ${identity.spiffeId.uri}, not for ${expected.spiffeId.uri}`;
    return identityProblem('other-identity', message);
  }
  if (!isOfKey(leaf, expected.key)) return identityProblem('other-key', 'the certificate is for another key');
  if (!isForBothEnds(leaf))
    return identityProblem('wrong-usage', 'the certificate is not for both TLS clients and servers');
  if (!leadsToRoot(leaf, intermediates, rootCertificates(expected.bundle), expected.nowMs))
    return identityProblem('foreign-root', 'the certificate leads to no root of the trust bundle');
  const { spiffeId, serialNumber, expiresAtMs } = identity;
  const { key, obtainedAtMs } = expected;
  return { spiffeId, certificateChain, key, serialNumber, obtainedAtMs, expiresAtMs };
}

/** @returns none where any part cannot be read */
function readChain(pem: string): readonly X509Certificate[] {
  try {
    return certificatesIn(pem).map((text) => new X509Certificate(text));
  } catch {
    return [];
  }
}

function isOfKey(leaf: X509Certificate, key: WorkloadKey): boolean {
  return leaf.publicKey.export({ type: 'spki', format: 'der' }).equals(key.publicKey);
}

/** No purposes at all means any (RFC 5280 §4.2.1.12). */
function isForBothEnds(leaf: X509Certificate): boolean {
  const purposes = readCertificateFields(leaf.raw)?.purposes;
  const needed = [objectIdentifier.serverAuth, objectIdentifier.clientAuth];
  return purposes === undefined || needed.every((purpose) => purposes.includes(purpose));
}
