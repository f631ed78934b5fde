import { normalizePath } from '#http/path.ts';

const PERCENT = 0x25;
const SEMICOLON = 0x3b;

/**
 * Brings the other spellings that servers take for the same path to one: case, path parameters (`/x/..;/admin`, RFC 3986
 * §3.3), and encoded slashes. Where the match of a path leads to a denial, its folded form is matched too; a lenient
 * server behind the proxy is then no way around the policy.
 *
 * @param path in normal form
 * @returns the same string where it has one spelling only
 */
export function foldPath(path: string): string {
  for (let i = 0; i < path.length; i++) {
    const c = path.charCodeAt(i);
    if (c === SEMICOLON || c === PERCENT || (c >= 0x41 && c <= 0x5a)) return fold(path);
  }
  return path;
}

function fold(path: string): string {
  const plain = decodeSlashes(path).replace(/;[^/]*/g, '');
  // What was hidden behind an escape or a parameter may be a dot segment.
  return (normalizePath(plain) ?? plain).toLowerCase();
}

/** Folds what a policy declares: parameters that it asks for stay. */
export function foldDeclaredPath(declared: string): string {
  return decodeSlashes(declared).toLowerCase();
}

function decodeSlashes(path: string): string {
  return path.replace(/%2f|%5c/gi, '/');
}
