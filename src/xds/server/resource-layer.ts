import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { ResourceType } from '../resource-type.ts';
import { publishedOf, type PublishedResource } from './published-resource.ts';

/** Told what changes in a layer. */
export interface LayerObserver {
  /** A resource is new, another one, or gone. */
  changed(type: ResourceType, name: string): void;
}

/** Whom a layer is for. Private keys travel only in a layer that is addressed to whoever may have them. */
export type LayerAudience = 'everybody' | 'addressed';

/**
 * Some resources that proxies are served. A proxy sees several layers, one over another: what only it may know or needs
 * in a form of its own, over what it shares with others. So what a thousand proxies share is kept, compared and encoded
 * once.
 */
export class ResourceLayer {
  readonly audience: LayerAudience;
  #version = '';
  readonly #resources = new Map<ResourceType, Map<string, PublishedResource>>();
  readonly #observers = new Map<ResourceType, TypeObservers>();

  constructor(audience: LayerAudience) {
    this.audience = audience;
  }

  /** Version of what it holds. */
  get version(): string {
    return this.#version;
  }

  /**
   * Changes what it holds, and tells those who have asked for what changed.
   * @throws where it is for everybody and shall hold a private key; it is then unchanged
   */
  apply(delta: SnapshotDelta): void {
    const secret = delta.upserts.find(({ type }) => type === 'certificate');
    if (this.audience === 'everybody' && secret !== undefined) {
      throw new Error(`cannot publish ${secret.name} to everybody: it has a private key (use an addressed layer)`);
    }
    this.#version = delta.version;
    for (const resource of delta.upserts) {
      this.#of(resource.type).set(resource.name, publishedOf(resource));
      this.#tell(resource.type, resource.name);
    }
    for (const key of delta.removals) {
      const at = key.indexOf(' ');
      const type = key.slice(0, at) as ResourceType;
      const name = key.slice(at + 1);
      if (this.#resources.get(type)?.delete(name)) this.#tell(type, name);
    }
  }

  get(type: ResourceType, name: string): PublishedResource | undefined {
    return this.#resources.get(type)?.get(name);
  }

  names(type: ResourceType): Iterable<string> {
    return this.#resources.get(type)?.keys() ?? [];
  }

  /** Has an observer told of one name, whether or not it exists. */
  observe(type: ResourceType, name: string, observer: LayerObserver): void {
    const { byName } = this.#observersOf(type);
    const observers = byName.get(name);
    if (observers === undefined) byName.set(name, new Set([observer]));
    else observers.add(observer);
  }

  ignore(type: ResourceType, name: string, observer: LayerObserver): void {
    const { byName } = this.#observersOf(type);
    const observers = byName.get(name);
    if (observers?.delete(observer) && observers.size === 0) byName.delete(name);
  }

  /** Has an observer told of every name of a type. */
  observeAll(type: ResourceType, observer: LayerObserver): void {
    this.#observersOf(type).ofAll.add(observer);
  }

  ignoreAll(type: ResourceType, observer: LayerObserver): void {
    this.#observersOf(type).ofAll.delete(observer);
  }

  #of(type: ResourceType): Map<string, PublishedResource> {
    let resources = this.#resources.get(type);
    if (resources === undefined) this.#resources.set(type, (resources = new Map()));
    return resources;
  }

  #observersOf(type: ResourceType): TypeObservers {
    let observers = this.#observers.get(type);
    if (observers === undefined) this.#observers.set(type, (observers = { ofAll: new Set(), byName: new Map() }));
    return observers;
  }

  #tell(type: ResourceType, name: string): void {
    const observers = this.#observers.get(type);
    if (observers === undefined) return;
    for (const observer of observers.ofAll) observer.changed(type, name);
    for (const observer of observers.byName.get(name) ?? []) observer.changed(type, name);
  }
}

interface TypeObservers {
  readonly ofAll: Set<LayerObserver>;
  readonly byName: Map<string, Set<LayerObserver>>;
}

/** What a proxy sees that is given these layers: of each name the one in the first layer that has it. */
export function lookUp(
  layers: readonly ResourceLayer[],
  type: ResourceType,
  name: string,
): PublishedResource | undefined {
  for (const layer of layers) {
    const resource = layer.get(type, name);
    if (resource !== undefined) return resource;
  }
  return undefined;
}
