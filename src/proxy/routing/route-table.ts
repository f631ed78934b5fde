import type { CompiledRoute } from './compile-route.ts';
import { HostTable, normalizeHostname, type HostEntry } from './host-table.ts';
import { PathTable } from './path-table.ts';
import type { RoutableRequest } from './predicates.ts';
import type { RouteMatch } from './route-match.ts';

/**
 * The routes of one listener. Immutable: a changed route makes a new table, which is swapped in whole.
 *
 * What a request costs does not depend on how many routes there are, but on how many share its host name and path.
 *
 * Matches at a more specific host name win over all at a less specific one. Where none of them passes, the less
 * specific ones are tried: the standard gives precedence to the more specific, it does not hide the others.
 *
 * @see Gateway API, HTTPRouteSpec.hostnames and HTTPRouteRule.matches
 */
export class RouteTable {
  readonly #hosts: HostTable<PathTable>;

  constructor(hosts: HostTable<PathTable>) {
    this.#hosts = hosts;
  }

  /**
   * The match of highest precedence, or undefined. Allocates nothing where no header or parameter has to be put
   * together or decoded.
   *
   * @param host - without port, lower case
   */
  find(host: string, request: RoutableRequest): RouteMatch | undefined {
    let entry = this.#hosts.find(host);
    while (entry !== undefined) {
      const match = entry.value.find(request);
      if (match !== undefined) return match;
      entry = entry.broader;
    }
    return undefined;
  }

  /** All declared host names with their matches, the most specific first. */
  hosts(): readonly HostEntry<PathTable>[] {
    return this.#hosts.entries();
  }

  /** The entries that a host finds, the most specific first. */
  hostsOf(host: string): readonly HostEntry<PathTable>[] {
    const found: HostEntry<PathTable>[] = [];
    for (let entry = this.#hosts.find(host); entry !== undefined; entry = entry.broader) found.push(entry);
    return found;
  }
}

/**
 * Joins the routes that are attached to a listener.
 * @param listener - name of the listener resource
 */
export function createRouteTable(listener: string, routes: Iterable<CompiledRoute>): RouteTable {
  const byHost = new Map<string, RouteMatch[]>();
  for (const route of routes) {
    for (const hostname of attachedHostnames(route, listener)) {
      const matches = byHost.get(hostname);
      if (matches === undefined) byHost.set(hostname, [...route.matches]);
      else matches.push(...route.matches);
    }
  }
  return new RouteTable(
    new HostTable(Array.from(byHost, ([host, matches]) => [host, new PathTable(matches)] as const)),
  );
}

/** A route may be attached to a listener twice, with host names that overlap. */
function attachedHostnames({ resource }: CompiledRoute, listener: string): ReadonlySet<string> {
  const attachments = resource.attachments.filter((attachment) => attachment.listener === listener);
  return new Set(attachments.flatMap((attachment) => attachment.hostnames.map(normalizeHostname)));
}
