import type { Snapshot } from '#model/snapshot/snapshot.ts';
import type { ResourceLayer } from '#xds/server/resource-layer.ts';
import type { LiveWorkload } from '../compile/mesh/live-workload.ts';
import type { MeshResult } from '../compile/mesh/mesh-compiler.ts';
import { PublishedLayer, PublishedLayers } from './published-layers.ts';

/**
 * What sidecars see: what is their own, over what is for their namespace, over what is for everybody. What changed alone
 * is published.
 */
export class MeshLayers {
  readonly #shared = new PublishedLayer('everybody');
  readonly #namespaces = new PublishedLayers('everybody');
  readonly #workloads = new PublishedLayers('addressed');

  /**
   * @param preview of the workload's own resources, so that a sidecar that comes back is never told that it serves nothing
   * @param previewNamespace likewise, for the first workload of a namespace
   * @returns what the sidecar of a workload sees, also where the workload was not compiled yet
   */
  of(
    { id, namespace }: LiveWorkload,
    preview: () => Snapshot,
    previewNamespace?: () => Snapshot,
  ): readonly ResourceLayer[] {
    return [this.#workloads.of(id, preview), this.#namespaces.of(namespace, previewNamespace), this.#shared.layer];
  }

  /** A workload is gone: who comes with its id next, perhaps of another account, is shown nothing of it. */
  forget(id: string): void {
    this.#workloads.forget(id);
  }

  publish({ shared, namespaces, workloads }: MeshResult): void {
    this.#shared.publish(shared);
    this.#namespaces.publish(namespaces);
    this.#workloads.publish(workloads);
  }
}
