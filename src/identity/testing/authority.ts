import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { encodePem } from '../der/pem.ts';
import { parseSpiffeId, type SpiffeId } from '../spiffe-id.ts';
import { createTrustBundle, type TrustBundle } from '../trust-bundle.ts';
import { parseTrustDomain, type TrustDomain } from '../trust-domain.ts';
import { encodeName, emptyName, keyIdentifierOf, signCertificate } from '../x509/certificate-builder.ts';
import {
  encodeAuthorityConstraint,
  encodeAuthorityKeyIdentifier,
  encodeKeyUsage,
  encodeLeafConstraint,
  encodeSubjectKeyIdentifier,
  encodeTlsPurposes,
  encodeUriName,
  keyUsageBit,
} from '../x509/extensions.ts';
import { readCertificateFields } from '../x509/certificate-fields.ts';

/** What a test's certificate says otherwise than a good one. */
export interface Deviations {
  readonly notBeforeMs?: number;
  readonly notAfterMs?: number;
  readonly extensions?: readonly Uint8Array[];
  readonly serialNumber?: Uint8Array;
}

/** An authority that signs whatever a test wants. */
export class TestAuthority {
  readonly certificate: string;
  readonly key: KeyObject;
  readonly #subject: Uint8Array;
  readonly #keyIdentifier: Uint8Array;

  constructor(name: string, issuer?: TestAuthority, pathLength = 3, deviations: Deviations = {}) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
    this.key = privateKey;
    this.#subject = encodeName('Test', name);
    this.#keyIdentifier = keyIdentifierOf(publicKeyInfo);
    const extensions = [
      encodeAuthorityConstraint(pathLength),
      encodeKeyUsage(keyUsageBit.keyCertSign, keyUsageBit.cRLSign),
      encodeSubjectKeyIdentifier(this.#keyIdentifier),
      encodeAuthorityKeyIdentifier(issuer === undefined ? this.#keyIdentifier : issuer.#keyIdentifier),
    ];
    this.certificate = (issuer ?? this).sign(publicKeyInfo, this.#subject, { extensions, ...deviations });
  }

  /** A leaf; by default a good SVID. */
  issue(publicKey: Uint8Array, uri: string, deviations: Deviations = {}): string {
    const extensions = [
      encodeLeafConstraint(),
      encodeKeyUsage(keyUsageBit.digitalSignature),
      encodeTlsPurposes(),
      encodeUriName(uri, true),
      encodeAuthorityKeyIdentifier(this.#keyIdentifier),
    ];
    return this.sign(publicKey, emptyName, { extensions, ...deviations });
  }

  sign(publicKey: Uint8Array, subject: Uint8Array, deviations: Deviations): string {
    const nowMs = Date.now();
    const template = {
      serialNumber: Buffer.from('7f01020304050607', 'hex'),
      issuer: this.#subject,
      subject,
      notBeforeMs: nowMs - 300_000,
      notAfterMs: nowMs + 86_400_000,
      publicKey,
      extensions: [],
      ...deviations,
    };
    return encodePem('CERTIFICATE', signCertificate(template, this.key));
  }
}

export const domain: TrustDomain = parseTrustDomain('mesh.test')!;

export function id(uri: string): SpiffeId {
  const parsed = parseSpiffeId(uri);
  if (typeof parsed === 'string') throw new Error(`${uri} ${parsed}`);
  return parsed;
}

export const cart: SpiffeId = id('spiffe://mesh.test/ns/shop/sa/cart');

export function bundleOf(...authorities: readonly TestAuthority[]): TrustBundle {
  return bundleAt(1, ...authorities);
}

export function bundleAt(version: number, ...authorities: readonly TestAuthority[]): TrustBundle {
  const bundle = createTrustBundle(domain, version, authorities.map(({ certificate }) => certificate).join(''));
  if (typeof bundle === 'string') throw new Error(bundle);
  return bundle;
}

export function fieldsOf(pem: string): NonNullable<ReturnType<typeof readCertificateFields>> {
  const fields = readCertificateFields(new X509Certificate(pem).raw);
  if (fields === undefined) throw new Error('the certificate cannot be read');
  return fields;
}
