import { Fields } from '#http/fields.ts';
import { RequestHead } from '#http/head.ts';
import type { HttpRouteMatch, HttpRouteResource, HttpRouteRule, ValueMatch } from '#model/snapshot/http-route.ts';
import { compileRoute, type RuleCompiler } from '../compile-route.ts';
import { createRouteTable, type RouteTable } from '../route-table.ts';

/** A match with what is left out filled in as the standard's defaults have it. */
export function declareMatch(match: Partial<HttpRouteMatch> = {}): HttpRouteMatch {
  return { path: { type: 'PathPrefix', value: '/' }, method: '', headers: [], queryParams: [], ...match };
}

export const exactPath = (value: string) => ({ type: 'Exact', value }) as const;
export const prefixPath = (value: string) => ({ type: 'PathPrefix', value }) as const;
export const regExpPath = (value: string) => ({ type: 'RegularExpression', value }) as const;

/** Exact matches of values, by name. */
export function exactValues(values: Readonly<Record<string, string>>): readonly ValueMatch[] {
  return Object.entries(values).map(([name, value]) => ({ name, type: 'Exact' as const, value }));
}

/** A rule whose name is all that a test looks at. */
export function declareRule(name: string, ...matches: readonly Partial<HttpRouteMatch>[]): HttpRouteRule {
  return {
    name,
    matches: (matches.length === 0 ? [{}] : matches).map(declareMatch),
    filters: [],
    backends: [],
    timeouts: { requestMs: null, backendRequestMs: null },
  };
}

/** A route that is attached to the listener `web`. */
export function declareRoute(
  name: string,
  rules: readonly HttpRouteRule[],
  {
    hostnames = ['*'],
    createdAtMs = 0,
  }: { readonly hostnames?: readonly string[]; readonly createdAtMs?: number } = {},
): HttpRouteResource {
  return {
    type: 'http-route',
    name: `HTTPRoute/${name.includes('/') ? name : `shop/${name}`}`,
    version: '1',
    createdAtMs,
    attachments: [{ listener: 'web', hostnames }],
    rules,
  };
}

/** A rule that does nothing. */
export const compileEmptyRule: RuleCompiler = (route, rule) => ({
  route: route.name,
  name: rule.name,
  filters: [],
  backends: [],
  totalWeight: 0,
  requestTimeoutMs: -1,
  attemptTimeoutMs: 0,
  metricScope: null,
});

/** The table of the listener `web`. */
export function tableOf(...routes: readonly HttpRouteResource[]): RouteTable {
  return createRouteTable(
    'web',
    routes.map((route) => compileRoute(route, compileEmptyRule)),
  );
}

/** A request as codecs hand it on. @param target path and query */
export function requestOf(
  target: string,
  {
    method = 'GET',
    headers = {},
  }: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): RequestHead {
  const mark = target.indexOf('?');
  const path = mark === -1 ? target : target.slice(0, mark);
  const query = mark === -1 ? '' : target.slice(mark);
  return new RequestHead(method, target, 'example.com', path, query, new Fields(Object.entries(headers).flat()), 11);
}
