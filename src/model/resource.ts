import type { AuthorizationPolicy } from './authorization-policy.ts';
import type { BackendTLSPolicy } from './backend-tls-policy.ts';
import type { Backend } from './backend.ts';
import type { ClientTrafficPolicy } from './client-traffic-policy.ts';
import type { ConfigMap } from './config-map.ts';
import type { EndpointSlice } from './endpoint-slice.ts';
import type { GatewayClass } from './gateway-class.ts';
import type { Gateway } from './gateway.ts';
import type { GRPCRoute } from './grpc-route.ts';
import type { HTTPRoute } from './http-route.ts';
import type { Mesh } from './mesh.ts';
import type { Namespace } from './namespace.ts';
import type { PeerAuthentication } from './peer-authentication.ts';
import type { ReferenceGrant } from './reference-grant.ts';
import type { Secret } from './secret.ts';
import type { Service } from './service.ts';
import type { TCPRoute } from './tcp-route.ts';
import type { TLSRoute } from './tls-route.ts';

/** Anything that an operator declares: validated, defaulted, frozen, and JSON as it is. */
export type Resource =
  | AuthorizationPolicy
  | Backend
  | BackendTLSPolicy
  | ClientTrafficPolicy
  | ConfigMap
  | EndpointSlice
  | Gateway
  | GatewayClass
  | GRPCRoute
  | HTTPRoute
  | Mesh
  | Namespace
  | PeerAuthentication
  | ReferenceGrant
  | Secret
  | Service
  | TCPRoute
  | TLSRoute;

/** The resource of a kind, by the kind's name. */
export type ResourceOf<K extends Resource['kind']> = Extract<Resource, { readonly kind: K }>;

/** What identifies a resource. */
export interface Identified {
  readonly kind: string;
  readonly metadata: { readonly namespace: string; readonly name: string };
}

/**
 * Tells what no two resources share.
 *
 * @returns for example `HTTPRoute/shop/web`; `GatewayClass//edge` for a cluster-scoped kind
 */
export function resourceKey({ kind, metadata }: Identified): string {
  return `${kind}/${metadata.namespace}/${metadata.name}`;
}

/**
 * Names a resource for people.
 *
 * @returns for example `HTTPRoute shop/web`; `GatewayClass edge` for a cluster-scoped kind
 */
export function resourceTitle({ kind, metadata }: Identified): string {
  return metadata.namespace === '' ? `${kind} ${metadata.name}` : `${kind} ${metadata.namespace}/${metadata.name}`;
}
