import { portOf } from '#http/authority.ts';
import { Fields } from '#http/fields.ts';
import { RequestHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { isToken } from '#http/token.ts';
import { STREAM_FAULTS, type Fault } from './fault.ts';
import { section } from './field-section.ts';
import { AUTHORITY, METHOD, PATH, PROTOCOL, SCHEME, STATUS } from './hpack/field-kind.ts';
import type { Http2Limits } from './limits.ts';

const REQUEST_PSEUDO = (1 << METHOD) | (1 << SCHEME) | (1 << PATH);
const SLASH = 0x2f;

/**
 * Makes the head of the request whose block was decoded last.
 * @param complete whether the stream ends with the head
 * @param limits of the connection
 * @param extendedConnect whether `:protocol` was offered to the client (RFC 8441 §3)
 * @returns the head; null where something is wrong with it, and `section.fault` says what
 */
export function readRequestHead(complete: boolean, limits: Http2Limits, extendedConnect: boolean): RequestHead | null {
  section.fault ??= checkPseudo(limits, extendedConnect);
  if (section.fault !== null) return null;
  const authority = section.readAuthority();
  if (authority === null) return null;
  if (authority === '') return refuse(STREAM_FAULTS.authorityMissing);
  const tunnel = section.method === 'CONNECT';
  const head = tunnel && section.protocol === '' ? createConnect(authority) : createHead(authority);
  if (head === null) return null;
  section.fault = tunnel ? checkTunnel() : noteContent(head, complete);
  return section.fault === null ? head : null;
}

function refuse(fault: Fault): null {
  section.fault = fault;
  return null;
}

/** Which pseudo-header fields there must and must not be (RFC 9113 §8.3.1, §8.5; RFC 8441 §4). */
function checkPseudo(limits: Http2Limits, extendedConnect: boolean): Fault | null {
  const { method, path, scheme } = section;
  if (section.has(STATUS)) return STREAM_FAULTS.pseudoMisplaced;
  if (!section.has(METHOD)) return STREAM_FAULTS.pseudoMissing;
  if (method.length > limits.methodBytes || !isToken(method)) return STREAM_FAULTS.method;
  if (section.has(PROTOCOL) && (method !== 'CONNECT' || !extendedConnect || !isToken(section.protocol))) {
    return STREAM_FAULTS.protocolUnexpected;
  }
  if (method === 'CONNECT' && !section.has(PROTOCOL)) {
    if (section.has(SCHEME) || section.has(PATH)) return STREAM_FAULTS.pseudoMisplaced;
    return section.has(AUTHORITY) ? null : STREAM_FAULTS.pseudoMissing;
  }
  if ((section.pseudo & REQUEST_PSEUDO) !== REQUEST_PSEUDO) return STREAM_FAULTS.pseudoMissing;
  if (scheme !== 'https' && scheme !== 'http') return STREAM_FAULTS.scheme;
  if (path.length > limits.targetBytes) return STREAM_FAULTS.pathLength;
  const valid = path.charCodeAt(0) === SLASH || (path === '*' && method === 'OPTIONS');
  return valid ? null : STREAM_FAULTS.path;
}

function createHead(authority: string): RequestHead {
  const target = section.path;
  const queryStart = target.indexOf('?');
  const path = queryStart === -1 ? target : target.slice(0, queryStart);
  const query = queryStart === -1 ? '' : target.slice(queryStart);
  // An extended CONNECT is what GET with Upgrade is in HTTP/1.1 (RFC 8441 §5).
  const method = section.protocol === '' ? section.method : 'GET';
  const head = new RequestHead(method, target, authority, path, query, new Fields(section.entries, true), 20);
  head.scheme = section.scheme === 'https' ? 'https' : 'http';
  head.upgrade = section.protocol.toLowerCase();
  head.acceptsTrailers = section.acceptsTrailers;
  return head;
}

/** The port is required: there is no scheme that could imply one (RFC 9113 §8.5). */
function createConnect(authority: string): RequestHead | null {
  if (portOf(authority) === -1) return refuse(STREAM_FAULTS.authority);
  return new RequestHead('CONNECT', authority, authority, '', '', new Fields(section.entries, true), 20);
}

/** What follows is the tunnel's and no content (RFC 9110 §9.3.6). */
function checkTunnel(): Fault | null {
  return section.contentLength === UNKNOWN_LENGTH ? null : STREAM_FAULTS.lengthDiffers;
}

function noteContent(head: RequestHead, complete: boolean): Fault | null {
  const length = section.contentLength;
  if (!complete) {
    head.bodyLength = length;
    head.expectsContinue = section.expectsContinue && length !== 0;
    return null;
  }
  return length === UNKNOWN_LENGTH || length === 0 ? null : STREAM_FAULTS.lengthDiffers;
}
