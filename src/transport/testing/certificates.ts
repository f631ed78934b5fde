import { createPrivateKey, generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** A certificate made for one test, with what it was made of. */
export interface TestCertificate {
  /** PEM, leaf first. */
  readonly certificate: string;
  /** PEM. */
  readonly key: string;
}

export interface CertificateRequest {
  /** Common name. */
  readonly name: string;
  /** Alternative names; URIs are those with a colon. */
  readonly alternatives?: readonly string[];
  readonly keyType?: 'ec' | 'rsa';
  /** Null for one that signs itself. */
  readonly issuer?: (TestCertificate & { readonly name: string }) | null;
  readonly isAuthority?: boolean;
  /** From now, in days; negative for one that has expired. @defaultValue 1 */
  readonly days?: number;
}

// ── DER (X.690), as much of it as a certificate needs ──

const der = (tag: number, ...content: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag, ...lengthOctets(body.length)]), body]);
};
/** In as few octets as it takes, which DER demands. */
const lengthOctets = (length: number): readonly number[] => {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
};
const sequence = (...content: readonly Uint8Array[]): Buffer => der(0x30, ...content);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const octets = (content: Buffer): Buffer => der(0x04, content);
const bits = (content: Buffer): Buffer => der(0x03, Buffer.from([0]), content);
const TRUE = der(0x01, Buffer.from([0xff]));
const time = (at: Date): Buffer => der(0x18, Buffer.from(at.toISOString().replace(/[-:T]/g, '').replace(/\.\d+/, '')));
const distinguishedName = (name: string): Buffer =>
  sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(name)))));

const ECDSA_SHA256 = sequence(oid('2a8648ce3d040302'));
const RSA_SHA256 = sequence(oid('2a864886f70d01010b'), der(0x05));
const algorithmOf = (key: KeyObject): Buffer => (key.asymmetricKeyType === 'rsa' ? RSA_SHA256 : ECDSA_SHA256);

const DAY_MS = 86_400_000;

/** Makes a certificate with a key of its own. */
export const createCertificate = (request: CertificateRequest): TestCertificate & { readonly name: string } => {
  const { name, issuer = null, days = 1 } = request;
  const pair =
    request.keyType === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signer = issuer === null ? pair.privateKey : createPrivateKey(issuer.key);
  const now = Date.now();
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), // version 3
    der(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithmOf(signer),
    distinguishedName(issuer === null ? name : issuer.name),
    sequence(time(new Date(now - 10 * DAY_MS)), time(new Date(now + days * DAY_MS))),
    distinguishedName(name),
    pair.publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(...extensionsOf(request))),
  );
  const certificate = sequence(body, algorithmOf(signer), bits(sign('sha256', body, signer)));
  const lines = certificate
    .toString('base64')
    .match(/.{1,64}/g)!
    .join('\n');
  const pem = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
  return { name, certificate: pem, key: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) };
};

const extensionsOf = ({ alternatives = [], isAuthority = false }: CertificateRequest): readonly Buffer[] => {
  const constraints = sequence(oid('551d13'), TRUE, octets(isAuthority ? sequence(TRUE) : sequence()));
  if (alternatives.length === 0) return [constraints];
  const names = alternatives.map((name) => der(name.includes(':') ? 0x86 : 0x82, Buffer.from(name)));
  return [constraints, sequence(oid('551d11'), octets(sequence(...names)))];
};
