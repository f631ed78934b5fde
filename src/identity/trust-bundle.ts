import { X509Certificate } from 'node:crypto';
import { certificatesIn } from '#model/tls-key-pair.ts';
import { encodePem } from './der/pem.ts';
import type { TrustDomain } from './trust-domain.ts';
import { readCertificateFields } from './x509/certificate-fields.ts';

/** The roots of a trust domain at one version. While roots are exchanged, it holds the old and the new. */
export interface TrustBundle {
  readonly trustDomain: TrustDomain;
  /** Grows with every change. */
  readonly version: number;
  /** Not empty; PEM in one spelling, so that equal roots are equal texts. */
  readonly roots: readonly string[];
}

/**
 * Makes a bundle of certificates.
 *
 * @param pem any number of certificates; what stands around them and repetitions are dropped
 * @returns the reason where one cannot be a root, or there is none
 */
export function createTrustBundle(trustDomain: TrustDomain, version: number, pem: string): TrustBundle | string {
  const roots = new Set<string>();
  for (const [i, text] of certificatesIn(pem).entries()) {
    const root = readRoot(text);
    if (typeof root === 'string') return `certificate ${i + 1} of the trust bundle ${root}`;
    roots.add(encodePem('CERTIFICATE', root.raw));
  }
  if (roots.size === 0) return 'the trust bundle holds no certificate';
  return { trustDomain, version, roots: [...roots] };
}

function readRoot(pem: string): X509Certificate | string {
  try {
    const certificate = new X509Certificate(pem);
    const fields = readCertificateFields(certificate.raw);
    return fields?.isAuthority === true ? certificate : "is not an authority's";
  } catch {
    return 'cannot be read';
  }
}

/** Whether `offered` is to take the place of `current`: late messages must not bring back a root that was dropped. */
export function supersedes(offered: TrustBundle, current: TrustBundle): boolean {
  return offered.trustDomain === current.trustDomain && offered.version > current.version;
}

/** @returns the roots, to verify certificates without a handshake */
export function rootCertificates({ roots }: TrustBundle): readonly X509Certificate[] {
  return roots.map((pem) => new X509Certificate(pem));
}
