import { authorizationPolicyKind } from './authorization-policy.ts';
import { backendTLSPolicyKind } from './backend-tls-policy.ts';
import { backendKind } from './backend.ts';
import { clientTrafficPolicyKind } from './client-traffic-policy.ts';
import { configMapKind } from './config-map.ts';
import { endpointSliceKind } from './endpoint-slice.ts';
import { gatewayClassKind } from './gateway-class.ts';
import { gatewayKind } from './gateway.ts';
import { grpcRouteKind } from './grpc-route.ts';
import { httpRouteKind } from './http-route.ts';
import { meshKind } from './mesh.ts';
import { namespaceKind } from './namespace.ts';
import { peerAuthenticationKind } from './peer-authentication.ts';
import { referenceGrantKind } from './reference-grant.ts';
import type { Resource } from './resource.ts';
import type { Kind } from './schema/kind.ts';
import { secretKind } from './secret.ts';
import { serviceKind } from './service.ts';
import { tcpRouteKind } from './tcp-route.ts';
import { tlsRouteKind } from './tls-route.ts';

/** Every kind that documents may declare, by name. */
export const kinds: ReadonlyMap<string, Kind<Resource>> = new Map(
  [
    authorizationPolicyKind,
    backendKind,
    backendTLSPolicyKind,
    clientTrafficPolicyKind,
    configMapKind,
    endpointSliceKind,
    gatewayKind,
    gatewayClassKind,
    grpcRouteKind,
    httpRouteKind,
    meshKind,
    namespaceKind,
    peerAuthenticationKind,
    referenceGrantKind,
    secretKind,
    serviceKind,
    tcpRouteKind,
    tlsRouteKind,
  ].map((kind) => [kind.name, kind as Kind<Resource>]),
);
