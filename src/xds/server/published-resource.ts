import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { encodeResource } from '../message-encoder.ts';
import { typeUrlOf } from '../resource-type.ts';

/** One version of a resource as it is sent: encoded once, when it is first asked for, whoever is sent it. */
export class PublishedResource {
  readonly source: SnapshotResource;
  #octets: Buffer | null = null;

  constructor(source: SnapshotResource) {
    this.source = source;
  }

  get version(): string {
    return this.source.version;
  }

  /** As it stands in a response. Shared: it must not be changed. */
  get octets(): Buffer {
    const { source } = this;
    this.#octets ??= encodeResource({
      name: source.name,
      version: source.version,
      content: { typeUrl: typeUrlOf(source.type), value: Buffer.from(JSON.stringify(source)) },
    });
    return this.#octets;
  }
}

/** So that layers which hold the same object share its octets, too. */
const published = new WeakMap<SnapshotResource, PublishedResource>();

/** @returns always the same one for the same object */
export function publishedOf(resource: SnapshotResource): PublishedResource {
  let known = published.get(resource);
  if (known === undefined) {
    known = new PublishedResource(resource);
    published.set(resource, known);
  }
  return known;
}
