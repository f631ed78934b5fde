import { constructedTag, derTag, parseDer, primitiveTag, type DerElement } from '../der/element.ts';
import {
  readBitString,
  readBoolean,
  readInteger,
  readObjectIdentifier,
  readSmallInteger,
  readTime,
} from '../der/values.ts';
import { URI_NAME } from './extensions.ts';
import { objectIdentifier } from './object-identifiers.ts';

/** What Node's own reader leaves out or renders as text, which could be read in two ways. */
export interface CertificateFields {
  /** Hexadecimal, lower case, two digits an octet. */
  readonly serialNumber: string;
  /** Encoded name. */
  readonly subject: Uint8Array;
  /** Milliseconds since 1970, both inclusive. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isAuthority: boolean;
  /** How many authorities may follow; undefined for any number. */
  readonly pathLength: number | undefined;
  /** Numbers of the bits that are set; undefined where the extension is absent. */
  readonly keyUsage: ReadonlySet<number> | undefined;
  /** Object identifiers; undefined where the extension is absent. */
  readonly purposes: readonly string[] | undefined;
  readonly uris: readonly string[];
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  /** Object identifiers of extensions that must be understood and are not (RFC 5280 §4.2). */
  readonly unknownCritical: readonly string[];
}

interface Extension {
  readonly isCritical: boolean;
  /** Undefined where it holds no DER. */
  readonly value: DerElement | undefined;
}

const UNDERSTOOD: ReadonlySet<string> = new Set([
  objectIdentifier.basicConstraints,
  objectIdentifier.keyUsage,
  objectIdentifier.extendedKeyUsage,
  objectIdentifier.subjectAltName,
  objectIdentifier.subjectKeyIdentifier,
  objectIdentifier.authorityKeyIdentifier,
]);

/**
 * Reads a certificate of version 3 without verifying anything.
 *
 * @param der as in `X509Certificate.raw`
 * @returns undefined for anything that is malformed or of another version
 */
export function readCertificateFields(der: Uint8Array): CertificateFields | undefined {
  const outer = parseDer(der);
  const body = outer?.children[0];
  const [version, serialNumber, , , validity, subject, , ...rest] = body?.children ?? [];
  const serial = readInteger(serialNumber);
  const notBeforeMs = readTime(validity?.children[0]);
  const notAfterMs = readTime(validity?.children[1]);
  const extensions = readExtensions(rest.find(({ tag }) => tag === constructedTag(3))?.children[0]);
  if (subject === undefined || version?.tag !== constructedTag(0) || readSmallInteger(version.children[0]) !== 2)
    return undefined;
  if (serial === undefined || notBeforeMs === undefined || notAfterMs === undefined || extensions === undefined)
    return undefined;
  if ([outer, body, validity, subject].some((element) => element?.tag !== derTag.sequence)) return undefined;
  const meaning = readMeaning(extensions);
  return meaning && { serialNumber: hex(serial), subject: subject.bytes, notBeforeMs, notAfterMs, ...meaning };
}

/** @returns undefined for a list in which one occurs twice, which each reader could take differently */
function readExtensions(list: DerElement | undefined): ReadonlyMap<string, Extension> | undefined {
  const extensions = new Map<string, Extension>();
  for (const { tag, children } of list?.children ?? []) {
    const [first, second, third] = children;
    const oid = readObjectIdentifier(first);
    const isCritical = third === undefined ? false : readBoolean(second);
    const octets = third ?? second;
    if (tag !== derTag.sequence || children.length > 3 || octets?.tag !== derTag.octetString) return undefined;
    if (oid === undefined || isCritical === undefined || extensions.has(oid)) return undefined;
    extensions.set(oid, { isCritical, value: parseDer(octets.content) });
  }
  return extensions;
}

type Meaning = Omit<CertificateFields, 'serialNumber' | 'subject' | 'notBeforeMs' | 'notAfterMs'>;

/** @returns undefined where an extension that counts is present and cannot be read */
function readMeaning(extensions: ReadonlyMap<string, Extension>): Meaning | undefined {
  const constraints = read(extensions, objectIdentifier.basicConstraints, readConstraints);
  const keyUsage = read(extensions, objectIdentifier.keyUsage, readKeyUsage);
  const purposes = read(extensions, objectIdentifier.extendedKeyUsage, readPurposes);
  const uris = read(extensions, objectIdentifier.subjectAltName, readUris);
  if ([constraints, keyUsage, purposes, uris].includes(null)) return undefined;
  const keyIdentifier = extensions.get(objectIdentifier.subjectKeyIdentifier)?.value;
  return {
    isAuthority: constraints?.isAuthority ?? false,
    pathLength: constraints?.pathLength,
    keyUsage: keyUsage ?? undefined,
    purposes: purposes ?? undefined,
    uris: uris ?? [],
    subjectKeyIdentifier: keyIdentifier?.tag === derTag.octetString ? keyIdentifier.content : undefined,
    unknownCritical: [...extensions].flatMap(([oid, { isCritical }]) =>
      isCritical && !UNDERSTOOD.has(oid) ? [oid] : [],
    ),
  };
}

/** @returns undefined where the extension is absent, null where it is malformed */
function read<T>(
  extensions: ReadonlyMap<string, Extension>,
  oid: string,
  parse: (value: DerElement) => T | null,
): T | null | undefined {
  const extension = extensions.get(oid);
  if (extension === undefined) return undefined;
  return extension.value === undefined ? null : parse(extension.value);
}

interface Constraints {
  readonly isAuthority: boolean;
  readonly pathLength: number | undefined;
}

function readConstraints({ tag, children }: DerElement): Constraints | null {
  const [first, second, ...rest] = children;
  if (tag !== derTag.sequence || rest.length > 0) return null;
  if (first === undefined) return { isAuthority: false, pathLength: undefined };
  const isAuthority = readBoolean(first);
  const pathLength = readSmallInteger(second);
  if (isAuthority === undefined || (second !== undefined && pathLength === undefined)) return null;
  return { isAuthority, pathLength };
}

function readKeyUsage(value: DerElement): ReadonlySet<number> | null {
  const bits = readBitString(value);
  if (bits === undefined) return null;
  const set = new Set<number>();
  for (const [i, octet] of bits.octets.entries())
    for (let bit = 0; bit < 8; bit++) if ((octet & (0x80 >> bit)) !== 0) set.add(i * 8 + bit);
  return set;
}

function readPurposes({ tag, children }: DerElement): readonly string[] | null {
  const purposes = children.map(readObjectIdentifier);
  return tag === derTag.sequence && purposes.every((purpose) => purpose !== undefined) ? purposes : null;
}

/** Octets beyond ASCII stay one character each, so that no decoding makes two names equal. */
function readUris({ tag, children }: DerElement): readonly string[] | null {
  if (tag !== derTag.sequence) return null;
  return children
    .filter((name) => name.tag === primitiveTag(URI_NAME))
    .map(({ content }) => Buffer.from(content).toString('latin1'));
}

function hex(octets: Uint8Array): string {
  const digits = Buffer.from(octets).toString('hex');
  return digits.length > 2 && digits.startsWith('00') ? digits.slice(2) : digits;
}
