import type { Diagnostic } from '#model/diagnostic.ts';
import type { HttpRouteResource, HttpRouteMatch } from '#model/snapshot/http-route.ts';
import type { ListenerResource } from '#model/snapshot/listener.ts';
import { declaredRoute, titleOfRoute } from '#model/snapshot/route-name.ts';
import type { Declarations } from '../declarations.ts';
import { Rehearsal, runFilters, type RuleSource } from './rehearsal.ts';

/** Browsers give up after 20. */
const MAX_HOPS = 20;

/** One redirect of a walk from answer to answer. */
interface Hop {
  readonly url: string;
  readonly source: RuleSource;
  readonly location: string;
}

/**
 * Finds redirects that lead back to where they began, so that a client follows them for ever.
 *
 * Each match of each redirecting rule is followed from one example request. Regular expressions are left out: no
 * example can be made from them.
 *
 * @returns a warning for each cycle, at one of its redirects
 */
export function findRedirectCycles({ snapshot, locate }: Declarations): Diagnostic[] {
  const rehearsal = new Rehearsal(snapshot);
  const routes = [...snapshot.resources.values()].filter((resource) => resource.type === 'http-route');
  const found = new Map<string, Diagnostic>();
  for (const route of routes) {
    for (const [url, match] of exampleRequests(route, rehearsal.listeners)) {
      const cycle = follow(rehearsal, url, match);
      if (cycle === undefined) continue;
      const members = [...new Set(cycle.map(({ source }) => nameOf(source)))].toSorted();
      if (!found.has(members.join())) found.set(members.join(), describe(cycle, locate));
    }
  }
  return [...found.values()];
}

function* exampleRequests(
  route: HttpRouteResource,
  listeners: readonly ListenerResource[],
): Iterable<[URL, HttpRouteMatch]> {
  const matches = route.rules.filter(redirects).flatMap((rule) => rule.matches);
  for (const { listener: name, hostnames } of route.attachments) {
    const listener = listeners.find((one) => one.name === name);
    if (listener === undefined) continue;
    for (const hostname of hostnames) {
      for (const match of matches) {
        const url = exampleUrl(listener, hostname, match);
        if (url !== undefined) yield [url, match];
      }
    }
  }
}

function redirects({ filters }: HttpRouteResource['rules'][number]): boolean {
  return filters.some(({ type }) => type === 'RequestRedirect');
}

function exampleUrl(
  listener: ListenerResource,
  hostname: string,
  { path, headers, queryParams }: HttpRouteMatch,
): URL | undefined {
  const conditions = [path, ...headers, ...queryParams];
  if (conditions.some(({ type }) => type === 'RegularExpression')) return undefined;
  const host = hostname === '*' ? 'localhost' : hostname.replace(/^\*\./, 'any.');
  const query = new URLSearchParams(queryParams.map(({ name, value }) => [name, value])).toString();
  const text = `${listener.protocol.toLowerCase()}://${host}:${listener.port}${path.value}${query === '' ? '' : `?${query}`}`;
  return URL.parse(text) ?? undefined;
}

/** Does what a client does that follows every redirect. @returns the redirects of the cycle that it ends in */
function follow(rehearsal: Rehearsal, start: URL, { method, headers }: HttpRouteMatch): Hop[] | undefined {
  const hops: Hop[] = [];
  const fields = headers.map(({ name, value }) => [name, value] as const);
  let url = start;
  while (hops.length <= MAX_HOPS) {
    const seen = hops.findIndex((hop) => hop.url === url.href);
    if (seen !== -1) return hops.slice(seen);
    const hop = redirectOf(rehearsal, { method: method === '' ? 'GET' : method, url, headers: fields });
    if (hop === undefined) return undefined;
    hops.push(hop);
    const next = URL.parse(hop.location, url.href);
    if (next === null) return undefined;
    url = next;
  }
  // It never came back, but grows for ever, as /a → /a/a does.
  return hops;
}

function redirectOf(rehearsal: Rehearsal, request: Parameters<Rehearsal['route']>[0]): Hop | undefined {
  const routed = rehearsal.route(request);
  if (routed?.chosen === undefined) return undefined;
  const { rule, source } = routed.chosen;
  const location = runFilters(routed.exchange, rule.filters)?.fields.get('location');
  return location === undefined ? undefined : { url: request.url.href, source, location };
}

function nameOf({ route, declared }: RuleSource): string {
  return `${route.name} ${declared.name}`;
}

function describe(cycle: readonly Hop[], locate: Declarations['locate']): Diagnostic {
  const first = cycle[0]!;
  const { route, declared, index } = first.source;
  const path = [
    'spec',
    'rules',
    index,
    'filters',
    Math.max(
      0,
      declared.filters.findIndex(({ type }) => type === 'RequestRedirect'),
    ),
  ];
  const shown = cycle.slice(0, 4).map(({ url }) => url);
  const end = cycle.length > 4 ? '…' : cycle.at(-1)!.location;
  return {
    severity: 'warning',
    location: locate(declaredRoute(route.name), path) ?? { file: '', line: 1, column: 1 },
    resource: titleOfRoute(route.name),
    fieldPath: `spec.rules[${index}].filters[${path[4]}]`,
    message: `redirects for ever: ${[...shown, end].join(' → ')}`,
    expected: 'a way out: another path, host name or scheme, or a match that does not take the redirected request',
  };
}
