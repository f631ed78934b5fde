import { type KeyObject, sign, verify } from 'node:crypto';
import { encodeBitString, encodeNull, encodeObjectIdentifier, encodeSequence } from '../der/encoder.ts';
import { objectIdentifier } from './object-identifiers.ts';

interface SignatureAlgorithm {
  readonly oid: string;
  readonly hash: string;
  readonly keyType: 'ec' | 'rsa';
}

/** Without MD5 and SHA-1, whose collisions let a request stand for another one. */
const ALGORITHMS: readonly SignatureAlgorithm[] = [
  { oid: objectIdentifier.ecdsaWithSha256, hash: 'sha256', keyType: 'ec' },
  { oid: objectIdentifier.ecdsaWithSha384, hash: 'sha384', keyType: 'ec' },
  { oid: objectIdentifier.ecdsaWithSha512, hash: 'sha512', keyType: 'ec' },
  { oid: objectIdentifier.sha256WithRsa, hash: 'sha256', keyType: 'rsa' },
  { oid: objectIdentifier.sha384WithRsa, hash: 'sha384', keyType: 'rsa' },
  { oid: objectIdentifier.sha512WithRsa, hash: 'sha512', keyType: 'rsa' },
];

/**
 * The `AlgorithmIdentifier` that signatures by a key carry.
 *
 * @throws for a key that is neither on a curve nor RSA
 */
export function encodeSignatureAlgorithm(key: KeyObject): Uint8Array {
  const algorithm = algorithmOf(key);
  if (algorithm === undefined) throw new Error(`cannot sign with a key of type ${key.asymmetricKeyType ?? 'secret'}`);
  const oid = encodeObjectIdentifier(algorithm.oid);
  // RSA's parameters are NULL and ECDSA's are absent (RFC 4055 §5, RFC 5758 §3.2).
  return algorithm.keyType === 'rsa' ? encodeSequence(oid, encodeNull()) : encodeSequence(oid);
}

/** Puts an encoded body, the algorithm and the signature together, as certificates and requests do. */
export function encodeSigned(body: Uint8Array, key: KeyObject): Uint8Array {
  const hash = algorithmOf(key)?.hash;
  return encodeSequence(body, encodeSignatureAlgorithm(key), encodeBitString(sign(hash, body, key)));
}

/** Whether a signature is by a public key over a body; false also where the algorithm is not one for the key. */
export function isSignedBy(publicKey: KeyObject, oid: string, body: Uint8Array, signature: Uint8Array): boolean {
  const algorithm = ALGORITHMS.find((candidate) => candidate.oid === oid);
  if (algorithm === undefined || algorithm.keyType !== publicKey.asymmetricKeyType) return false;
  try {
    return verify(algorithm.hash, body, publicKey, signature);
  } catch {
    return false;
  }
}

/** A hash as strong as the curve (RFC 5480 §4). */
function algorithmOf(key: KeyObject): SignatureAlgorithm | undefined {
  const hash = key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256';
  return ALGORITHMS.find((candidate) => candidate.keyType === key.asymmetricKeyType && candidate.hash === hash);
}
