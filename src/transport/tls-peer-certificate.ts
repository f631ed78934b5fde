import type { X509Certificate } from 'node:crypto';
import { parseSubjectAltNames } from './subject-alt-names.ts';
import type { PeerCertificate } from './tls-session.ts';

/** Reads who a peer is from its certificate, which must have been verified. */
export const readPeerCertificate = (certificate: X509Certificate): PeerCertificate => {
  const names = parseSubjectAltNames(certificate.subjectAltName);
  const valuesOf = (type: string): readonly string[] => names.filter((name) => name.type === type).map(({ value }) => value);
  return Object.freeze({
    subject: certificate.subject.split('\n').join(','),
    dnsNames: valuesOf('DNS'),
    uris: valuesOf('URI'),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    expiresAtMs: Date.parse(certificate.validTo),
  });
};
