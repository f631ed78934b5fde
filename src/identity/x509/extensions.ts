import { primitiveTag } from '../der/element.ts';
import {
  encodeBitString,
  encodeElement,
  encodeObjectIdentifier,
  encodeOctetString,
  encodeSequence,
  encodeSmallInteger,
  encodeTrue,
} from '../der/encoder.ts';
import { objectIdentifier } from './object-identifiers.ts';

/** Bits of the key usage extension, counted from the first (RFC 5280 §4.2.1.3). */
export const keyUsageBit = { digitalSignature: 0, keyCertSign: 5, cRLSign: 6 } as const;

/** Number of `uniformResourceIdentifier` among the kinds of names (RFC 5280 §4.2.1.6). */
export const URI_NAME = 6;

/** @param isCritical must be true where the subject is empty (RFC 5280 §4.2.1.6) */
export function encodeUriName(uri: string, isCritical: boolean): Uint8Array {
  const names = encodeSequence(encodeElement(primitiveTag(URI_NAME), Buffer.from(uri, 'latin1')));
  return encodeExtension(objectIdentifier.subjectAltName, isCritical, names);
}

/** @param pathLength how many authorities may stand between this one and the certificate at the end */
export function encodeAuthorityConstraint(pathLength: number): Uint8Array {
  const constraint = encodeSequence(encodeTrue(), encodeSmallInteger(pathLength));
  return encodeExtension(objectIdentifier.basicConstraints, true, constraint);
}

/** Says that a certificate is not an authority's. */
export function encodeLeafConstraint(): Uint8Array {
  return encodeExtension(objectIdentifier.basicConstraints, true, encodeSequence());
}

/** @param bits at most 7, in the first octet */
export function encodeKeyUsage(...bits: readonly number[]): Uint8Array {
  const octet = bits.reduce((value, bit) => value | (0x80 >> bit), 0);
  const unusedBits = 7 - Math.max(...bits);
  return encodeExtension(objectIdentifier.keyUsage, true, encodeBitString(Buffer.from([octet]), unusedBits));
}

/** Every workload both calls and is called. */
export function encodeTlsPurposes(): Uint8Array {
  const purposes = [objectIdentifier.serverAuth, objectIdentifier.clientAuth].map(encodeObjectIdentifier);
  return encodeExtension(objectIdentifier.extendedKeyUsage, false, encodeSequence(...purposes));
}

export function encodeSubjectKeyIdentifier(keyIdentifier: Uint8Array): Uint8Array {
  return encodeExtension(objectIdentifier.subjectKeyIdentifier, false, encodeOctetString(keyIdentifier));
}

export function encodeAuthorityKeyIdentifier(keyIdentifier: Uint8Array): Uint8Array {
  const value = encodeSequence(encodeElement(primitiveTag(0), keyIdentifier));
  return encodeExtension(objectIdentifier.authorityKeyIdentifier, false, value);
}

/** FALSE is the default of `critical` and so is not written (X.690 §11.5). */
export function encodeExtension(oid: string, isCritical: boolean, value: Uint8Array): Uint8Array {
  const criticality = isCritical ? [encodeTrue()] : [];
  return encodeSequence(encodeObjectIdentifier(oid), ...criticality, encodeOctetString(value));
}
