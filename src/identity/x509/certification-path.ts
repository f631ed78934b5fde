import type { X509Certificate } from 'node:crypto';
import { readCertificateFields } from './certificate-fields.ts';
import { keyUsageBit } from './extensions.ts';

/** More than any authority needs; bounds the work that a peer's chain can cause. */
const MAX_INTERMEDIATES = 8;

/**
 * Whether a certificate leads to one of the roots by signatures of valid authorities (RFC 5280 §6.1, without policies
 * and name constraints: an authority that has critical ones of those counts as none).
 *
 * @param intermediates in any order; those that lead nowhere do not matter
 * @param nowMs since 1970
 */
export function leadsToRoot(
  certificate: X509Certificate,
  intermediates: readonly X509Certificate[],
  roots: readonly X509Certificate[],
  nowMs: number,
): boolean {
  if (intermediates.length > MAX_INTERMEDIATES) return false;
  const climb = (child: X509Certificate, rest: readonly X509Certificate[], below: number): boolean =>
    roots.some((root) => isIssuer(root, child, below, nowMs)) ||
    rest.some(
      (candidate) =>
        isIssuer(candidate, child, below, nowMs) &&
        climb(
          candidate,
          rest.filter((other) => other !== candidate),
          below + 1,
        ),
    );
  return climb(certificate, intermediates, 0);
}

/** @param below how many authorities stand between the issuer and the certificate at the end */
function isIssuer(issuer: X509Certificate, child: X509Certificate, below: number, nowMs: number): boolean {
  const fields = readCertificateFields(issuer.raw);
  if (fields === undefined || !fields.isAuthority || fields.unknownCritical.length > 0) return false;
  if (fields.keyUsage?.has(keyUsageBit.keyCertSign) === false || below > (fields.pathLength ?? Infinity)) return false;
  if (nowMs < fields.notBeforeMs || nowMs > fields.notAfterMs) return false;
  return child.checkIssued(issuer) && child.verify(issuer.publicKey);
}
