import { compileLinearRegExp, type LinearRegExp } from '#base/linear-regexp/linear-regexp.ts';
import { normalizePath } from '#http/path.ts';
import type { HttpRouteMatch, HttpRouteResource, HttpRouteRule } from '#model/snapshot/http-route.ts';
import { placeOfRoute } from '#model/snapshot/route-name.ts';
import type { Rule } from '../exchange/exchange.ts';
import type { RouteMatch } from './route-match.ts';
import { compileValueTests } from './value-test.ts';

/** A route, compiled once for all listeners that it is attached to. */
export interface CompiledRoute {
  readonly resource: HttpRouteResource;
  readonly matches: readonly RouteMatch[];
  /** Matches that cannot be used and match no request; empty for what passed validation. */
  readonly problems: readonly RouteProblem[];
}

export interface RouteProblem {
  readonly route: string;
  readonly rule: string;
  readonly matchIndex: number;
  readonly reason: string;
}

/** Makes what a rule does with the requests that it matched. */
export type RuleCompiler = (route: HttpRouteResource, rule: HttpRouteRule) => Rule;

/** Compiles a route; to be done again only when its version changes. */
export function compileRoute(resource: HttpRouteResource, compileRule: RuleCompiler): CompiledRoute {
  const matches: RouteMatch[] = [];
  const problems: RouteProblem[] = [];
  resource.rules.forEach((declared, ruleIndex) => {
    const rule = compileRule(resource, declared);
    declared.matches.forEach((match, matchIndex) => {
      const place = {
        rule,
        routeName: placeOfRoute(resource.name),
        createdAtMs: resource.createdAtMs,
        ruleIndex,
        matchIndex,
      };
      const compiled = compileMatch(match, place);
      if (typeof compiled !== 'string') matches.push(compiled);
      else problems.push({ route: resource.name, rule: declared.name, matchIndex, reason: compiled });
    });
  });
  return Object.freeze({ resource, matches: Object.freeze(matches), problems: Object.freeze(problems) });
}

type Place = Pick<RouteMatch, 'rule' | 'routeName' | 'createdAtMs' | 'ruleIndex' | 'matchIndex'>;

/** @returns the reason where the match cannot be used */
function compileMatch(match: HttpRouteMatch, place: Place): RouteMatch | string {
  const { type, value } = match.path;
  const pathRegExp = type === 'RegularExpression' ? compilePathRegExp(value) : null;
  if (typeof pathRegExp === 'string') return pathRegExp;
  const headers = compileValueTests(match.headers.map(lowerName), latin1OfUtf8);
  if (typeof headers === 'string') return `header ${headers}`;
  const queryParams = compileValueTests(match.queryParams, (text) => text);
  if (typeof queryParams === 'string') return `query parameter ${queryParams}`;
  const path = comparablePath(type, value);
  const matchedPrefixLength = type === 'PathPrefix' ? path.length : -1;
  return Object.freeze({
    ...place,
    matchedPrefixLength,
    pathType: type,
    path,
    pathRegExp,
    method: match.method,
    headers,
    queryParams,
  });
}

function compilePathRegExp(source: string): LinearRegExp | string {
  const regexp = compileLinearRegExp(source);
  return regexp.ok ? regexp : `path: ${regexp.reason} (at character ${regexp.offset + 1} of ${source})`;
}

/** Request paths are normalised before they are routed, so declared ones must be spelled the same way. */
function comparablePath(type: HttpRouteMatch['path']['type'], value: string): string {
  if (type === 'RegularExpression') return value;
  const path = normalizePath(value) ?? value;
  return type === 'PathPrefix' && path.endsWith('/') ? path.slice(0, -1) : path;
}

const lowerName = <T extends { readonly name: string }>(match: T): T => ({ ...match, name: match.name.toLowerCase() });

/** Field values of requests are latin1 strings of octets; documents are UTF-8. */
const latin1OfUtf8 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
