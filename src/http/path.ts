/*
 * One spelling for each path, before anything is decided by it: what a policy matches and what is forwarded must be
 * the same text (RFC 3986 §6.2, §6.2.2.3).
 */

const PERCENT = 0x25;
const DOT = 0x2e;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;

/** 1 for what may be copied as it is; 2 for what needs a closer look; 0 for what no path holds. */
const OCTET = octetTable();
/** 1 for each unreserved character (RFC 3986 §2.3). */
const UNRESERVED = unreservedTable();

function octetTable(): Uint8Array {
  const table = new Uint8Array(128).fill(1, 0x21, 0x7f);
  table[0x23] = table[0x3f] = 0; // `#` and `?` end a path
  table[PERCENT] = table[SLASH] = table[BACKSLASH] = table[DOT] = 2;
  return table;
}

function unreservedTable(): Uint8Array {
  const table = new Uint8Array(128);
  for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~') table[c.charCodeAt(0)] = 1;
  return table;
}

/**
 * Brings a path to its one spelling: escapes of unreserved characters are decoded, all others get upper case digits
 * (`%2F` stays what it is, a slash that separates nothing), `\` becomes `/` as browsers, Envoy and IIS read it,
 * repeated slashes become one, dot segments are resolved and never lead above the root.
 *
 * Escapes are decoded once: `%252e` stays what it is and never becomes `.`.
 * @param path without query; `*` and '' (CONNECT) are returned as they are
 * @returns the normal form (the same string where it is one already); null where an escape is malformed or `%00`, or a
 * character is not visible ASCII
 * @see RFC 3986 §6.2.2, §5.2.4
 */
export function normalizePath(path: string): string | null {
  if (path.charCodeAt(0) !== SLASH) return path === '*' || path === '' ? path : null;
  for (let i = 0; i < path.length; i++) {
    const c = path.charCodeAt(i);
    const kind = c < 128 ? OCTET[c] : 0;
    if (kind === 1) continue;
    if (kind === 0) return null;
    if (c === DOT ? isSegmentStart(path, i) : c !== SLASH || isSegmentStart(path, i)) return rebuild(path);
  }
  return path;
}

/** Whether a character stands behind a slash: a dot there may be a dot segment, a slash there is a repeated one. */
function isSegmentStart(path: string, at: number): boolean {
  return at > 0 && path.charCodeAt(at - 1) === SLASH;
}

function rebuild(path: string): string | null {
  const decoded = normalizeEscapes(path);
  return decoded === null ? null : resolveSegments(decoded);
}

function normalizeEscapes(path: string): string | null {
  let out = '';
  let copied = 0;
  for (let i = 0; i < path.length; i++) {
    const c = path.charCodeAt(i);
    if (c > 127 || OCTET[c] === 0) return null;
    if (c === BACKSLASH) {
      out += `${path.slice(copied, i)}/`;
      copied = i + 1;
    } else if (c === PERCENT) {
      const octet = hexValue(path, i + 1) * 16 + hexValue(path, i + 2);
      if (!(octet > 0)) return null;
      out += path.slice(copied, i) + escapeOf(octet);
      copied = i + 3;
      i += 2;
    }
  }
  return copied === 0 ? path : out + path.slice(copied);
}

function escapeOf(octet: number): string {
  if (octet < 128 && UNRESERVED[octet] === 1) return String.fromCharCode(octet);
  return `%${octet < 16 ? '0' : ''}${octet.toString(16).toUpperCase()}`;
}

/** @returns NaN where there is no hexadecimal digit */
function hexValue(text: string, at: number): number {
  const c = text.charCodeAt(at);
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const letter = c | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : Number.NaN;
}

/** Dot segments go first and repeated slashes after, as RFC 3986 §5.2.4 and Envoy have it: `/a//../b` is `/a/b`. */
function resolveSegments(path: string): string {
  const segments = path.split('/');
  const kept: string[] = [];
  for (let i = 1; i < segments.length; i++) {
    const segment = segments[i]!;
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  const last = segments[segments.length - 1];
  const named = kept.filter((segment) => segment !== '');
  const endsInFolder = last === '' || last === '.' || last === '..';
  return named.length === 0 ? '/' : `/${named.join('/')}${endsInFolder ? '/' : ''}`;
}
