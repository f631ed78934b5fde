import { diffSnapshots, EMPTY_SNAPSHOT, type Snapshot } from '#model/snapshot/snapshot.ts';
import { type LayerAudience, ResourceLayer } from '#xds/server/resource-layer.ts';

/** A layer with what was published to it last. */
export class PublishedLayer {
  readonly layer: ResourceLayer;
  #snapshot: Snapshot = EMPTY_SNAPSHOT;

  constructor(audience: LayerAudience) {
    this.layer = new ResourceLayer(audience);
  }

  /** Whether anything was ever published to it. */
  get isEmpty(): boolean {
    return this.#snapshot === EMPTY_SNAPSHOT;
  }

  /** Goes over to a snapshot: what changed alone is published. */
  publish(snapshot: Snapshot): void {
    if (snapshot.version === this.#snapshot.version) return;
    this.layer.apply(diffSnapshots(this.#snapshot, snapshot));
    this.#snapshot = snapshot;
  }
}

/** Layers of one audience, by whom or what each is for. */
export class PublishedLayers {
  readonly #audience: LayerAudience;
  readonly #layers = new Map<string, PublishedLayer>();

  constructor(audience: LayerAudience) {
    this.#audience = audience;
  }

  /**
   * @param preview of what was not published yet, so that who comes back is never told that there is nothing
   * @returns the layer of a name, also where nothing was published to it
   */
  of(name: string, preview?: () => Snapshot): ResourceLayer {
    const published = this.#of(name);
    if (preview !== undefined && published.isEmpty) published.publish(preview());
    return published.layer;
  }

  /** Has these snapshots alone. */
  publish(snapshots: ReadonlyMap<string, Snapshot>): void {
    for (const [name, snapshot] of snapshots) this.#of(name).publish(snapshot);
    for (const [name, published] of this.#layers) {
      if (snapshots.has(name)) continue;
      published.publish(EMPTY_SNAPSHOT);
      // Streams that still look at it hold it themselves; one that comes back gets another layer.
      this.#layers.delete(name);
    }
  }

  /** Has nothing for a name from now on: whoever comes with it next may be somebody else. */
  forget(name: string): void {
    this.#layers.get(name)?.publish(EMPTY_SNAPSHOT);
    this.#layers.delete(name);
  }

  #of(name: string): PublishedLayer {
    let published = this.#layers.get(name);
    if (published === undefined) this.#layers.set(name, (published = new PublishedLayer(this.#audience)));
    return published;
  }
}
