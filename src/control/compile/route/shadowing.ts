import { resourceTitle } from '#model/resource.ts';
import { warning, type Finding } from '../finding.ts';
import { bySeniority } from './hostname-contests.ts';
import type { Route } from './route-kinds.ts';
import type { AttachedRoute, RouteParent } from './route-parents.ts';
import { attachmentsOf } from './route-variants.ts';

/** What is said of a route that another one stands before. */
export interface ShadowedRoute {
  readonly route: Route;
  readonly findings: readonly Finding[];
}

/**
 * Finds routes of connections that get nothing, since an older one has the same names at the same listener: unlike
 * requests, connections have nothing further to be told apart by.
 */
export function findShadowed(attached: readonly AttachedRoute[]): readonly ShadowedRoute[] {
  const streams = attached.filter(({ route: { kind } }) => kind === 'TCPRoute' || kind === 'TLSRoute');
  const owners = new Map<string, Route>();
  return streams.toSorted(bySeniority).flatMap(({ route, parents }) => {
    const findings = parents.flatMap((parent) => claim(route, parent, owners));
    return findings.length === 0 ? [] : [{ route, findings }];
  });
}

/** Takes what is still free for a route, and tells what is not. */
function claim(route: Route, parent: RouteParent, owners: Map<string, Route>): readonly Finding[] {
  return attachmentsOf(parent).flatMap(({ listener, hostnames }) =>
    hostnames.flatMap((hostname) => {
      const place = `${listener.fullName} ${hostname}`;
      const owner = owners.get(place) ?? route;
      owners.set(place, owner);
      if (owner === route) return [];
      const what = hostname === '*' ? 'all connections' : `connections for ${hostname}`;
      const message = `${what} at listener ${listener.name} go to ${resourceTitle(owner)}, which goes before this route`;
      return [warning(parent.path, message)];
    }),
  );
}
