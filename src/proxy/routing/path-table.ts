import { matchesRest, type RoutableRequest } from './predicates.ts';
import { compareMatches, type RouteMatch } from './route-match.ts';

const SLASH = 0x2f;

/**
 * The matches of one host name by path. Exact paths are one look-up; prefixes one for each element boundary at which
 * some declared prefix ends, from the longest; only regular expressions are tried one after the other. Matches with
 * the same path stand in order of precedence, so the first that passes wins.
 */
export class PathTable {
  readonly #exact: ReadonlyMap<string, readonly RouteMatch[]>;
  readonly #regexps: readonly RouteMatch[];
  readonly #prefixes: ReadonlyMap<string, readonly RouteMatch[]>;
  /** Matches of `/`, which every path has as a prefix. */
  readonly #root: readonly RouteMatch[];
  /**
   * 1 at each length that a declared prefix has: most boundaries need no look-up, and a path of thousands of
   * elements makes no more look-ups than there are different lengths.
   */
  readonly #prefixLengths: Uint8Array;

  constructor(matches: readonly RouteMatch[]) {
    const sorted = matches.toSorted(compareMatches);
    this.#exact = groupByPath(sorted.filter((match) => match.pathType === 'Exact'));
    this.#regexps = Object.freeze(sorted.filter((match) => match.pathType === 'RegularExpression'));
    this.#prefixes = groupByPath(sorted.filter((match) => match.pathType === 'PathPrefix'));
    this.#root = this.#prefixes.get('') ?? [];
    this.#prefixLengths = lengthsOf(this.#prefixes.keys());
  }

  /** All matches, in order of precedence. */
  get matches(): readonly RouteMatch[] {
    return [...this.#exact.values(), this.#regexps, ...this.#prefixes.values()].flat().sort(compareMatches);
  }

  /** The match of highest precedence, or undefined. */
  find(request: RoutableRequest): RouteMatch | undefined {
    const exact = this.#exact.get(request.path);
    if (exact !== undefined) {
      const match = firstPassing(exact, request);
      if (match !== undefined) return match;
    }
    return this.#findRegExp(request) ?? this.#findPrefix(request);
  }

  #findRegExp(request: RoutableRequest): RouteMatch | undefined {
    for (let i = 0; i < this.#regexps.length; i++) {
      const match = this.#regexps[i]!;
      // The cheaper tests first: most expressions are never run.
      if (matchesRest(match, request) && match.pathRegExp!.matches(request.path)) return match;
    }
    return undefined;
  }

  #findPrefix(request: RoutableRequest): RouteMatch | undefined {
    const { path } = request;
    // `*` (RFC 9110 §7.1) and the empty path of CONNECT have no elements.
    if (path.charCodeAt(0) !== SLASH) return undefined;
    const longest = this.#prefixLengths.length - 1;
    let end = path.length <= longest ? path.length : path.lastIndexOf('/', longest);
    while (end > 0) {
      if (this.#prefixLengths[end] === 1) {
        const matches = this.#prefixes.get(path.slice(0, end));
        const match = matches === undefined ? undefined : firstPassing(matches, request);
        if (match !== undefined) return match;
      }
      end = path.lastIndexOf('/', end - 1);
    }
    return firstPassing(this.#root, request);
  }
}

function firstPassing(matches: readonly RouteMatch[], request: RoutableRequest): RouteMatch | undefined {
  for (let i = 0; i < matches.length; i++) {
    const match = matches[i]!;
    if (matchesRest(match, request)) return match;
  }
  return undefined;
}

function groupByPath(matches: readonly RouteMatch[]): ReadonlyMap<string, readonly RouteMatch[]> {
  return Map.groupBy(matches, (match) => match.path);
}

function lengthsOf(paths: Iterable<string>): Uint8Array {
  const lengths = new Set(Array.from(paths, (path) => path.length));
  let longest = 0;
  for (const length of lengths) longest = Math.max(longest, length);
  const marks = new Uint8Array(longest + 1);
  for (const length of lengths) marks[length] = 1;
  return marks;
}
