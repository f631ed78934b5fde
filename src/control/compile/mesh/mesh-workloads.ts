import type { ResourceOf } from '#model/resource.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { WorkloadPort, WorkloadResource } from '#model/snapshot/workload.ts';
import type { Lookups } from '../inventory.ts';
import { peerSettings } from '../policy/peer-authentications.ts';
import { versioned } from '../version.ts';
import type { LivePort, LiveWorkload } from './live-workload.ts';
import { meshProtection } from './mesh-authorization.ts';
import { portOf } from './mesh-endpoints.ts';
import { meshProtocolOf } from './mesh-protocol.ts';
import { meshSettings, type MeshSettings } from './mesh-settings.ts';

type Service = ResourceOf<'Service'>;

/**
 * Compiles what a workload's own sidecar is to know of it: what it serves, and the policies that protect that.
 *
 * @param service that it serves; undefined for none
 * @param hosts outside of the mesh that lead to declared Backends
 */
export function workloadResources(
  workload: LiveWorkload,
  service: Service | undefined,
  hosts: readonly string[],
  lookups: Lookups,
): readonly SnapshotResource[] {
  const { namespace, serviceAccount, id, principal, ports } = workload;
  const { filters, policies } =
    service === undefined ? { filters: [], policies: [] } : meshProtection(workload, service, lookups);
  const settings = meshSettings(lookups);
  const own = versioned<WorkloadResource>({
    type: 'workload',
    name: `${namespace}/${serviceAccount}/${id}`,
    principal,
    ports: ports.map((one) => ({
      port: one.port,
      ...portSettings(one, workload, service, settings, lookups),
      filters,
    })),
    egress: settings.outbound,
    ...(hosts.length > 0 && { hosts }),
  });
  return [...policies, own];
}

/** What the Service declares goes before what the workload says: callers go by it. */
function portSettings(
  own: LivePort,
  workload: LiveWorkload,
  service: Service | undefined,
  { mtls }: MeshSettings,
  lookups: Lookups,
): Pick<WorkloadPort, 'protocol' | 'mtls' | 'exemptPaths'> {
  // Who may not serve what it wants to is not called at all: least of all by those whom nobody knows.
  if (service === undefined)
    return { protocol: own.protocol, mtls: workload.service === '' ? mtls : 'STRICT', exemptPaths: [] };
  const declared = service.spec.ports.filter(
    (candidate) => candidate.protocol === 'TCP' && portOf(workload, candidate) === own.port,
  );
  const [first] = declared;
  const names = declared.map(({ name }) => name);
  return {
    protocol: first === undefined ? own.protocol : meshProtocolOf(first),
    ...peerSettings(service, names, mtls, lookups),
  };
}
