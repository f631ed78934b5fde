import { resourceTitle } from '#model/resource.ts';
import type { Route } from '../../route/route-kinds.ts';
import { isOfRequests } from './mesh-parents.ts';
import { bySeniority, type MeshRoutePlan } from './mesh-routes.ts';

/** Ports of Services at which a route lost, as in `mesh/shop/cart:80`, with the route that won. */
export type PlaceLosses = ReadonlyMap<string, Route>;

/**
 * Settles which routes cannot share a port: HTTP and gRPC routes, since what is no gRPC could otherwise be answered by
 * rules that look at calls only; two TCP routes, since connections have nothing to be told apart by; and TLS routes for
 * the same server names. The oldest route stays, and among equals the first by name. Routes of producers, and those of
 * the consumers of one namespace, settle it among themselves: nobody sees more of them at once.
 *
 * @see Gateway API, GRPCRouteSpec.hostnames
 */
export function settleMeshContests(plans: readonly MeshRoutePlan[]): ReadonlyMap<MeshRoutePlan, PlaceLosses> {
  const holders = new Map<string, Route>();
  const losses = new Map<MeshRoutePlan, Map<string, Route>>();
  for (const plan of plans.toSorted(bySeniority)) {
    const { route, places } = plan;
    for (const place of places.keys()) {
      const rivals = groundsOf(route).map((ground) =>
        claim(`${route.metadata.namespace} ${ground} ${place}`, route, holders),
      );
      const [winner] = rivals;
      // What is left to a route, it keeps.
      if (winner === undefined || rivals.includes(undefined)) continue;
      losses.set(plan, (losses.get(plan) ?? new Map()).set(place, winner));
    }
  }
  return losses;
}

/** What a route wants of a port. TLS routes stand beside TCP routes: they are told apart by the server's name. */
function groundsOf(route: Route): readonly string[] {
  if (isOfRequests(route.kind)) return ['requests'];
  return route.kind === 'TLSRoute' ? route.spec.hostnames : ['connections'];
}

/** Takes ground that is free. @returns who has it instead */
function claim(ground: string, route: Route, holders: Map<string, Route>): Route | undefined {
  const holder = holders.get(ground) ?? route;
  holders.set(ground, holder);
  const isShared = isOfRequests(route.kind) && holder.kind === route.kind;
  return holder === route || isShared ? undefined : holder;
}

/** Says to whom a route lost its ports. */
export function lossMessage(losses: PlaceLosses): string {
  const lost = [...losses].map(([place, winner]) => `${resourceTitle(winner)} at ${place.replace('mesh/', '')}`);
  const [first] = losses.values();
  return `goes behind ${lost.join(', ')}: ${first === undefined ? '' : reasons[first.kind]}, and the oldest route decides`;
}

const sharing = 'HTTP and gRPC routes cannot share a port';
const reasons: Readonly<Record<Route['kind'], string>> = {
  HTTPRoute: sharing,
  GRPCRoute: sharing,
  TCPRoute: 'connections have nothing to be told apart by',
  TLSRoute: 'both are for the same server names',
};
