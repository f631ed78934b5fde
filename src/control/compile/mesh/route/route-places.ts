import type { RouteResource } from '../../route/route-variants.ts';
import { compareText, createdAtMs } from '../../inventory.ts';
import type { Route } from '../../route/route-kinds.ts';
import { versioned } from '../../version.ts';
import type { PlaceLosses } from './contests.ts';
import { bySeniority, routeName, type MeshRoutePlan } from './mesh-routes.ts';

/** Where routes count: for whom the map was made, the routes at each port, the one that goes before others first. */
export type RoutesByPlace = ReadonlyMap<string, readonly MeshRoutePlan[]>;

/**
 * Tells which routes count for the requests of a namespace's workloads.
 *
 * A route in the Service's own namespace is its producer's and counts for everybody; one elsewhere is its consumer's, and
 * takes the place of the producer's for the requests of its own namespace.
 *
 * @param namespace '' for those that have no routes of their own
 * @param losses where routes do not count, since others of the same namespace go before them
 */
export function routesFor(
  namespace: string,
  plans: readonly MeshRoutePlan[],
  losses: ReadonlyMap<MeshRoutePlan, PlaceLosses>,
): RoutesByPlace {
  const producers = new Map<string, MeshRoutePlan[]>();
  const consumers = new Map<string, MeshRoutePlan[]>();
  for (const plan of plans.toSorted(bySeniority)) {
    const routeNamespace = plan.route.metadata.namespace;
    for (const [place, serviceNamespace] of plan.places) {
      if (losses.get(plan)?.has(place) === true) continue;
      if (routeNamespace === serviceNamespace) append(producers, place, plan);
      else if (routeNamespace === namespace) append(consumers, place, plan);
    }
  }
  return new Map([...producers, ...consumers]);
}

/** One resource for each route that counts somewhere. */
export function routeResources(routes: RoutesByPlace): readonly RouteResource[] {
  const placesByPlan = new Map<MeshRoutePlan, string[]>();
  for (const [place, plans] of routes) for (const plan of plans) append(placesByPlan, plan, place);
  return [...placesByPlan].map(
    ([
      {
        route,
        content: { type, ...content },
      },
      places,
    ]) =>
      versioned<RouteResource>({
        type,
        name: routeName(route),
        createdAtMs: createdAtMs(route),
        attachments: places.sort(compareText).map((listener) => ({ listener, hostnames: serverNamesOf(route) })),
        ...content,
      }),
  );
}

/** Requests are told by the names of their Service; connections of a TLS route by the server name that they ask for. */
function serverNamesOf(route: Route): readonly string[] {
  return route.kind === 'TLSRoute' ? route.spec.hostnames : ['*'];
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
