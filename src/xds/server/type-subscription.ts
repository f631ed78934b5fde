import { type DeltaRequest, WILDCARD } from '../messages.ts';
import type { ResourceType } from '../resource-type.ts';
import type { PublishedResource } from './published-resource.ts';
import { type LayerObserver, lookUp, type ResourceLayer } from './resource-layer.ts';

/** What one response shall tell of one type. */
export interface Batch {
  readonly type: ResourceType;
  readonly resources: readonly PublishedResource[];
  readonly removed: readonly string[];
  /** Whether the proxy is up to date with it. */
  readonly isLast: boolean;
}

/** A version that a proxy has refused. */
export interface Refusal {
  readonly version: string;
  readonly reason: string;
}

/** The version of what does not exist, as far as the proxy was told so. */
const ABSENT = null;

/**
 * What one proxy wants of one type, and what it has of it.
 *
 * Of each name at most one thing is remembered: that it must be looked at. So however slow a proxy is, what waits for
 * it is bounded by what it has subscribed to, and it is sent the newest version only.
 */
export class TypeSubscription {
  readonly type: ResourceType;
  readonly refusals = new Map<string, Refusal>();
  readonly #layers: readonly ResourceLayer[];
  readonly #observer: LayerObserver;
  readonly #names = new Set<string>();
  #wildcard = false;
  /** Version that the proxy has of a name, or was sent. */
  readonly #held = new Map<string, string | typeof ABSENT>();
  /** Names that must be looked at. */
  readonly #pending = new Set<string>();
  /** Whether an answer is due even if it says nothing: it tells that there is nothing. */
  #owesAnswer = false;

  constructor(type: ResourceType, layers: readonly ResourceLayer[], observer: LayerObserver) {
    this.type = type;
    this.#layers = layers;
    this.#observer = observer;
  }

  get wildcard(): boolean {
    return this.#wildcard;
  }

  /** How many names were subscribed to one by one. */
  get nameCount(): number {
    return this.#names.size;
  }

  /** How many names wait to be looked at. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** @param first whether it is the first of this type on the stream */
  update(request: DeltaRequest, first: boolean): void {
    // A first request without names is the older way to say "all".
    if (first && request.subscribe.length === 0) this.#subscribeAll();
    for (const name of request.subscribe) {
      if (name === WILDCARD) this.#subscribeAll();
      else this.#subscribe(name);
    }
    for (const name of request.unsubscribe) {
      if (name === WILDCARD) this.#unsubscribeAll();
      else this.#unsubscribe(name);
    }
    if (!first) return;
    for (const [name, version] of request.initialVersions) {
      if (!this.#covers(name)) continue;
      this.#held.set(name, version);
      this.#pending.add(name);
    }
  }

  /** Something may have changed. @returns whether it is subscribed to */
  note(name: string): boolean {
    if (!this.#covers(name)) return false;
    this.#pending.add(name);
    return true;
  }

  /**
   * Takes what is new, and the names asked for that do not exist; not what is to be removed.
   * @param limitBytes at which the batch ends; one resource goes in any case
   * @returns null where there is nothing to tell
   */
  takeNews(limitBytes: number): Batch | null {
    if (this.#pending.size === 0 && !this.#owesAnswer) return null;
    const resources: PublishedResource[] = [];
    const removed: string[] = [];
    let octets = 0;
    for (const name of this.#pending) {
      const resource = lookUp(this.#layers, this.type, name);
      if (resource === undefined) {
        if (!this.#mustDeny(name)) continue;
        removed.push(name);
        this.#held.set(name, ABSENT);
      } else if (resource.version !== this.#held.get(name)) {
        octets += resource.octets.length;
        if (octets > limitBytes && resources.length > 0) break;
        resources.push(resource);
        this.#held.set(name, resource.version);
      }
      this.#pending.delete(name);
    }
    if (resources.length === 0 && removed.length === 0 && !this.#owesAnswer) return null;
    const isLast = this.#pending.size === 0;
    if (isLast) this.#owesAnswer = false;
    // What is left is to be removed, and that will be the answer.
    else if (resources.length === 0 && removed.length === 0) return null;
    return { type: this.type, resources, removed, isLast };
  }

  /** Takes what the proxy has and what exists no more. Call it when no news are left. */
  takeRemovals(): Batch | null {
    const removed = [...this.#pending];
    if (removed.length === 0) return null;
    this.#pending.clear();
    this.#owesAnswer = false;
    for (const name of removed) {
      if (this.#names.has(name)) this.#held.set(name, ABSENT);
      else this.#held.delete(name);
      this.refusals.delete(name);
    }
    return { type: this.type, resources: [], removed, isLast: true };
  }

  /** The proxy cannot use what it was sent. What it has since dropped, or was sent anew, is not remembered. */
  refused(name: string, refusal: Refusal): void {
    if (this.#held.get(name) === refusal.version) this.refusals.set(name, refusal);
  }

  /** Ends it: nothing is observed any more. */
  close(): void {
    for (const layer of this.#layers) {
      layer.ignoreAll(this.type, this.#observer);
      for (const name of this.#names) layer.ignore(this.type, name, this.#observer);
    }
  }

  /**
   * Whether a name that does not exist is to be denied now. Where it is to be removed, it stays pending; where there is
   * nothing to say, it is not pending any more.
   */
  #mustDeny(name: string): boolean {
    const held = this.#held.get(name);
    if (held === undefined && this.#names.has(name)) return true;
    if (held === undefined || held === ABSENT) this.#pending.delete(name);
    return false;
  }

  #covers(name: string): boolean {
    return this.#wildcard || this.#names.has(name);
  }

  #subscribeAll(): void {
    this.#owesAnswer = true;
    if (this.#wildcard) return;
    this.#wildcard = true;
    for (const layer of this.#layers) {
      layer.observeAll(this.type, this.#observer);
      for (const name of layer.names(this.type)) this.#pending.add(name);
    }
  }

  #unsubscribeAll(): void {
    if (!this.#wildcard) return;
    this.#wildcard = false;
    this.#owesAnswer = false;
    for (const layer of this.#layers) layer.ignoreAll(this.type, this.#observer);
    for (const name of [...this.#held.keys(), ...this.#pending]) if (!this.#names.has(name)) this.#forget(name);
  }

  /** Who subscribes to what it has, has lost it: it is sent again. */
  #subscribe(name: string): void {
    if (!this.#names.has(name)) {
      this.#names.add(name);
      for (const layer of this.#layers) layer.observe(this.type, name, this.#observer);
    }
    this.#held.delete(name);
    this.#pending.add(name);
  }

  #unsubscribe(name: string): void {
    if (!this.#names.delete(name)) return;
    for (const layer of this.#layers) layer.ignore(this.type, name, this.#observer);
    this.#forget(name);
    // The proxy has dropped it, although it still asks for all.
    if (this.#wildcard) this.#pending.add(name);
  }

  #forget(name: string): void {
    this.#held.delete(name);
    this.#pending.delete(name);
    this.refusals.delete(name);
  }
}
