/*
 * Host and port of a request (RFC 3986 §3.2, RFC 9110 §7.2). Stricter than the grammar where the grammar only helps
 * whoever wants two parties to read two hosts: no userinfo, no percent-encoding (`ex%61mple.com` is not matched by a
 * route for `example.com` but may be resolved like it), no sub-delims (a comma is how two `Host` lines look when
 * joined), no IPvFuture, no zone, no empty port.
 */

const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;
const COLON = 0x3a;
const BRACKET_OPEN = 0x5b;

/** Lower case of each octet that a registered name may hold, 0 for all others. */
const NAME_LOWER = nameTable();

function nameTable(): Uint8Array {
  const table = new Uint8Array(128);
  for (const c of 'abcdefghijklmnopqrstuvwxyz0123456789-._~') table[c.charCodeAt(0)] = c.charCodeAt(0);
  for (let c = 0x41; c <= 0x5a; c++) table[c] = c + 0x20;
  return table;
}

/**
 * Validates `host [":" port]` and brings the host to lower case.
 * @returns the authority (the same string where nothing changed), or null where it is not one
 * @see RFC 9110 §7.2, RFC 3986 §3.2.2
 */
export function normalizeAuthority(text: string): string | null {
  const hostEnd = text.charCodeAt(0) === BRACKET_OPEN ? ipLiteralEnd(text) : nameEnd(text);
  if (hostEnd <= 0 || (hostEnd < text.length && !isPort(text, hostEnd))) return null;
  return hasUpperCase(text) ? text.toLowerCase() : text;
}

/** Most hosts come in lower case, and looking costs less than `toLowerCase`. */
function hasUpperCase(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 0x41 && c <= 0x5a) return true;
  }
  return false;
}

/** @returns the host of a normalized authority; an IPv6 address with its brackets */
export function hostOf(authority: string): string {
  const end = portColon(authority);
  return end === -1 ? authority : authority.slice(0, end);
}

/** @returns the port of a normalized authority, or -1 where it names none */
export function portOf(authority: string): number {
  const colon = portColon(authority);
  return colon === -1 ? -1 : Number(authority.slice(colon + 1));
}

function portColon(authority: string): number {
  const colon = authority.lastIndexOf(':');
  return colon !== -1 && authority.charCodeAt(authority.length - 1) !== 0x5d ? colon : -1;
}

/** @returns where the registered name (or IPv4 address) ends: at a colon or at the end; -1 where it is none */
function nameEnd(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === COLON) return i;
    if (c > 0x7f || NAME_LOWER[c] === 0) return -1;
  }
  return text.length;
}

function isPort(text: string, colon: number): boolean {
  const digits = text.length - colon - 1;
  if (text.charCodeAt(colon) !== COLON || digits < 1 || digits > 5) return false;
  let port = 0;
  for (let i = colon + 1; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c < DIGIT_0 || c > DIGIT_9) return false;
    port = port * 10 + c - DIGIT_0;
  }
  return port <= 65535;
}

function ipLiteralEnd(text: string): number {
  const close = text.indexOf(']');
  return close !== -1 && isIpv6(text.slice(1, close)) ? close + 1 : -1;
}

/** Whether the text is an IPv6 address without zone (RFC 4291 §2.2). */
function isIpv6(text: string): boolean {
  if (text.length > 45) return false;
  const gap = text.indexOf('::');
  if (gap === -1) return groupCount(text, true) === 8;
  const before = gap === 0 ? 0 : groupCount(text.slice(0, gap), false);
  const after = gap + 2 === text.length ? 0 : groupCount(text.slice(gap + 2), true);
  return before !== -1 && after !== -1 && before + after <= 7;
}

/** @returns how many 16-bit groups the colon-separated text has, an IPv4 tail counting as two; -1 where malformed */
function groupCount(text: string, mayEndInIpv4: boolean): number {
  const groups = text.split(':');
  let count = 0;
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!;
    if (mayEndInIpv4 && i === groups.length - 1 && group.includes('.')) {
      if (!isIpv4(group)) return -1;
      count += 2;
    } else {
      if (!isHexGroup(group)) return -1;
      count++;
    }
  }
  return count;
}

function isHexGroup(text: string): boolean {
  if (text.length < 1 || text.length > 4) return false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const letter = c | 0x20;
    if (!((c >= DIGIT_0 && c <= DIGIT_9) || (letter >= 0x61 && letter <= 0x66))) return false;
  }
  return true;
}

function isIpv4(text: string): boolean {
  const parts = text.split('.');
  return parts.length === 4 && parts.every(isDecimalOctet);
}

function isDecimalOctet(text: string): boolean {
  if (text.length < 1 || text.length > 3 || (text.length > 1 && text.charCodeAt(0) === DIGIT_0)) return false;
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) < DIGIT_0 || text.charCodeAt(i) > DIGIT_9) return false;
  return Number(text) <= 255;
}
