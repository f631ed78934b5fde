import type { Fields } from '#http/fields.ts';
import { type HttpVersion, RequestHead, ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { isBodiless, reasonOf } from '#http/status.ts';
import { isToken } from '#http/token.ts';
import { blankOut, escapeTarget, isClean, isVisible, repairFields } from './line-safety.ts';

/*
 * Heads as latin1 text: one string a head, so that head and first content leave in one write. The text is looked
 * through once before it is given out: whatever a filter has put into a head, it never becomes a line of its own.
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
  for (let status = 0; status < 1000; status++) lines.push(`HTTP/1.1 ${status} ${reasonOf(status)}\r\n`);
  return lines;
}

/**
 * Encodes a request head for an upstream that speaks HTTP/1.1. A body of unknown length travels in chunks.
 * @returns latin1 text with the empty line at its end
 * @see RFC 9112 §3, §6
 */
export function encodeRequestHead(head: RequestHead): string {
  const target = targetOf(head);
  let text = `${head.method} ${target} HTTP/1.1\r\nhost: ${head.authority}\r\n`;
  lines = 3;
  text += fieldLines(head.fields) + requestFramingLine(head);
  if (head.upgrade !== '' || head.acceptsTrailers) text += connectionLines(head);
  if (head.expectsContinue) text += line('expect: 100-continue\r\n');
  text += '\r\n';
  return isVisible(target) && isClean(text, lines) ? text : encodeRequestHead(repairRequest(head));
}

function requestFramingLine(head: RequestHead): string {
  if (head.bodyLength > 0) return line(`content-length: ${head.bodyLength}\r\n`);
  if (head.bodyLength === UNKNOWN_LENGTH) return line('transfer-encoding: chunked\r\n');
  return expectsContent(head.method) ? line('content-length: 0\r\n') : '';
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
  if (head.upgrade !== '') text += line(`upgrade: ${head.upgrade}\r\n`);
  if (head.acceptsTrailers) text += line('te: trailers\r\n');
  const options = head.upgrade === '' ? 'te' : head.acceptsTrailers ? 'upgrade, te' : 'upgrade';
  return text + line(`connection: ${options}\r\n`);
}

function repairRequest(head: RequestHead): RequestHead {
  const method = isToken(head.method) ? head.method : 'INVALID';
  const path = escapeTarget(head.path);
  const repaired = new RequestHead(method, '', escapeTarget(head.authority), path, escapeTarget(head.query), repairFields(head.fields), 11);
  repaired.bodyLength = head.bodyLength;
  repaired.expectsContinue = head.expectsContinue;
  repaired.upgrade = blankOut(head.upgrade);
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
  const framing = responseFraming(head, encoding);
  let text = STATUS_LINES[head.status] ?? STATUS_LINES[500]!;
  lines = 2;
  text += fieldLines(head.fields);
  if (framing === 'length') text += line(`content-length: ${head.bodyLength}\r\n`);
  else if (framing === 'chunked') text += line('transfer-encoding: chunked\r\n');
  else if (framing === 'none') text += bodilessLines(head, encoding.requestMethod);
  if (head.status >= 200) text += persistenceLine(encoding, framing);
  text += '\r\n';
  return isClean(text, lines) ? text : encodeResponseHead(repairResponse(head), encoding);
}

function repairResponse(head: ResponseHead): ResponseHead {
  const repaired = new ResponseHead(head.status, repairFields(head.fields), head.bodyLength);
  repaired.declaredLength = head.declaredLength;
  repaired.upgrade = blankOut(head.upgrade);
  return repaired;
}

/** What a GET would have had as length (HEAD, 304), or to what protocol this switches (101). */
function bodilessLines(head: ResponseHead, method: string): string {
  if (head.status === 101) return line('connection: upgrade\r\n') + line(`upgrade: ${head.upgrade}\r\n`);
  if (head.status !== 304 && (method !== 'HEAD' || isBodiless(head.status))) return '';
  // An answer made here to HEAD says its length as the length of content, which then is not sent.
  const length = head.declaredLength === UNKNOWN_LENGTH && head.bodyLength > 0 ? head.bodyLength : head.declaredLength;
  return length === UNKNOWN_LENGTH ? '' : line(`content-length: ${length}\r\n`);
}

/** HTTP/1.1 persists and HTTP/1.0 closes unless told otherwise (RFC 9112 §9.3). */
function persistenceLine(encoding: ResponseEncoding, framing: ResponseFraming): string {
  if (encoding.close || framing === 'close') return line('connection: close\r\n');
  return encoding.requestVersion === 10 ? line('connection: keep-alive\r\n') : '';
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
  lines = 2;
  const text = `0\r\n${fieldLines(trailers)}\r\n`;
  return isClean(text, lines) ? text : encodeTrailers(repairFields(trailers));
}

/** Line ends in the text that is being encoded; a scratch of one call of an encoder. */
let lines = 0;

function line(text: string): string {
  lines++;
  return text;
}

function fieldLines(fields: Fields): string {
  const entries = fields.entries;
  let text = '';
  for (let i = 0; i < entries.length; i += 2) {
    if (framesMessage(entries[i]!)) continue;
    text += `${entries[i]!}: ${entries[i + 1]!}\r\n`;
    lines++;
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
