import type { AuthorizationResource } from './authorization.ts';
import type { CertificateResource } from './certificate.ts';
import type { ClusterResource } from './cluster.ts';
import type { EndpointsResource } from './endpoints.ts';
import type { GatewayResource } from './gateway.ts';
import type { HttpRouteResource } from './http-route.ts';
import type { ListenerResource } from './listener.ts';
import type { MeshServiceResource } from './mesh-service.ts';
import type { StreamRouteResource } from './stream-route.ts';
import type { TrustBundleResource } from './trust-bundle.ts';
import type { WorkloadResource } from './workload.ts';

/**
 * One thing that a proxy must know. Plain frozen JSON, so that it crosses a thread, a process or a network as it is.
 * `version` changes exactly when the content does: it is what discovery compares.
 */
export type SnapshotResource =
  | ListenerResource
  | HttpRouteResource
  | StreamRouteResource
  | ClusterResource
  | EndpointsResource
  | CertificateResource
  | AuthorizationResource
  | WorkloadResource
  | MeshServiceResource
  | GatewayResource
  | TrustBundleResource;

/** Everything one proxy must know, at one version. */
export interface Snapshot {
  /** Changes exactly when any resource does. */
  readonly version: string;
  /** By {@link snapshotKey}. */
  readonly resources: ReadonlyMap<string, SnapshotResource>;
}

/** What leads from one snapshot to the next. Applied as a whole or not at all. */
export interface SnapshotDelta {
  readonly version: string;
  readonly upserts: readonly SnapshotResource[];
  /** Keys as of {@link snapshotKey}. */
  readonly removals: readonly string[];
}

/** The key of a resource: `cluster Service/shop/cart:80`. */
export const snapshotKey = (resource: { readonly type: string; readonly name: string }): string =>
  `${resource.type} ${resource.name}`;

export const EMPTY_SNAPSHOT: Snapshot = Object.freeze({ version: '', resources: new Map() });

/** What a proxy that has `from` must be told to have `to`; unchanged resources are recognised by their version. */
export const diffSnapshots = (from: Snapshot, to: Snapshot): SnapshotDelta => {
  const upserts: SnapshotResource[] = [];
  const removals: string[] = [];
  for (const [key, resource] of to.resources) {
    if (from.resources.get(key)?.version !== resource.version) upserts.push(resource);
  }
  for (const key of from.resources.keys()) if (!to.resources.has(key)) removals.push(key);
  return { version: to.version, upserts, removals };
};
