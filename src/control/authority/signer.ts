import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { encodePem } from '#identity/der/pem.ts';
import type { SpiffeId } from '#identity/spiffe-id.ts';
import { trustDomainUri, type TrustDomain } from '#identity/trust-domain.ts';
import { emptyName, encodeName, keyIdentifierOf, signCertificate } from '#identity/x509/certificate-builder.ts';
import { readCertificateFields } from '#identity/x509/certificate-fields.ts';
import {
  encodeAuthorityConstraint,
  encodeAuthorityKeyIdentifier,
  encodeKeyUsage,
  encodeLeafConstraint,
  encodeSubjectKeyIdentifier,
  encodeTlsPurposes,
  encodeUriName,
  keyUsageBit,
} from '#identity/x509/extensions.ts';

/** The certificate and key that SVIDs are signed with. */
export interface Signer {
  readonly key: KeyObject;
  /** Encoded name. */
  readonly subject: Uint8Array;
  readonly keyIdentifier: Uint8Array;
  /** Milliseconds since 1970. */
  readonly expiresAtMs: number;
  /** PEM of what peers need between an SVID and their roots; '' where a root signs. */
  readonly intermediates: string;
}

/** A root as it is kept: certificate and key in PEM. */
export interface RootKeyPair {
  readonly certificate: string;
  readonly privateKey: string;
}

export interface IssuedCertificate {
  /** PEM, the workload's certificate first, without the root. */
  readonly certificateChain: string;
  /** Hexadecimal. */
  readonly serialNumber: string;
  /** Milliseconds since 1970. */
  readonly notBeforeMs: number;
  readonly expiresAtMs: number;
  /** Key identifier of who signed it; hexadecimal. */
  readonly issuerKeyId: string;
}

/** How far certificates are dated back, for machines whose clocks are slow. */
export const CLOCK_TOLERANCE_MS = 15 * 60_000;

const ROOT_LIFETIME_MS = 3650 * 86_400_000;

/** Makes a root that signs workloads' certificates directly: there is no authority below it (path length 0). */
export function createRoot(trustDomain: TrustDomain, nowMs: number): RootKeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
  const keyIdentifier = keyIdentifierOf(publicKeyInfo);
  // The key's hash makes the names of roots distinct, so that one is not tried in place of another.
  const name = encodeName('Selvage', `${trustDomain.slice(0, 40)} root ${hex(keyIdentifier).slice(0, 8)}`);
  const certificate = signCertificate(
    {
      serialNumber: createSerialNumber(),
      issuer: name,
      subject: name,
      notBeforeMs: nowMs - CLOCK_TOLERANCE_MS,
      notAfterMs: nowMs + ROOT_LIFETIME_MS,
      publicKey: publicKeyInfo,
      extensions: [
        encodeAuthorityConstraint(0),
        encodeKeyUsage(keyUsageBit.keyCertSign, keyUsageBit.cRLSign),
        encodeUriName(trustDomainUri(trustDomain), false),
        encodeSubjectKeyIdentifier(keyIdentifier),
      ],
    },
    privateKey,
  );
  return {
    certificate: encodePem('CERTIFICATE', certificate),
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  };
}

/**
 * Makes a signer.
 *
 * @param intermediates PEM of what peers need to find their root; '' for a root
 * @returns the reason where certificate and key are not usable together; it quotes nothing of the key
 */
export function readSigner(certificate: string, privateKey: string, intermediates: string): Signer | string {
  const read = readPair(certificate, privateKey);
  if (read === undefined)
    return 'its certificate or private key cannot be read (both must be PEM, the key unencrypted)';
  const fields = readCertificateFields(read.certificate.raw);
  if (fields === undefined) return 'its certificate is not X.509 version 3';
  if (!read.certificate.checkPrivateKey(read.key)) return 'its private key belongs to another certificate';
  const { subject, notAfterMs } = fields;
  const publicKey = read.certificate.publicKey.export({ type: 'spki', format: 'der' });
  const keyIdentifier = fields.subjectKeyIdentifier ?? keyIdentifierOf(publicKey);
  return { key: read.key, subject, keyIdentifier, expiresAtMs: notAfterMs, intermediates };
}

function readPair(
  certificate: string,
  privateKey: string,
): { readonly certificate: X509Certificate; readonly key: KeyObject } | undefined {
  try {
    return { certificate: new X509Certificate(certificate), key: createPrivateKey(privateKey) };
  } catch {
    return undefined;
  }
}

/**
 * Signs an SVID; it never outlives its issuer, as verifiers would refuse it from then on.
 *
 * @param publicKey encoded `SubjectPublicKeyInfo`
 * @see X509-SVID §4
 */
export function signSvid(
  signer: Signer,
  spiffeId: SpiffeId,
  publicKey: Uint8Array,
  nowMs: number,
  lifetimeMs: number,
): IssuedCertificate {
  const serialNumber = createSerialNumber();
  const notBeforeMs = nowMs - CLOCK_TOLERANCE_MS;
  const expiresAtMs = wholeSeconds(Math.min(nowMs + lifetimeMs, signer.expiresAtMs));
  const certificate = signCertificate(
    {
      serialNumber,
      issuer: signer.subject,
      subject: emptyName,
      notBeforeMs,
      notAfterMs: expiresAtMs,
      publicKey,
      extensions: [
        encodeLeafConstraint(),
        encodeKeyUsage(keyUsageBit.digitalSignature),
        encodeTlsPurposes(),
        encodeUriName(spiffeId.uri, true),
        encodeSubjectKeyIdentifier(keyIdentifierOf(publicKey)),
        encodeAuthorityKeyIdentifier(signer.keyIdentifier),
      ],
    },
    signer.key,
  );
  const certificateChain = encodePem('CERTIFICATE', certificate) + signer.intermediates;
  const issuerKeyId = hex(signer.keyIdentifier);
  return { certificateChain, serialNumber: hex(serialNumber), notBeforeMs, expiresAtMs, issuerKeyId };
}

/** 128 random bits: with less than 64, an issuer's next number could be guessed (CA/B Baseline Requirements §7.1). */
function createSerialNumber(): Uint8Array {
  const serialNumber = randomBytes(16);
  // The highest octet is never zero, so that the number is positive and its text the same in every tool.
  serialNumber[0] = (serialNumber[0]! & 0x7f) | 0x40;
  return serialNumber;
}

function hex(octets: Uint8Array): string {
  return Buffer.from(octets).toString('hex');
}

function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}
