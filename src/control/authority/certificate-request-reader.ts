import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { constructedTag, derTag, parseDer } from '#identity/der/element.ts';
import { readBitString, readObjectIdentifier, readSmallInteger } from '#identity/der/values.ts';
import { isSignedBy } from '#identity/x509/signature.ts';

/** What counts of a request: a key, and that the asker has it. Its names and extensions are wishes and are not read. */
export interface CertificateRequest {
  /** Encoded `SubjectPublicKeyInfo`. */
  readonly publicKey: Uint8Array;
  /** Hexadecimal. */
  readonly publicKeySha256: string;
  /** `P-256`, `P-384` or `RSA-<bits>`. */
  readonly keyType: string;
}

/** Bytes; a request with the largest accepted key and a long name is below 3 KiB. */
const MAX_LENGTH = 16_384;

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384' };

/** Below, factoring is in reach (NIST SP 800-131A); above, each verification is work that a stranger causes. */
const MIN_RSA_BITS = 2048;
const MAX_RSA_BITS = 4096;

/**
 * Reads a request (PKCS#10, RFC 2986 §4) and verifies that it is signed by the key it holds.
 *
 * @param der from a peer
 * @returns the reason where it is refused, for the peer
 */
export function readCertificateRequest(der: Uint8Array): CertificateRequest | string {
  const outer = der.length > MAX_LENGTH ? undefined : parseDer(der);
  const [body, algorithm, signature, ...rest] = outer?.children ?? [];
  const [version, subject, publicKeyInfo, attributes, ...others] = body?.children ?? [];
  const signatureBits = readBitString(signature);
  const oid = readObjectIdentifier(algorithm?.children[0]);
  const isWellFormed =
    [outer, body, algorithm, subject].every((element) => element?.tag === derTag.sequence) &&
    readSmallInteger(version) === 0 &&
    (attributes === undefined || attributes.tag === constructedTag(0)) &&
    // A signature is whole octets; the verification would not see the difference.
    signatureBits?.unusedBits === 0 &&
    rest.length + others.length === 0;
  if (!isWellFormed || body === undefined || publicKeyInfo === undefined) return 'the certificate request is malformed';
  const key = readPublicKey(publicKeyInfo.bytes);
  const keyType = key && describeKey(key);
  if (key === undefined || keyType === undefined)
    return `the key of the certificate request is refused (use P-256, P-384 or RSA of ${MIN_RSA_BITS} to ${MAX_RSA_BITS} bits)`;
  if (oid === undefined || !isSignedBy(key, oid, body.bytes, signatureBits.octets))
    return 'the certificate request is not signed by its key with SHA-2';
  const publicKey = key.export({ type: 'spki', format: 'der' });
  return { publicKey, publicKeySha256: createHash('sha256').update(publicKey).digest('hex'), keyType };
}

function readPublicKey(der: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/**
 * Whether a key may be in a certificate here. Ed25519 is left out: common peers, such as those built with BoringSSL, do
 * not accept it in TLS, so that its owner would be unreachable for them.
 *
 * @returns its name, undefined where it is refused
 */
export function describeKey({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | undefined {
  if (asymmetricKeyType === 'ec') return CURVES[asymmetricKeyDetails?.namedCurve ?? ''];
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  // A small even or tiny exponent makes signatures forgeable; every usual key has 65537.
  const hasUsualExponent = asymmetricKeyDetails?.publicExponent === 65_537n;
  const isFit = asymmetricKeyType === 'rsa' && hasUsualExponent && bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS;
  return isFit ? `RSA-${bits}` : undefined;
}
