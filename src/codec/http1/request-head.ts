import { normalizeAuthority } from '#http/authority.ts';
import { Fields } from '#http/fields.ts';
import { type HttpVersion, RequestHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { FAULTS, type Fault } from './fault.ts';
import { collectFields, listHas, NO_LENGTH, section, upgradeProtocol } from './field-section.ts';
import { scan } from './head-scanner.ts';
import type { Http1Limits } from './limits.ts';
import { parseOtherTarget, parts } from './request-target.ts';

const SLASH = 0x2f;

/**
 * Makes the head of the request that was scanned last.
 * @param text the head as latin1
 * @param base position in the scanned buffer at which the text begins
 * @returns the head; null where something is wrong with it, and `scan.fault` says what
 */
export function readRequestHead(text: string, base: number, limits: Http1Limits): RequestHead | null {
  const entries: string[] = [];
  scan.fault = collectFields(text, base, entries, limits) ?? checkHost();
  if (scan.fault !== null) return null;
  const head = createHead(text, base, entries);
  if (head !== null) scan.fault = noteFraming(head) ?? noteExpectation(head);
  return scan.fault === null ? head : null;
}

/** Exactly one in HTTP/1.1, at most one in HTTP/1.0 (RFC 9112 §3.2); checked even where the target overrides it. */
function checkHost(): Fault | null {
  if (section.hostCount === 1) {
    const authority = normalizeAuthority(section.host);
    if (authority === null) return FAULTS.hostSyntax;
    section.host = authority;
    return null;
  }
  if (section.hostCount > 1) return FAULTS.hostRepeated;
  section.host = '';
  return scan.version === 11 ? FAULTS.hostMissing : null;
}

function createHead(text: string, base: number, entries: string[]): RequestHead | null {
  const method = methodOf(text, scan.methodStart - base, scan.methodEnd - base);
  const start = scan.targetStart - base;
  const end = scan.targetEnd - base;
  const target = text.slice(start, end);
  const fields = new Fields(entries, true);
  const version = scan.version as HttpVersion;
  if (text.charCodeAt(start) === SLASH && method !== 'CONNECT') {
    if (scan.queryStart === -1) return new RequestHead(method, target, section.host, target, '', fields, version);
    const pathEnd = scan.queryStart - base;
    return new RequestHead(
      method,
      target,
      section.host,
      text.slice(start, pathEnd),
      text.slice(pathEnd, end),
      fields,
      version,
    );
  }
  scan.fault = parseOtherTarget(method, target);
  if (scan.fault !== null) return null;
  const authority = parts.authority === '' ? section.host : parts.authority;
  const head = new RequestHead(method, target, authority, parts.path, parts.query, fields, version);
  head.scheme = parts.scheme;
  return head;
}

/** The shared string of a common method, so that comparing it is comparing pointers. */
function methodOf(text: string, start: number, end: number): string {
  switch (end - start) {
    case 3:
      if (text.startsWith('GET', start)) return 'GET';
      if (text.startsWith('PUT', start)) return 'PUT';
      break;
    case 4:
      if (text.startsWith('POST', start)) return 'POST';
      if (text.startsWith('HEAD', start)) return 'HEAD';
      break;
    case 5:
      if (text.startsWith('PATCH', start)) return 'PATCH';
      break;
    case 6:
      if (text.startsWith('DELETE', start)) return 'DELETE';
      break;
    case 7:
      if (text.startsWith('OPTIONS', start)) return 'OPTIONS';
      if (text.startsWith('CONNECT', start)) return 'CONNECT';
      break;
  }
  return text.slice(start, end);
}

/**
 * How long the content is (RFC 9112 §6.3). A message with both framings is refused, not read by the rule that
 * `Transfer-Encoding` wins: whoever is in front of this proxy may have read it by the other.
 */
function noteFraming(head: RequestHead): Fault | null {
  if (section.chunked) {
    if (section.contentLength !== NO_LENGTH) return FAULTS.lengthAndCoding;
    if (head.version === 10) return FAULTS.codingVersion;
    head.bodyLength = UNKNOWN_LENGTH;
  } else if (section.contentLength > 0) {
    head.bodyLength = section.contentLength;
  }
  // What follows a CONNECT is the tunnel's (RFC 9110 §9.3.6); a TRACE must not have content (§9.3.8).
  return head.bodyLength !== 0 && (head.method === 'CONNECT' || head.method === 'TRACE')
    ? FAULTS.contentForbidden
    : null;
}

/** `Expect`, `TE` and `Upgrade`: what the client asks of this connection. HTTP/1.0 has none of them. */
function noteExpectation(head: RequestHead): Fault | null {
  if (section.te !== '') head.acceptsTrailers = head.version === 11 && listHas(section.te, 'trailers');
  if (section.expect !== '') {
    if (section.expect !== '100-continue' && section.expect.toLowerCase() !== '100-continue') return FAULTS.expectation;
    head.expectsContinue = head.version === 11 && head.bodyLength !== 0;
  }
  // An offer that comes with content is ignored, as RFC 9110 §7.8 allows: content and switched bytes must not meet.
  if (section.upgrade !== '' && head.version === 11 && head.bodyLength === 0) head.upgrade = upgradeProtocol();
  return null;
}
