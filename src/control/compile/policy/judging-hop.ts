import type { Lookups } from '../inventory.ts';

/**
 * Whether the authorization policies of a Service are asked by the sidecars beside its workloads, and not by gateways.
 *
 * A sidecar judges its peer, which is the gateway; a gateway judges its own, who are the gateway's clients. One policy
 * cannot mean both, so each Service has one of the two. Gateways judge only where there is no sidecar to do it: for
 * Services with endpoints of EndpointSlices alone. A Service without any endpoint now is the sidecars': its workloads
 * come and go, and must not change who is judged.
 */
export function isJudgedBySidecars(namespace: string, service: string, lookups: Lookups): boolean {
  const workloads = lookups.workloadsOf(namespace, service);
  if (workloads === null) return false;
  return workloads.length > 0 || !isDeclaredWithEndpoints(namespace, service, lookups);
}

/** Whether policies of a Service may refuse requests: those that only record leave all as it is. */
export function isGuarded(namespace: string, service: string, lookups: Lookups): boolean {
  const target = { kind: 'Service', namespace, name: service } as const;
  return (
    lookups.authorizationPoliciesFor(target).some(({ spec }) => spec.action !== 'AUDIT') ||
    lookups.rejectedFor('AuthorizationPolicy', target).length > 0
  );
}

/** Whether some EndpointSlice of a Service has an endpoint. */
function isDeclaredWithEndpoints(namespace: string, service: string, lookups: Lookups): boolean {
  return lookups.slicesOf(namespace, service).some(({ endpoints }) => endpoints.length > 0);
}
