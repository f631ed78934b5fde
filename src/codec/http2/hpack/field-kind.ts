import { FIELD_OCTET, isFieldName, TOKEN_LOWER } from '#http/token.ts';
import { FIELD_NAMES, findFieldName, FIRST_ORDINARY, UNKNOWN_NAME } from '#http/field-names.ts';

/*
 * What a field is to whoever reads a message, as a small number. It is found, and name and value are checked, where the
 * field is spelled out; from then on the dynamic table remembers, so that a field that comes by index costs neither.
 */

/** A field like any other. */
export const ORDINARY = 0;
/** Its name or value is one that no message may hold (RFC 9113 §8.2.1). */
export const INVALID = 1;
export const AUTHORITY = 2;
export const METHOD = 3;
export const PATH = 4;
export const SCHEME = 5;
export const STATUS = 6;
export const PROTOCOL = 7;
export const HOST = 8;
export const CONTENT_LENGTH = 9;
export const TE = 10;
export const EXPECT = 11;
export const COOKIE = 12;
/** Belongs to an HTTP/1.1 connection, and makes an HTTP/2 message malformed (RFC 9113 §8.2.2). */
export const CONNECTION_SPECIFIC = 13;
/** Means nothing in HTTP/2 and is left out: `http2-settings`. */
export const DROPPED = 14;

const KINDS: Readonly<Record<string, number>> = {
  ':authority': AUTHORITY,
  ':method': METHOD,
  ':path': PATH,
  ':scheme': SCHEME,
  ':status': STATUS,
  ':protocol': PROTOCOL,
  host: HOST,
  'content-length': CONTENT_LENGTH,
  te: TE,
  expect: EXPECT,
  cookie: COOKIE,
  connection: CONNECTION_SPECIFIC,
  'keep-alive': CONNECTION_SPECIFIC,
  'proxy-connection': CONNECTION_SPECIFIC,
  'transfer-encoding': CONNECTION_SPECIFIC,
  upgrade: CONNECTION_SPECIFIC,
  'http2-settings': DROPPED,
};

/** Kind of a valid name. */
export function kindOfName(name: string): number {
  return Object.hasOwn(KINDS, name) ? KINDS[name]! : ORDINARY;
}

/** Kind of any text as a name. */
export function kindOfText(name: string): number {
  if (Object.hasOwn(KINDS, name)) return KINDS[name]!;
  return isFieldName(name) ? ORDINARY : INVALID;
}

/** The kinds of the names that the HTTP/1.1 codec knows too, by their numbers there. */
const KNOWN_KINDS = Uint8Array.from(FIELD_NAMES, kindOfName);
const COLON = 0x3a;
const SP = 0x20;
const HTAB = 0x09;

/** A name that was read: a scratch, see {@link readName}. */
export const fieldName = { text: '', kind: ORDINARY };

/** Reads the name in `buffer[start, end)` into {@link fieldName}: interned where it is known. */
export function readName(buffer: Buffer, start: number, end: number): void {
  if (end === start || !isLowerToken(buffer, start, end)) return readOtherName(buffer, start, end);
  const id = findFieldName(buffer, start, end);
  if (id === UNKNOWN_NAME) {
    fieldName.text = buffer.latin1Slice(start, end);
    fieldName.kind = ORDINARY;
  } else {
    fieldName.text = FIELD_NAMES[id]!;
    fieldName.kind = id < FIRST_ORDINARY ? KNOWN_KINDS[id]! : fieldName.text === 'cookie' ? COOKIE : ORDINARY;
  }
}

function isLowerToken(buffer: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (TOKEN_LOWER[buffer[i]!] !== buffer[i] || buffer[i] === 0) return false;
  return true;
}

/** A pseudo-header field with its name spelled out, or what no name may be. */
function readOtherName(buffer: Buffer, start: number, end: number): void {
  const text = buffer.latin1Slice(start, end);
  fieldName.text = text;
  fieldName.kind = end > start && buffer[start] === COLON && Object.hasOwn(KINDS, text) ? KINDS[text]! : INVALID;
}

/** Octets of a `:path`: visible ASCII without `#`, as in a target of HTTP/1.1. */
const PATH_OCTET = new Uint8Array(256).fill(1, 0x21, 0x7f);
PATH_OCTET[0x23] = 0;

/** Octets of all other pseudo-header fields: visible ASCII. */
const VISIBLE_OCTET = new Uint8Array(256).fill(1, 0x21, 0x7f);

/**
 * Whether the octets may be the value of a field of that kind (RFC 9113 §8.2.1, §8.3.1).
 * @param kind of its name
 */
export function isValue(buffer: Uint8Array, start: number, end: number, kind: number): boolean {
  const allowed = kind === PATH ? PATH_OCTET : kind >= AUTHORITY && kind <= PROTOCOL ? VISIBLE_OCTET : FIELD_OCTET;
  for (let i = start; i < end; i++) if (allowed[buffer[i]!] === 0) return false;
  return end === start || !(isBlank(buffer[start]!) || isBlank(buffer[end - 1]!));
}

function isBlank(c: number): boolean {
  return c === SP || c === HTAB;
}
