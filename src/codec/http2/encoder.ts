import type { Fields } from '#http/fields.ts';
import { type RequestHead, type ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { isBodiless } from '#http/status.ts';
import { isToken } from '#http/token.ts';
import { escapeTarget, isVisible, repairFields } from '#http/line-safety.ts';
import type { HpackEncoder } from './hpack/encoder.ts';
import { knownRule, ruleOf } from './hpack/name-rule.ts';

/*
 * Heads as header blocks. Whatever a filter has put into a head, it never becomes a field of its own or something that
 * frames the message: see the sibling of HTTP/1.1, whose rules of repair these are.
 */

const METHOD = knownRule(':method');
const SCHEME = knownRule(':scheme');
const AUTHORITY = knownRule(':authority');
const PATH = knownRule(':path');
const PROTOCOL = knownRule(':protocol');
const STATUS = knownRule(':status');
const CONTENT_LENGTH = knownRule('content-length');
const TE = knownRule('te');
const EXPECT = knownRule('expect');

const STATUS_TEXTS = Array.from({ length: 1000 }, (_, status) => String(status >= 100 ? status : 500));

/**
 * Encodes a request. A GET with `upgrade` becomes an extended CONNECT (RFC 8441 §4).
 * @see RFC 9113 §8.3.1
 */
export function encodeRequestHead(hpack: HpackEncoder, head: RequestHead): void {
  hpack.begin();
  const { method, upgrade } = head;
  const extended = upgrade !== '';
  hpack.field(METHOD, ':method', extended ? 'CONNECT' : isToken(method) ? method : 'INVALID');
  if (extended || method !== 'CONNECT') {
    hpack.field(SCHEME, ':scheme', head.scheme);
    hpack.field(AUTHORITY, ':authority', visible(head.authority));
    hpack.field(PATH, ':path', visible(head.query === '' ? head.path : head.path + head.query));
    if (extended) hpack.field(PROTOCOL, ':protocol', visible(upgrade));
  } else hpack.field(AUTHORITY, ':authority', visible(head.authority));
  encodeFields(hpack, head.fields);
  if (head.bodyLength > 0) hpack.field(CONTENT_LENGTH, 'content-length', String(head.bodyLength));
  if (head.acceptsTrailers) hpack.field(TE, 'te', 'trailers');
  if (head.expectsContinue) hpack.field(EXPECT, 'expect', '100-continue');
}

function visible(text: string): string {
  return isVisible(text) ? text : escapeTarget(text);
}

/**
 * Encodes a response. A 101 becomes the 200 that answers an extended CONNECT (RFC 8441 §5).
 * @param method of the request that it answers
 * @see RFC 9113 §8.3.2
 */
export function encodeResponseHead(hpack: HpackEncoder, head: ResponseHead, method: string): void {
  hpack.begin();
  const status = head.status === 101 ? 200 : head.status;
  hpack.field(STATUS, ':status', STATUS_TEXTS[status] ?? '500');
  encodeFields(hpack, head.fields);
  const length = lengthOf(head, method);
  if (length !== UNKNOWN_LENGTH) hpack.field(CONTENT_LENGTH, 'content-length', String(length));
}

/** What `content-length` says: of no content, what a GET would have had (RFC 9110 §8.6). */
function lengthOf(head: ResponseHead, method: string): number {
  const { status, bodyLength, declaredLength } = head;
  if (status < 200 || status === 204 || (method === 'CONNECT' && status < 300)) return UNKNOWN_LENGTH;
  if (method !== 'HEAD' && !isBodiless(status)) return bodyLength;
  return declaredLength === UNKNOWN_LENGTH && bodyLength > 0 ? bodyLength : declaredLength;
}

/** Encodes trailers. @see RFC 9113 §8.1 */
export function encodeTrailers(hpack: HpackEncoder, trailers: Fields): void {
  hpack.begin();
  encodeFields(hpack, trailers);
}

function encodeFields(hpack: HpackEncoder, fields: Fields): void {
  const entries = fields.valid ? fields.entries : repairFields(fields).entries;
  for (let i = 0; i < entries.length; i += 2) {
    const name = entries[i]!;
    const rule = ruleOf(name);
    if (rule === null || !rule.head) hpack.field(rule, name, entries[i + 1]!);
  }
}
