import { resourceKey, resourceTitle } from '#model/resource.ts';
import { compareText, createdAtMs } from '../inventory.ts';
import { hostnamesOverlap } from './hostnames.ts';
import type { Route } from './route-kinds.ts';
import type { AttachedRoute } from './route-parents.ts';

/** Listeners at which a route lost, by full name, with the route that won. */
export type Losses = ReadonlyMap<string, string>;

interface Holding {
  readonly kind: string;
  readonly title: string;
  readonly hostnames: readonly string[];
}

/**
 * Settles at which listeners HTTP and gRPC routes want the same host names: there the older route stays alone, and among
 * equals the first by name. What is no gRPC could otherwise be answered by rules that look at calls only.
 *
 * @returns by the key of the route
 * @see Gateway API, GRPCRouteSpec.hostnames
 */
export function settleContests(attached: readonly AttachedRoute[]): ReadonlyMap<string, Losses> {
  const contenders = attached.filter(({ route: { kind } }) => kind === 'HTTPRoute' || kind === 'GRPCRoute');
  if (new Set(contenders.map(({ route }) => route.kind)).size < 2) return new Map();
  const holdings = new Map<string, Holding[]>();
  const lossesByRoute = new Map<string, Losses>();
  for (const { route, parents } of contenders.toSorted(bySeniority)) {
    const losses = new Map<string, string>();
    const title = resourceTitle(route);
    for (const { outcome } of parents) {
      for (const { listener, hostnames } of 'reason' in outcome ? [] : outcome) {
        const held = holdings.get(listener.fullName) ?? [];
        const winner = held.find(
          (holding) => holding.kind !== route.kind && hostnamesOverlap(holding.hostnames, hostnames),
        );
        if (winner !== undefined) losses.set(listener.fullName, winner.title);
        else holdings.set(listener.fullName, [...held, { kind: route.kind, title, hostnames }]);
      }
    }
    if (losses.size > 0) lossesByRoute.set(resourceKey(route), losses);
  }
  return lossesByRoute;
}

/** The older first, and among equals the first by name, whatever the kind. */
export function bySeniority({ route: a }: AttachedRoute, { route: b }: AttachedRoute): number {
  return createdAtMs(a) - createdAtMs(b) || compareText(placeOf(a), placeOf(b)) || compareText(a.kind, b.kind);
}

function placeOf({ metadata }: Route): string {
  return `${metadata.namespace}/${metadata.name}`;
}
