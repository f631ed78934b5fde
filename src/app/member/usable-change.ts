import { shapeProblem } from '#model/snapshot/shape/resource-shapes.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { DiscoveryChange } from '#xds/client/change-queue.ts';
import type { Rejection } from '#xds/rejection.ts';

/** Takes out of a change what is not of the form of its type: what began to use it could not go back. */
export function takeUsable(change: DiscoveryChange): {
  readonly usable: DiscoveryChange;
  readonly refused: readonly Rejection[];
} {
  const upserts: SnapshotResource[] = [];
  const refused: Rejection[] = [];
  for (const resource of change.upserts) {
    const reason = shapeProblem(resource);
    if (reason === '') upserts.push(resource);
    else refused.push({ name: resource.name, reason });
  }
  return { usable: { ...change, upserts }, refused };
}
