import type { Fields } from '#http/fields.ts';
import { type HttpVersion, RequestHead, ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { isBodiless, reasonOf } from '#http/status.ts';
import { isToken } from '#http/token.ts';
import { escapeTarget, isVisible, repairFields } from '#http/line-safety.ts';

/*
 * Heads as latin1 text: one string a head, so that head and first content leave in one write. Whatever a filter has
 * put into a head, it never becomes a line of its own: decoded fields are valid, others are looked at (Fields.valid),
 * and what is not valid is repaired instead of thrown at, because what broke it may have come from a peer.
 */

/** What the answer's framing depends on beside the answer (RFC 9112 §6.3, §9.3). */
export interface ResponseEncoding {
  /** Whether the connection closes behind the answer. */
  readonly close: boolean;
  readonly requestVersion: HttpVersion;
  readonly requestMethod: string;
}

/** How the end of a response's content is told: `none` has no content, `close` ends with the connection. */
export type ResponseFraming = 'none' | 'length' | 'chunked' | 'close';

/** Interim answer to `Expect: 100-continue` (RFC 9110 §15.2.1). */
export const CONTINUE_RESPONSE = 'HTTP/1.1 100 Continue\r\n\r\n';

const STATUS_LINES = statusLines();

function statusLines(): string[] {
  const lines: string[] = [];
  for (let status = 100; status < 1000; status++) lines[status] = `HTTP/1.1 ${status} ${reasonOf(status)}\r\n`;
  return lines.fill(lines[500]!, 0, 100);
}

/**
 * Encodes a request head for an upstream that speaks HTTP/1.1. A body of unknown length travels in chunks.
 * @returns latin1 text with the empty line at its end
 * @see RFC 9112 §3, §6
 */
export function encodeRequestHead(head: RequestHead): string {
  if (!isSafe(head)) return encodeRequestHead(repairRequest(head));
  let text = `${head.method} ${targetOf(head)} HTTP/1.1\r\nhost: ${head.authority}\r\n`;
  text += fieldLines(head.fields) + requestFramingLine(head);
  if (head.upgrade !== '' || head.acceptsTrailers) text += connectionLines(head);
  if (head.expectsContinue) text += 'expect: 100-continue\r\n';
  return `${text}\r\n`;
}

function isSafe(head: RequestHead): boolean {
  const named = isVisible(head.method) && isVisible(head.authority) && isVisible(head.path) && isVisible(head.query);
  return named && isVisible(head.upgrade) && head.fields.valid;
}

function requestFramingLine(head: RequestHead): string {
  if (head.bodyLength > 0) return `content-length: ${head.bodyLength}\r\n`;
  if (head.bodyLength === UNKNOWN_LENGTH) return 'transfer-encoding: chunked\r\n';
  return expectsContent(head.method) ? 'content-length: 0\r\n' : '';
}

function targetOf(head: RequestHead): string {
  return head.method === 'CONNECT' ? head.authority : head.path + head.query;
}

/** Methods whose requests mean content, and that servers answer 411 to without any length (RFC 9110 §8.6). */
function expectsContent(method: string): boolean {
  return method === 'POST' || method === 'PUT' || method === 'PATCH';
}

function connectionLines(head: RequestHead): string {
  let text = '';
  if (head.upgrade !== '') text += `upgrade: ${head.upgrade}\r\n`;
  if (head.acceptsTrailers) text += 'te: trailers\r\n';
  const options = head.upgrade === '' ? 'te' : head.acceptsTrailers ? 'upgrade, te' : 'upgrade';
  return `${text}connection: ${options}\r\n`;
}

function repairRequest(head: RequestHead): RequestHead {
  const method = isToken(head.method) ? head.method : 'INVALID';
  const path = escapeTarget(head.path);
  const repaired = new RequestHead(
    method,
    '',
    escapeTarget(head.authority),
    path,
    escapeTarget(head.query),
    repairFields(head.fields),
    11,
  );
  repaired.bodyLength = head.bodyLength;
  repaired.expectsContinue = head.expectsContinue;
  repaired.upgrade = escapeTarget(head.upgrade);
  repaired.acceptsTrailers = head.acceptsTrailers;
  return repaired;
}

/** How the content of a response will be framed: what {@link encodeResponseHead} says, and the body's writer must do. */
export function responseFraming(head: ResponseHead, encoding: ResponseEncoding): ResponseFraming {
  if (isBodiless(head.status) || encoding.requestMethod === 'HEAD') return 'none';
  if (encoding.requestMethod === 'CONNECT' && head.status < 300) return 'none';
  if (head.bodyLength !== UNKNOWN_LENGTH) return 'length';
  return encoding.requestVersion === 10 ? 'close' : 'chunked';
}

/**
 * Encodes a response head for a client that speaks HTTP/1.x.
 * @returns latin1 text with the empty line at its end
 * @see RFC 9112 §4, §6
 */
export function encodeResponseHead(head: ResponseHead, encoding: ResponseEncoding): string {
  if (!isVisible(head.upgrade) || !head.fields.valid) return encodeResponseHead(repairResponse(head), encoding);
  const framing = responseFraming(head, encoding);
  let text = (STATUS_LINES[head.status] ?? STATUS_LINES[500]!) + fieldLines(head.fields);
  if (framing === 'length') text += `content-length: ${head.bodyLength}\r\n`;
  else if (framing === 'chunked') text += 'transfer-encoding: chunked\r\n';
  else if (framing === 'none') text += bodilessLines(head, encoding.requestMethod);
  if (head.status >= 200) text += persistenceLine(encoding, framing);
  return `${text}\r\n`;
}

function repairResponse(head: ResponseHead): ResponseHead {
  const repaired = new ResponseHead(head.status, repairFields(head.fields), head.bodyLength);
  repaired.declaredLength = head.declaredLength;
  repaired.upgrade = escapeTarget(head.upgrade);
  return repaired;
}

/** What a GET would have had as length (HEAD, 304), or to what protocol this switches (101). */
function bodilessLines(head: ResponseHead, method: string): string {
  if (head.status === 101) return `connection: upgrade\r\nupgrade: ${head.upgrade}\r\n`;
  if (head.status !== 304 && (method !== 'HEAD' || isBodiless(head.status))) return '';
  // An answer made here to HEAD says its length as the length of content, which then is not sent.
  const length = head.declaredLength === UNKNOWN_LENGTH && head.bodyLength > 0 ? head.bodyLength : head.declaredLength;
  return length === UNKNOWN_LENGTH ? '' : `content-length: ${length}\r\n`;
}

/** HTTP/1.1 persists and HTTP/1.0 closes unless told otherwise (RFC 9112 §9.3). */
function persistenceLine(encoding: ResponseEncoding, framing: ResponseFraming): string {
  if (encoding.close || framing === 'close') return 'connection: close\r\n';
  return encoding.requestVersion === 10 ? 'connection: keep-alive\r\n' : '';
}

/** @param size octets of the chunk, more than 0: a size of 0 would end the content */
export function chunkHeader(size: number): string {
  return `${size.toString(16)}\r\n`;
}

/** What follows the octets of a chunk. */
export const CHUNK_END = '\r\n';

const LAST_CHUNK = '0\r\n\r\n';

/** Encodes the last chunk with the fields behind it (RFC 9112 §7.1.2). */
export function encodeTrailers(trailers: Fields | null): string {
  if (trailers === null || trailers.size === 0) return LAST_CHUNK;
  const fields = trailers.valid ? trailers : repairFields(trailers);
  return `0\r\n${fieldLines(fields)}\r\n`;
}

function fieldLines(fields: Fields): string {
  const entries = fields.entries;
  let text = '';
  for (let i = 0; i < entries.length; i += 2) {
    if (framesMessage(entries[i]!)) continue;
    text += `${entries[i]!}: ${entries[i + 1]!}\r\n`;
  }
  return text;
}

/**
 * Names whose lines only the encoder may write: were one in the fields, against their contract, the message would be
 * framed twice.
 */
function framesMessage(name: string): boolean {
  switch (name.length) {
    case 4:
      return name === 'host';
    case 10:
      return name === 'connection';
    case 14:
      return name === 'content-length';
    case 17:
      return name === 'transfer-encoding';
    default:
      return false;
  }
}
