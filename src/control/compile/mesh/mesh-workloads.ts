import type { ResourceOf } from '#model/resource.ts';
import type { WorkloadPort, WorkloadResource } from '#model/snapshot/workload.ts';
import { versioned } from '../version.ts';
import type { LivePort, LiveWorkload } from './live-workload.ts';
import { portOf } from './mesh-endpoints.ts';
import { meshProtocolOf } from './mesh-protocol.ts';

/**
 * Compiles what a workload's own sidecar serves.
 *
 * @param service that it serves; undefined for none
 */
export function workloadResource(workload: LiveWorkload, service: ResourceOf<'Service'> | undefined): WorkloadResource {
  const { namespace, serviceAccount, id, principal, ports } = workload;
  return versioned<WorkloadResource>({
    type: 'workload',
    name: `${namespace}/${serviceAccount}/${id}`,
    principal,
    ports: ports.map((one) => workloadPort(one, workload, service)),
    egress: 'AllowAny',
  });
}

/** What the Service declares goes before what the workload says: callers go by it. */
function workloadPort(own: LivePort, workload: LiveWorkload, service: ResourceOf<'Service'> | undefined): WorkloadPort {
  const declared = service?.spec.ports.find(
    (candidate) => candidate.protocol === 'TCP' && portOf(workload, candidate) === own.port,
  );
  const protocol = declared === undefined ? own.protocol : meshProtocolOf(declared);
  return { port: own.port, protocol, mtls: 'STRICT', exemptPaths: [], filters: [] };
}
