import type { ResourceOf } from '#model/resource.ts';
import type { ListenerProtocol } from '#model/snapshot/listener.ts';

/** The API group of gateways and of the routes that attach to them. */
export const gatewayGroup = 'gateway.networking.k8s.io';

/** Kinds of routes that are compiled, in the order in which statuses name them. */
export const routeKinds = ['HTTPRoute', 'GRPCRoute', 'TLSRoute', 'TCPRoute'] as const;

export type RouteKind = (typeof routeKinds)[number];

export type Route = ResourceOf<RouteKind>;

/**
 * Tells which kinds of routes fit a listener.
 *
 * @param decrypts whether TLS ends there; what it leaves to pass is told apart by server name only, so that a route
 * without names has no place
 * @see Gateway API, TLSRoute "TLS listeners"; RouteGroupKind
 */
export function kindsFor(protocol: ListenerProtocol, decrypts: boolean): readonly RouteKind[] {
  switch (protocol) {
    case 'HTTP':
    case 'HTTPS':
      return ['HTTPRoute', 'GRPCRoute'];
    case 'TLS':
      return decrypts ? ['TLSRoute', 'TCPRoute'] : ['TLSRoute'];
    case 'TCP':
      return ['TCPRoute'];
  }
}
