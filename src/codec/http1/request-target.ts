import { normalizeAuthority, portOf } from '#http/authority.ts';
import type { Scheme } from '#http/head.ts';
import { FAULTS, type Fault } from './fault.ts';

/** What the last target in a form other than the origin form named. A scratch: read it before the next call. */
class TargetParts {
  scheme: Scheme = 'http';
  authority = '';
  path = '';
  query = '';
}

export const parts = new TargetParts();

/**
 * Parses a target that does not begin with `/`: absolute form, authority form (CONNECT alone) or asterisk form
 * (OPTIONS alone).
 * @returns what is wrong, or null, and then `parts` is filled; an authority of '' means that `Host` has it
 * @see RFC 9112 §3.2
 */
export function parseOtherTarget(method: string, target: string): Fault | null {
  parts.scheme = 'http';
  parts.authority = '';
  parts.path = '*';
  parts.query = '';
  if (target === '*') return method === 'OPTIONS' ? null : FAULTS.targetForm;
  return method === 'CONNECT' ? parseAuthorityForm(target) : parseAbsoluteForm(method, target);
}

/** The port is required: there is no scheme that could imply one (RFC 9112 §3.2.3). */
function parseAuthorityForm(target: string): Fault | null {
  const authority = normalizeAuthority(target);
  if (authority === null || portOf(authority) === -1) return FAULTS.targetAuthority;
  parts.authority = authority;
  parts.path = '';
  return null;
}

function parseAbsoluteForm(method: string, target: string): Fault | null {
  const start = schemeEnd(target);
  if (start === 0) return FAULTS.targetForm;
  const authorityEnd = indexOfPath(target, start);
  const authority = normalizeAuthority(target.slice(start, authorityEnd));
  if (authority === null) return FAULTS.targetAuthority;
  parts.scheme = start === HTTPS.length ? 'https' : 'http';
  parts.authority = authority;
  notePath(method, target, authorityEnd);
  return null;
}

const HTTP = 'http://';
const HTTPS = 'https://';

function schemeEnd(target: string): number {
  const lower = target.slice(0, HTTPS.length).toLowerCase();
  if (lower === HTTPS) return HTTPS.length;
  return lower.startsWith(HTTP) ? HTTP.length : 0;
}

/** @returns where path or query begin, or the target's end */
function indexOfPath(target: string, start: number): number {
  for (let i = start; i < target.length; i++) {
    const c = target.charCodeAt(i);
    if (c === 0x2f || c === 0x3f) return i;
  }
  return target.length;
}

/** An empty path is `/`, but for OPTIONS, where it stands for the whole server (RFC 9112 §3.2.1, §3.2.4). */
function notePath(method: string, target: string, start: number): void {
  const queryStart = target.indexOf('?', start);
  const pathEnd = queryStart === -1 ? target.length : queryStart;
  parts.query = target.slice(pathEnd);
  if (pathEnd > start) parts.path = target.slice(start, pathEnd);
  else parts.path = method === 'OPTIONS' && target.length === start ? '*' : '/';
}
