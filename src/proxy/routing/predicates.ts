import type { RequestHead } from '#http/head.ts';
import { queryParam } from './query-param.ts';
import type { RouteMatch } from './route-match.ts';
import { passesTest } from './value-test.ts';

/** What routing reads of a request. */
export type RoutableRequest = Pick<RequestHead, 'method' | 'path' | 'query' | 'fields' | 'authority' | 'upgrade'>;

/** Whether the path matches. The route table knows it from its look-up; explanations and tests ask. */
export function matchesPath(match: RouteMatch, path: string): boolean {
  switch (match.pathType) {
    case 'Exact':
      return path === match.path;
    case 'PathPrefix':
      return matchesPrefix(match.path, path);
    case 'RegularExpression':
      return match.pathRegExp?.matches(path) === true;
  }
}

/** By path element: `/foo` matches `/foo`, `/foo/` and `/foo/bar`, not `/foobar` (Gateway API, PathMatchPathPrefix). */
function matchesPrefix(prefix: string, path: string): boolean {
  if (!path.startsWith('/') || !path.startsWith(prefix)) return false;
  return path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f;
}

/** Whether everything but host and path matches. */
export function matchesRest(match: RouteMatch, request: RoutableRequest): boolean {
  return matchesMethod(match, request) && matchesHeaders(match, request) && matchesQuery(match, request);
}

export function matchesMethod(match: RouteMatch, request: RoutableRequest): boolean {
  return match.method === '' || match.method === request.method;
}

function matchesHeaders({ headers }: RouteMatch, request: RoutableRequest): boolean {
  for (let i = 0; i < headers.length; i++) {
    const test = headers[i]!;
    if (!passesTest(test, headerValue(request, test.name))) return false;
  }
  return true;
}

function matchesQuery({ queryParams }: RouteMatch, request: RoutableRequest): boolean {
  for (let i = 0; i < queryParams.length; i++) {
    const test = queryParams[i]!;
    if (!passesTest(test, queryParam(request.query, test.name))) return false;
  }
  return true;
}

/**
 * The value that header matches see: several lines of one name joined with `, ` (RFC 9110 §5.3). Codecs turn `host`
 * and `upgrade` into properties of the head, where routes must still find them.
 */
export function headerValue(request: RoutableRequest, name: string): string | undefined {
  if (name === 'host') return request.authority;
  if (name === 'upgrade') return request.upgrade === '' ? undefined : request.upgrade;
  return request.fields.get(name);
}
