import { type IdentityProblem, identityProblem } from './identity-problem.ts';
import { parseSpiffeId, type SpiffeId } from './spiffe-id.ts';
import type { TrustDomain } from './trust-domain.ts';
import { readCertificateFields, type CertificateFields } from './x509/certificate-fields.ts';
import { keyUsageBit } from './x509/extensions.ts';

/** Who the other end of a connection is. */
export interface PeerIdentity {
  readonly spiffeId: SpiffeId;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** Milliseconds since 1970; a connection that lasts longer is with nobody. */
  readonly expiresAtMs: number;
}

/**
 * Reads who a peer is, once per connection.
 *
 * @param certificate in DER; must have been verified against the bundle of `trustDomain`, as a TLS handshake does
 * @param nowMs since 1970
 * @see X509-SVID §5.2
 */
export function readPeerIdentity(
  certificate: { readonly raw: Uint8Array },
  trustDomain: TrustDomain,
  nowMs: number,
): PeerIdentity | IdentityProblem {
  const fields = readCertificateFields(certificate.raw);
  if (fields === undefined) return identityProblem('malformed', 'the certificate cannot be read as X.509 version 3');
  const problem = findLeafProblem(fields) ?? findTimeProblem(fields, nowMs);
  if (problem !== undefined) return problem;
  const spiffeId = readSpiffeId(fields);
  if ('problem' in spiffeId) return spiffeId;
  if (spiffeId.trustDomain !== trustDomain) {
    const message = `the certificate is of trust domain ${spiffeId.trustDomain}, not of ${trustDomain}`;
    return identityProblem('foreign-trust-domain', message);
  }
  return { spiffeId, serialNumber: fields.serialNumber, expiresAtMs: fields.notAfterMs };
}

/** Exactly one URI: of several, each reader could take another one for the identity (X509-SVID §2). */
function readSpiffeId({ uris: [uri, ...others] }: CertificateFields): SpiffeId | IdentityProblem {
  if (uri === undefined) return identityProblem('no-uri', 'the certificate names no URI and so no SPIFFE id');
  if (others.length > 0)
    return identityProblem('several-uris', `the certificate names ${others.length + 1} URIs; a SPIFFE id stands alone`);
  const id = parseSpiffeId(uri);
  return typeof id === 'string' ? identityProblem('not-a-spiffe-id', `the certificate's URI ${id}`) : id;
}

/** An authority's certificate is no workload's, and the key of a workload signs no certificates (X509-SVID §4, §5.2). */
function findLeafProblem({ isAuthority, keyUsage, unknownCritical }: CertificateFields): IdentityProblem | undefined {
  if (isAuthority || keyUsage?.has(keyUsageBit.keyCertSign) === true || keyUsage?.has(keyUsageBit.cRLSign) === true)
    return identityProblem('authority-certificate', "the certificate is an authority's and not a workload's");
  if (keyUsage?.has(keyUsageBit.digitalSignature) !== true)
    return identityProblem('wrong-usage', 'the certificate lacks the key usage digitalSignature');
  if (unknownCritical.length > 0)
    return identityProblem('wrong-usage', `the certificate has an unknown critical extension ${unknownCritical[0]}`);
  return undefined;
}

/** Clocks are taken as they are: authorities date certificates back by minutes for those that are slow. */
function findTimeProblem({ notBeforeMs, notAfterMs }: CertificateFields, nowMs: number): IdentityProblem | undefined {
  if (nowMs < notBeforeMs) {
    const message = `the certificate is valid from ${isoTime(notBeforeMs)}, and here it is ${isoTime(nowMs)}: compare the clocks`;
    return identityProblem('not-yet-valid', message);
  }
  if (nowMs > notAfterMs)
    return identityProblem(
      'expired',
      `the certificate expired at ${isoTime(notAfterMs)}, and here it is ${isoTime(nowMs)}: renew it, or compare the clocks`,
    );
  return undefined;
}

function isoTime(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
