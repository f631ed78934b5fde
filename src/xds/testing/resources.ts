import type { EndpointsResource } from '#model/snapshot/endpoints.ts';
import type { SnapshotDelta, SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { ResourceType } from '../resource-type.ts';

/** A resource of which only type, name and version matter. */
export function resource(type: ResourceType, name: string, version: string): SnapshotResource {
  return { type, name, version } as SnapshotResource;
}

/** Endpoints of a service, with so many addresses. */
export function endpoints(name: string, version: string, count = 3): EndpointsResource {
  const list = Array.from({ length: count }, (_, i) => {
    return {
      address: `10.0.${i >> 8}.${i & 255}`,
      port: 8080,
      weight: 1,
      zone: 'eu-1a',
      state: 'ready',
      mesh: null,
    } as const;
  });
  return { type: 'endpoints', name, version, endpoints: list };
}

/** @param removals as `type name` */
export function delta(
  version: string,
  upserts: readonly SnapshotResource[],
  removals: readonly string[] = [],
): SnapshotDelta {
  return { version, upserts, removals };
}
