import { meshName } from '#model/mesh.ts';
import type { EgressMode, WorkloadPort } from '#model/snapshot/workload.ts';
import type { Lookups } from '../inventory.ts';
import type { Closure, RejectedPolicy, Secured } from '../policy/rejected-policies.ts';

/** What holds for all workloads. */
export interface MeshSettings {
  readonly outbound: EgressMode;
  /** Where no PeerAuthentication says otherwise. */
  readonly mtls: WorkloadPort['mtls'];
}

const mesh: Secured = { kind: 'Mesh', namespace: '', name: meshName };

/** Finds what holds for all workloads: as declared; where that cannot be read, nothing more is permitted than is declared. */
export function meshSettings(lookups: Lookups): MeshSettings {
  const declared = lookups.find('Mesh', '', meshName);
  if (declared !== undefined) return { outbound: declared.spec.outbound, mtls: declared.spec.mtls.mode };
  const isRejected = lookups.rejectedFor('Mesh', mesh).length > 0;
  return { outbound: isRejected ? 'RegistryOnly' : 'AllowAny', mtls: 'STRICT' };
}

/** Finds what a Mesh closes that was never valid. */
export function closedByMesh({ kind, targets }: RejectedPolicy): readonly Closure[] {
  if (kind !== 'Mesh') return [];
  return targets
    .filter(({ name }) => name === meshName)
    .map((target) => ({
      target,
      outcome: 'nothing leaves the mesh but to declared backends, and no caller without an identity is served',
    }));
}
