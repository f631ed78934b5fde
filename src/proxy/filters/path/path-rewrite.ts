import type { PathModifier } from '#model/snapshot/http-route.ts';

/** What a path becomes. */
export interface PathRewrite {
  readonly type: 'ReplaceFullPath' | 'ReplacePrefixMatch';
  /** Normalised; of a prefix without its trailing slash, so that `/` is ''. */
  readonly replacement: string;
}

/** Everything that a path must not hold literally: a `?` would begin a query, a line break a field (RFC 3986 §3.3). */
const NOT_IN_PATH = /[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]/gu;
const LONE_PERCENT = /%(?![0-9A-Fa-f]{2})/g;

/** Prepares a path modifier. Its value is brought into the form that the paths of requests have. */
export function compilePathRewrite(modifier: PathModifier): PathRewrite {
  const path = normalize(modifier.value);
  if (modifier.type === 'ReplaceFullPath') return Object.freeze({ type: modifier.type, replacement: path });
  return Object.freeze({ type: modifier.type, replacement: path.endsWith('/') ? path.slice(0, -1) : path });
}

/**
 * Rewrites a path. A prefix is replaced by whole segments, and the slash between what replaces it and the rest is
 * always exactly one (Gateway API, HTTPPathModifier).
 * @param routedPath normalised, as it was matched
 * @param matchedPrefixLength octets that the match took, without a trailing slash; -1: no prefix was matched, so
 *   there is none to replace
 */
export function rewritePath(rewrite: PathRewrite, routedPath: string, matchedPrefixLength: number): string {
  if (rewrite.type === 'ReplaceFullPath') return rewrite.replacement;
  if (matchedPrefixLength < 0 || routedPath === '*') return routedPath;
  const path = rewrite.replacement + routedPath.slice(matchedPrefixLength);
  return path === '' ? '/' : path;
}

/** One leading slash, no empty and no dot segments, nothing that is not allowed in a path. */
function normalize(value: string): string {
  const escaped = value.toWellFormed().replace(NOT_IN_PATH, encodeURIComponent).replace(LONE_PERCENT, '%25');
  const segments: string[] = [];
  for (const segment of escaped.split('/')) {
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  const path = `/${segments.join('/')}`;
  return path !== '/' && /\/\.{0,2}$/.test(escaped) ? `${path}/` : path;
}
