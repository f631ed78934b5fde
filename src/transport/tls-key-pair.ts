import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import { parseSubjectAltNames } from './subject-alt-names.ts';

/** A certificate with its key, found usable. */
export interface TlsKeyPair {
  readonly name: string;
  readonly version: string;
  readonly certificateChain: string;
  readonly privateKey: string;
  /** Host names that the certificate is for, lower case; `*.example.com` for one label in front. */
  readonly hostNames: readonly string[];
  /** Of one name, a certificate of each kind may be shown, as the client is able. */
  readonly keyType: string;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
}

/** @returns the reason where the certificate cannot be used */
export const readKeyPair = (resource: CertificateResource): TlsKeyPair | string => {
  const { name, version, certificateChain, privateKey } = resource;
  try {
    const leaf = new X509Certificate(certificateChain);
    const key = createPrivateKey(privateKey);
    if (!leaf.checkPrivateKey(key)) return `certificate ${name}: the private key belongs to another certificate`;
    return {
      name,
      version,
      certificateChain,
      privateKey,
      hostNames: hostNamesOf(leaf),
      keyType: key.asymmetricKeyType ?? 'unknown',
      expiresAtMs: Date.parse(leaf.validTo),
    };
  } catch (error) {
    return `certificate ${name}: ${error instanceof Error ? error.message : String(error)}`;
  }
};

/** The common name counts only where there is no alternative name, as clients had it before RFC 6125. */
const hostNamesOf = (leaf: X509Certificate): readonly string[] => {
  const alternatives = parseSubjectAltNames(leaf.subjectAltName).filter(({ type }) => type === 'DNS');
  if (alternatives.length > 0) return alternatives.map(({ value }) => value.toLowerCase());
  const commonName = /^CN=(.+)$/m.exec(leaf.subject)?.[1];
  return commonName === undefined ? [] : [commonName.toLowerCase()];
};
