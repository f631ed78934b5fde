import type { ResourceOf } from '#model/resource.ts';
import type { FilterSpec } from '#model/snapshot/http-route.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { WorkloadPort, WorkloadResource } from '#model/snapshot/workload.ts';
import type { Lookups } from '../inventory.ts';
import { versioned } from '../version.ts';
import type { LivePort, LiveWorkload } from './live-workload.ts';
import { meshProtection } from './mesh-authorization.ts';
import { portOf } from './mesh-endpoints.ts';
import { meshProtocolOf } from './mesh-protocol.ts';

type Service = ResourceOf<'Service'>;

/**
 * Compiles what a workload's own sidecar is to know of it: what it serves, and the policies that protect that.
 *
 * @param service that it serves; undefined for none
 */
export function workloadResources(
  workload: LiveWorkload,
  service: Service | undefined,
  lookups: Lookups,
): readonly SnapshotResource[] {
  const { namespace, serviceAccount, id, principal, ports } = workload;
  const { filters, policies } =
    service === undefined ? { filters: [], policies: [] } : meshProtection(workload, service, lookups);
  const own = versioned<WorkloadResource>({
    type: 'workload',
    name: `${namespace}/${serviceAccount}/${id}`,
    principal,
    ports: ports.map((one) => workloadPort(one, workload, service, filters)),
    egress: 'AllowAny',
  });
  return [...policies, own];
}

/** What the Service declares goes before what the workload says: callers go by it. */
function workloadPort(
  own: LivePort,
  workload: LiveWorkload,
  service: Service | undefined,
  filters: readonly FilterSpec[],
): WorkloadPort {
  const declared = service?.spec.ports.find(
    (candidate) => candidate.protocol === 'TCP' && portOf(workload, candidate) === own.port,
  );
  const protocol = declared === undefined ? own.protocol : meshProtocolOf(declared);
  return { port: own.port, protocol, mtls: 'STRICT', exemptPaths: [], filters };
}
