import type { LinearRegExp } from '#base/linear-regexp/linear-regexp.ts';
import type { HttpRouteMatch } from '#model/snapshot/http-route.ts';
import type { Rule } from '../exchange/exchange.ts';
import type { ValueTest } from './value-test.ts';

/** One match of one rule of one route, compiled and frozen. Finding one is the result of routing. */
export interface RouteMatch {
  readonly rule: Rule;
  /** As {@link Exchange.matchedPrefixLength}: what a PathPrefix took of the path, without a trailing slash, or -1. */
  readonly matchedPrefixLength: number;

  readonly pathType: HttpRouteMatch['path']['type'];
  /** Normalised; a PathPrefix without its trailing slash, so '' for `/`. */
  readonly path: string;
  readonly pathRegExp: LinearRegExp | null;
  /** '' for any. */
  readonly method: string;
  readonly headers: readonly ValueTest[];
  readonly queryParams: readonly ValueTest[];

  /** `<namespace>/<name>` of the route. */
  readonly routeName: string;
  readonly createdAtMs: number;
  readonly ruleIndex: number;
  readonly matchIndex: number;
}

const PATH_RANK = { Exact: 0, RegularExpression: 1, PathPrefix: 2 } as const;

/**
 * Orders matches of one host name, the one that wins first.
 *
 * The standard leaves the place of regular expressions open. They stand between Exact and PathPrefix, where Envoy
 * Gateway has them too: behind prefixes, a catch-all `/` would leave them nothing; among themselves the longer goes first.
 *
 * @see Gateway API, HTTPRouteRule.matches
 */
export function compareMatches(a: RouteMatch, b: RouteMatch): number {
  return (
    PATH_RANK[a.pathType] - PATH_RANK[b.pathType] ||
    b.path.length - a.path.length ||
    Number(b.method !== '') - Number(a.method !== '') ||
    b.headers.length - a.headers.length ||
    b.queryParams.length - a.queryParams.length ||
    a.createdAtMs - b.createdAtMs ||
    compareText(a.routeName, b.routeName) ||
    a.ruleIndex - b.ruleIndex ||
    a.matchIndex - b.matchIndex
  );
}

// By code unit: an order that depends on a locale would differ between proxies.
function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
