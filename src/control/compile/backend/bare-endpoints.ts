import type { ResourceOf } from '#model/resource.ts';
import type { Lookups } from '../inventory.ts';
import { meshEndpoints } from '../mesh/mesh-endpoints.ts';
import { endpointsOf } from './endpoints.ts';

/** Whether a Service has endpoints beside which there is no sidecar. */
export function hasBareEndpoints(service: ResourceOf<'Service'>, lookups: Lookups): boolean {
  const { namespace, name } = service.metadata;
  const slices = lookups.slicesOf(namespace, name);
  const workloads = lookups.workloadsOf(namespace, name) ?? [];
  const ports = service.spec.ports.filter(({ protocol }) => protocol === 'TCP');
  return ports.some((port) => {
    const declared = endpointsOf(service, port, slices).endpoints;
    return meshEndpoints(declared, port, workloads).some(({ mesh }) => mesh === null);
  });
}
