import { diffSnapshots, EMPTY_SNAPSHOT, type Snapshot } from '#model/snapshot/snapshot.ts';
import { ResourceLayer } from '#xds/server/resource-layer.ts';
import type { LiveWorkload } from '../compile/mesh/live-workload.ts';
import type { MeshResult } from '../compile/mesh/mesh-compiler.ts';

/** A layer with what was published to it last. */
interface Published {
  readonly layer: ResourceLayer;
  snapshot: Snapshot;
}

/**
 * What sidecars see: what is their own, over what is for their namespace, over what is for everybody. What changed alone
 * is published.
 */
export class MeshLayers {
  readonly #shared = published('everybody');
  readonly #namespaces = new Map<string, Published>();
  readonly #workloads = new Map<string, Published>();

  /**
   * @param preview of the workload's own resources, so that a sidecar that comes back is never told that it serves nothing
   * @returns what the sidecar of a workload sees, also where the workload was not compiled yet
   */
  of({ id, namespace }: LiveWorkload, preview: () => Snapshot): readonly ResourceLayer[] {
    const own = layerOf(this.#workloads, id, 'addressed');
    if (own.snapshot === EMPTY_SNAPSHOT) apply(own, preview());
    return [own.layer, layerOf(this.#namespaces, namespace, 'everybody').layer, this.#shared.layer];
  }

  publish({ shared, namespaces, workloads }: MeshResult): void {
    apply(this.#shared, shared);
    publishAll(this.#namespaces, namespaces, 'everybody');
    publishAll(this.#workloads, workloads, 'addressed');
  }
}

function publishAll(
  layers: Map<string, Published>,
  snapshots: ReadonlyMap<string, Snapshot>,
  audience: ResourceLayer['audience'],
): void {
  for (const [key, snapshot] of snapshots) apply(layerOf(layers, key, audience), snapshot);
  for (const [key, layer] of layers) {
    if (snapshots.has(key)) continue;
    apply(layer, EMPTY_SNAPSHOT);
    // Streams that still look at it hold it themselves; one that comes back gets another layer.
    layers.delete(key);
  }
}

function layerOf(layers: Map<string, Published>, key: string, audience: ResourceLayer['audience']): Published {
  let layer = layers.get(key);
  if (layer === undefined) layers.set(key, (layer = published(audience)));
  return layer;
}

function published(audience: ResourceLayer['audience']): Published {
  return { layer: new ResourceLayer(audience), snapshot: EMPTY_SNAPSHOT };
}

function apply(to: Published, snapshot: Snapshot): void {
  if (snapshot.version === to.snapshot.version) return;
  to.layer.apply(diffSnapshots(to.snapshot, snapshot));
  to.snapshot = snapshot;
}
