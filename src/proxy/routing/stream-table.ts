import type { StreamRouteResource } from '#model/snapshot/stream-route.ts';
import { declaredRoute, placeOfRoute } from '#model/snapshot/route-name.ts';
import type { ClusterSlot, Listener, StreamRoute } from '../exchange/exchange.ts';
import { BROKEN_SLOT } from './compile-rule.ts';
import { HostTable, normalizeHostname } from './host-table.ts';

/** The route of each host name of one listener. */
export type StreamRoutes = HostTable<StreamRoute>;

/** A listener with its routes of streams. */
export interface StreamListener {
  readonly listener: Listener;
  /** Host names served: exact, `*.example.com`, or '' for any. */
  readonly hostname: string;
  /** Whether TLS ends here; else what comes is passed on as it is. */
  readonly terminates: boolean;
  readonly routes: StreamRoutes;
}

/** The listeners that share one acceptor, by server name. */
export type StreamTable = HostTable<StreamListener>;

/** Prepares what a route does with the connections that it matched. */
export const compileStreamRoute = (
  resource: StreamRouteResource,
  slot: (cluster: string) => ClusterSlot,
): StreamRoute => ({
  route: declaredRoute(resource.name),
  backends: resource.backends.map(({ cluster, weight }) => ({
    slot: cluster === null ? BROKEN_SLOT : slot(cluster),
    weight,
  })),
  totalWeight: resource.backends.reduce((sum, { weight }) => sum + weight, 0),
});

/** Joins the routes that are attached to a listener. Of several for one host name the oldest wins, then the first by name. */
export const createStreamRoutes = (
  listener: string,
  routes: Iterable<readonly [resource: StreamRouteResource, route: StreamRoute]>,
): StreamRoutes => {
  const byHost: (readonly [hostname: string, route: StreamRoute])[] = [];
  // The last one of a host name stands, so the winners come last.
  for (const [resource, route] of [...routes].sort(([a], [b]) => -compareRoutes(a, b))) {
    for (const attachment of resource.attachments) {
      if (attachment.listener !== listener) continue;
      for (const hostname of attachment.hostnames) byHost.push([normalizeHostname(hostname), route]);
    }
  }
  return new HostTable(byHost);
};

const compareRoutes = (a: StreamRouteResource, b: StreamRouteResource): number => {
  if (a.createdAtMs !== b.createdAtMs) return a.createdAtMs - b.createdAtMs;
  const [first, second] = [placeOfRoute(a.name), placeOfRoute(b.name)];
  return first < second ? -1 : Number(first > second);
};

/** Joins the listeners of one acceptor; their host names differ. */
export const createStreamTable = (listeners: Iterable<StreamListener>): StreamTable =>
  new HostTable(Array.from(listeners, (entry) => [entry.hostname, entry] as const));

/**
 * Finds where a connection goes. As with requests, the most specific listener alone has it, even where that has no route
 * for it.
 * @param serverName lower case; '' where none was named
 */
export const placeStream = (
  table: StreamTable,
  serverName: string,
): { readonly listener: Listener | null; readonly route: StreamRoute | null; readonly serverName: string } => {
  const found = table.find(serverName)?.value;
  if (found === undefined) return { listener: null, route: null, serverName };
  return { listener: found.listener, route: found.routes.find(serverName)?.value ?? null, serverName };
};
