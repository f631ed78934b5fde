import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { type ResourceType, TYPES_IN_ORDER } from '../resource-type.ts';

/** What a proxy has and uses: of each name the last version that it could use. */
export class HeldResources {
  readonly #byType: ReadonlyMap<ResourceType, Map<string, SnapshotResource>> = new Map(
    TYPES_IN_ORDER.map((type) => [type, new Map<string, SnapshotResource>()]),
  );

  get count(): number {
    let count = 0;
    for (const resources of this.#byType.values()) count += resources.size;
    return count;
  }

  has(type: ResourceType, name: string): boolean {
    return this.#byType.get(type)!.has(name);
  }

  /** @returns '' where it is not held */
  versionOf(type: ResourceType, name: string): string {
    return this.#byType.get(type)!.get(name)?.version ?? '';
  }

  versions(type: ResourceType): ReadonlyMap<string, string> {
    return new Map([...this.#byType.get(type)!].map(([name, { version }]) => [name, version]));
  }

  set(resource: SnapshotResource): void {
    this.#byType.get(resource.type)!.set(resource.name, resource);
  }

  delete(type: ResourceType, name: string): void {
    this.#byType.get(type)!.delete(name);
  }

  /** In the order in which they may be applied. */
  *all(): Iterable<SnapshotResource> {
    for (const resources of this.#byType.values()) yield* resources.values();
  }
}
