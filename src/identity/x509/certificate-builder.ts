import { createHash, type KeyObject } from 'node:crypto';
import { constructedTag, parseDer } from '../der/element.ts';
import {
  encodeElement,
  encodeObjectIdentifier,
  encodeSequence,
  encodeSet,
  encodeSmallInteger,
  encodeTime,
  encodeUnsigned,
  encodeUtf8String,
} from '../der/encoder.ts';
import { readBitString } from '../der/values.ts';
import { objectIdentifier } from './object-identifiers.ts';
import { encodeSignatureAlgorithm, encodeSigned } from './signature.ts';

/** What a certificate shall say. */
export interface CertificateTemplate {
  /** Big-endian, at most 20 octets, positive (RFC 5280 §4.1.2.2). */
  readonly serialNumber: Uint8Array;
  /** Encoded names. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Milliseconds since 1970; written in whole seconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Encoded `SubjectPublicKeyInfo`. */
  readonly publicKey: Uint8Array;
  /** Encoded, each at most once. */
  readonly extensions: readonly Uint8Array[];
}

const VERSION_3 = 2;

/** Makes a certificate (RFC 5280 §4.1). @returns DER */
export function signCertificate(template: CertificateTemplate, issuerKey: KeyObject): Uint8Array {
  const body = encodeSequence(
    encodeElement(constructedTag(0), encodeSmallInteger(VERSION_3)),
    encodeUnsigned(template.serialNumber),
    encodeSignatureAlgorithm(issuerKey),
    template.issuer,
    encodeSequence(encodeTime(template.notBeforeMs), encodeTime(template.notAfterMs)),
    template.subject,
    template.publicKey,
    encodeElement(constructedTag(3), encodeSequence(...template.extensions)),
  );
  return encodeSigned(body, issuerKey);
}

/** Of a workload, whose one name is its SPIFFE id. */
export const emptyName = encodeSequence();

/** Encodes a distinguished name of an authority. */
export function encodeName(organization: string, commonName: string): Uint8Array {
  const attribute = (oid: string, value: string): Uint8Array =>
    encodeSet(encodeSequence(encodeObjectIdentifier(oid), encodeUtf8String(value)));
  return encodeSequence(
    attribute(objectIdentifier.organization, organization),
    attribute(objectIdentifier.commonName, commonName),
  );
}

/** Names a key by its hash, so that an issuer is found among others of its name (RFC 7093 §2, method 1). */
export function keyIdentifierOf(publicKey: Uint8Array): Uint8Array {
  const key = readBitString(parseDer(publicKey)?.children[1]);
  return createHash('sha256')
    .update(key?.octets ?? publicKey)
    .digest()
    .subarray(0, 20);
}
