import type { GatewayCommandOptions } from '#cli/gateway.ts';
import type { SvidSource, WorkloadIdentity } from '#identity/svid-source.ts';
import { writeSavedIdentity } from '#identity/saved-identity.ts';
import type { DataPlane } from '../data-plane.ts';

/**
 * Makes what carries the traffic of a gateway in the mesh: this thread, or workers, which are told who they are.
 *
 * @param warn told in one sentence when a thread has died
 */
export async function createMeshDataPlane(
  { workers, accessLog, trustedProxies }: GatewayCommandOptions,
  source: SvidSource,
  warn: (message: string) => void,
): Promise<DataPlane> {
  const options = { accessLog, trustedProxies };
  if (workers === 1) {
    const [{ ThreadDataPlane }, { MeshCaller }] = await Promise.all([
      import('../thread-data-plane.ts'),
      import('#proxy/mesh/mesh-caller.ts'),
    ]);
    return new ThreadDataPlane(options, false, (clock) => new MeshCaller(source, clock));
  }
  const { WorkerPool } = await import('../worker-pool.ts');
  const pool = new WorkerPool({ ...options, identity: textOf(source.current) }, workers, warn);
  source.subscribe((identity) => pool.renew(textOf(identity)));
  return pool;
}

/** Threads share no objects; what is written of an identity stays within the process. */
function textOf(identity: WorkloadIdentity | undefined): string | null {
  return identity === undefined ? null : writeSavedIdentity(identity);
}
