import { Fields } from '#http/fields.ts';
import { ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { FAULTS, type Fault } from './fault.ts';
import { collectFields, NO_LENGTH, section, upgradeProtocol } from './field-section.ts';
import { scan } from './head-scanner.ts';
import type { Http1Limits } from './limits.ts';

/**
 * Makes the head of the response that was scanned last.
 * @param text the head as latin1
 * @param base position in the scanned buffer at which the text begins
 * @param method of the request that it answers
 * @returns the head; null where something is wrong with it, and `scan.fault` says what
 */
export function readResponseHead(text: string, base: number, method: string, limits: Http1Limits): ResponseHead | null {
  const entries: string[] = [];
  scan.fault = collectFields(text, base, entries, limits);
  if (scan.fault !== null) return null;
  const head = new ResponseHead(scan.status, new Fields(entries, true), 0);
  if (head.status === 101) head.upgrade = upgradeProtocol();
  scan.fault = noteFraming(head, method);
  return scan.fault === null ? head : null;
}

/** How long the content is (RFC 9112 §6.3); as strict as for requests, because a guess may end up in another's answer. */
function noteFraming(head: ResponseHead, method: string): Fault | null {
  const { chunked, contentLength } = section;
  if (method === 'CONNECT' && head.status >= 200 && head.status < 300) return null;
  if (chunked && contentLength !== NO_LENGTH) return FAULTS.lengthAndCoding;
  if (chunked && scan.version === 10) return FAULTS.codingVersion;
  if (head.status < 200 || head.status === 204) {
    // Both must not be sent here (RFC 9110 §8.6, RFC 9112 §6.1). A length of 0 is common and harmless.
    return chunked || contentLength > 0 ? FAULTS.contentForbidden : null;
  }
  if (method === 'HEAD' || head.status === 304) head.declaredLength = contentLength;
  else if (chunked || contentLength === NO_LENGTH) head.bodyLength = UNKNOWN_LENGTH;
  else head.bodyLength = contentLength;
  return null;
}

/**
 * How long the server says it keeps the connection when idle: `timeout` of the last head's `Keep-Alive`.
 * @returns milliseconds, or -1 where it does not say
 */
export function keepAliveTimeoutMs(): number {
  const text = section.keepAliveParameters;
  if (text === '') return -1;
  const exact = text.indexOf('timeout=');
  const start = exact === -1 ? text.toLowerCase().indexOf('timeout=') : exact;
  if (start === -1) return -1;
  let seconds = 0;
  let i = start + 'timeout='.length;
  const first = i;
  for (; i < text.length && i < first + 9; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) break;
    seconds = seconds * 10 + digit;
  }
  return i === first ? -1 : seconds * 1000;
}
