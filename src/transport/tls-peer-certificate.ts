import type { X509Certificate } from 'node:crypto';
import { parseSubjectAltNames } from './subject-alt-names.ts';
import type { PeerCertificate } from './tls-session.ts';

/** Reads who a peer is from its certificate, which must have been verified. */
export const readPeerCertificate = (certificate: X509Certificate): PeerCertificate => {
  const names = parseSubjectAltNames(certificate.subjectAltName);
  const valuesOf = (type: string): readonly string[] =>
    names.filter((name) => name.type === type).map(({ value }) => value);
  return Object.freeze({
    // A SPIFFE certificate may have none (X509-SVID §4.2), of which the types of Node do not know.
    subject: ((certificate.subject as string | undefined) ?? '').split('\n').join(','),
    dnsNames: valuesOf('DNS'),
    uris: valuesOf('URI'),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    expiresAtMs: Date.parse(certificate.validTo),
    raw: certificate.raw,
  });
};
