import { resourceTitle } from '#model/resource.ts';
import type { Route } from '../../route/route-kinds.ts';
import { isOfRequests } from './mesh-parents.ts';
import { bySeniority, type MeshRoutePlan } from './mesh-routes.ts';

/** Ports of Services at which a route lost, as in `mesh/shop/cart:80`, with the route that won. */
export type PlaceLosses = ReadonlyMap<string, Route>;

/**
 * Settles which routes cannot share a port: HTTP and gRPC routes, since what is no gRPC could otherwise be answered by
 * rules that look at calls only; and two TCP routes, since connections have nothing to be told apart by. The oldest route
 * stays, and among equals the first by name. Routes of producers, and those of the consumers of one namespace, settle it
 * among themselves: nobody sees more of them at once.
 *
 * @see Gateway API, GRPCRouteSpec.hostnames
 */
export function settleMeshContests(plans: readonly MeshRoutePlan[]): ReadonlyMap<MeshRoutePlan, PlaceLosses> {
  const holders = new Map<string, Route>();
  const losses = new Map<MeshRoutePlan, Map<string, Route>>();
  for (const plan of plans.toSorted(bySeniority)) {
    const { route, places } = plan;
    for (const place of places.keys()) {
      // TLS routes stand beside TCP routes: they are told apart by the server's name.
      const ground = isOfRequests(route.kind) ? 'requests' : route.kind;
      const key = `${route.metadata.namespace} ${ground} ${place}`;
      const holder = holders.get(key);
      if (holder === undefined) holders.set(key, route);
      else if (!mayShare(holder, route)) losses.set(plan, (losses.get(plan) ?? new Map()).set(place, holder));
    }
  }
  return losses;
}

function mayShare(holder: Route, { kind }: Route): boolean {
  return holder.kind === kind && kind !== 'TCPRoute';
}

/** Says to whom a route lost its ports. */
export function lossMessage(losses: PlaceLosses): string {
  const lost = [...losses].map(([place, winner]) => `${resourceTitle(winner)} at ${place.replace('mesh/', '')}`);
  const [first] = losses.values();
  const why =
    first !== undefined && isOfRequests(first.kind)
      ? 'HTTP and gRPC routes cannot share a port'
      : 'connections have nothing to be told apart by';
  return `goes behind ${lost.join(', ')}: ${why}, and the oldest route decides`;
}
