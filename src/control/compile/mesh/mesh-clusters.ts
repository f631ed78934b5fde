import type { ResourceOf } from '#model/resource.ts';
import type { ClusterResource } from '#model/snapshot/cluster.ts';
import type { EndpointsResource } from '#model/snapshot/endpoints.ts';
import { resolveBackend, type ClusterTarget } from '../backend/backends.ts';
import { planCluster } from '../backend/clusters.ts';
import type { Lookups } from '../inventory.ts';
import { isGuarded } from '../policy/judging-hop.ts';
import { usualUse } from '../route/backend-use.ts';
import { gatewayGroup } from '../route/route-kinds.ts';
import { meshProtocolOf } from './mesh-protocol.ts';

/**
 * Finds what a Service's own port leads to.
 *
 * @returns undefined where a policy for security forbids it: requests then have nowhere to go
 */
export function ownTarget(service: ResourceOf<'Service'>, port: number, lookups: Lookups): ClusterTarget | undefined {
  const { namespace, name } = service.metadata;
  const declared = service.spec.ports.find((one) => one.port === port && one.protocol === 'TCP');
  const kind = declared !== undefined && meshProtocolOf(declared) === 'tcp' ? 'TCPRoute' : 'HTTPRoute';
  const from = { group: gatewayGroup, kind, namespace };
  const resolved = resolveBackend({ group: '', kind: 'Service', name, port }, from, usualUse(kind), lookups);
  return 'reason' in resolved ? undefined : resolved;
}

/**
 * Compiles a cluster with the endpoints that are live now. Those of a Service under a policy are the ones with a sidecar:
 * beside the others nobody could ask it, and the caller's sidecar is no judge of the caller.
 *
 * @returns nothing where its endpoints are to be shown a certificate: that key belongs to gateways and not to everybody
 */
export function meshCluster(target: ClusterTarget, lookups: Lookups): readonly (ClusterResource | EndpointsResource)[] {
  const { kind, namespace, name } = target;
  const onlySidecars = kind === 'Service' && isGuarded(namespace, name, lookups);
  const { resources } = planCluster({ ...target, onlySidecars }, false, lookups);
  const cluster = resources.find((resource) => resource.type === 'cluster');
  const endpoints = resources.find((resource) => resource.type === 'endpoints');
  return cluster === undefined || endpoints === undefined || cluster.tls?.clientCertificate ? [] : [cluster, endpoints];
}
