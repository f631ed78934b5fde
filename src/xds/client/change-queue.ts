import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { DeltaResponse } from '../messages.ts';
import type { Rejection } from '../rejection.ts';
import type { ResourceType } from '../resource-type.ts';
import type { HeldResources } from './held-resources.ts';
import { decodeResource } from './resource-decoder.ts';
import type { WantedNames } from './wanted-names.ts';

/** What a proxy is to use from now on. Never empty. */
export interface DiscoveryChange {
  readonly type: ResourceType;
  readonly upserts: readonly SnapshotResource[];
  /** Names of what it is to use no more. */
  readonly removals: readonly string[];
}

/** Something that is to be applied. */
interface Work {
  readonly type: ResourceType;
  readonly resources: readonly SnapshotResource[];
  /** What could not be read. */
  readonly malformed: readonly Rejection[];
  /** Names of what does not exist, or is not wanted, any more. */
  readonly removed: readonly string[];
  /** Tells the control plane of the end; null where it has not asked. */
  readonly answer: ((rejections: readonly Rejection[]) => void) | null;
}

/** Applies changes. @see {@link import('../discovery-client.ts').DiscoveryEnvironment} */
interface Applier {
  apply(change: DiscoveryChange, done: (rejections: readonly Rejection[]) => void): void;
  changed(): void;
}

/**
 * Applies one change after another, in the order in which they came, and keeps what is held and who waits for names in
 * step with it.
 */
export class ChangeQueue {
  readonly #held: HeldResources;
  readonly #wanted: ReadonlyMap<ResourceType, WantedNames>;
  readonly #applier: Applier;
  readonly #idle: () => void;
  #queue: Work[] = [];
  #applying: Work | null = null;
  /** Whether what is being applied came from a control plane that is gone. */
  #unanswerable = false;
  #running = false;

  /** @param idle called when a change that took its time, and all behind it, were applied */
  constructor(held: HeldResources, wanted: ReadonlyMap<ResourceType, WantedNames>, applier: Applier, idle: () => void) {
    this.#held = held;
    this.#wanted = wanted;
    this.#applier = applier;
    this.#idle = idle;
  }

  get busy(): boolean {
    return this.#applying !== null || this.#queue.length > 0;
  }

  /** A response came; its octets are read now and not kept. */
  receive(type: ResourceType, response: DeltaResponse, answer: (rejections: readonly Rejection[]) => void): void {
    const resources: SnapshotResource[] = [];
    const malformed: Rejection[] = [];
    for (const wire of response.resources) {
      const resource = decodeResource(type, wire);
      if (typeof resource === 'string') malformed.push({ name: wire.name, reason: resource });
      else resources.push(resource);
    }
    this.#add({ type, resources, malformed, removed: response.removed, answer });
  }

  /** Uses what was saved. */
  restore(type: ResourceType, resources: readonly SnapshotResource[]): void {
    this.#add({ type, resources, malformed: [], removed: [], answer: null });
  }

  /** Uses no more what was not used for long. */
  expire(type: ResourceType, removed: readonly string[]): void {
    this.#add({ type, resources: [], malformed: [], removed, answer: null });
  }

  /** The control plane is gone: what it has sent and was not begun with will be sent again. */
  dropReceived(): void {
    this.#queue = this.#queue.filter(({ answer }) => answer === null);
    this.#unanswerable = true;
  }

  #add(work: Work): void {
    this.#queue.push(work);
    this.#run();
  }

  #run(): void {
    if (this.#running) return;
    this.#running = true;
    while (this.#applying === null) {
      const work = this.#queue.shift();
      if (work === undefined) break;
      this.#apply(work);
    }
    this.#running = false;
  }

  #apply(work: Work): void {
    this.#applying = work;
    this.#unanswerable = false;
    const { type } = work;
    const upserts = work.resources.filter(
      ({ name, version }) => this.#wanted.get(type)!.wants(name) && this.#held.versionOf(type, name) !== version,
    );
    const removals = work.removed.filter((name) => this.#held.has(type, name) && this.#isGone(work, name));
    if (upserts.length === 0 && removals.length === 0) return this.#finish(work, upserts, removals, []);
    let settled = false;
    const done = (rejections: readonly Rejection[]): void => {
      if (settled) return;
      settled = true;
      this.#finish(work, upserts, removals, rejections);
      if (this.#running) return;
      this.#run();
      if (!this.busy) this.#idle();
    };
    try {
      this.#applier.apply({ type, upserts, removals }, done);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      done(upserts.map(({ name }) => ({ name, reason })));
    }
  }

  /** What expired may be wanted again since. */
  #isGone(work: Work, name: string): boolean {
    return work.answer !== null || !this.#wanted.get(work.type)!.wants(name);
  }

  #finish(
    work: Work,
    upserts: readonly SnapshotResource[],
    removals: readonly string[],
    rejections: readonly Rejection[],
  ): void {
    const rejected = new Set(rejections.map(({ name }) => name));
    for (const resource of upserts) if (!rejected.has(resource.name)) this.#held.set(resource);
    for (const name of removals) this.#held.delete(work.type, name);
    this.#applying = null;
    if (removals.length > 0 || rejected.size < upserts.length) this.#applier.changed();
    if (!this.#unanswerable) work.answer?.([...work.malformed, ...rejections]);
    this.#settle(work);
  }

  /** Tells those who wait for names. Who waits for what was refused waits in vain, unless an older version is in use. */
  #settle({ type, resources, malformed, removed, answer }: Work): void {
    const wanted = this.#wanted.get(type)!;
    const names = [...resources.map(({ name }) => name), ...malformed.map(({ name }) => name)];
    if (answer !== null) names.push(...removed);
    for (const name of names) wanted.settle(name, this.#held.has(type, name) ? 'present' : 'absent');
  }
}
