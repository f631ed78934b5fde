import { type DeltaRequest, EMPTY_REQUEST, WILDCARD } from '../messages.ts';
import { type ResourceType, typeUrlOf } from '../resource-type.ts';

/** Whether this proxy has a resource; `unknown` until the control plane has answered. */
export type Presence = 'unknown' | 'present' | 'absent';

/** A claim on a name: it stays subscribed to at least until all claims on it were released. */
export interface Lease {
  readonly presence: Presence;
  /** Gives it back. Its observer hears nothing more; the name itself expires when it was idle for long. */
  release(): void;
}

/** Told whether a name exists: when it is known, and whenever that changes. */
export type PresenceObserver = (presence: Presence) => void;

class WantedName {
  readonly observers = new Set<LeaseState>();
  presence: Presence;
  idleSinceMs: number;

  constructor(presence: Presence, nowMs: number) {
    this.presence = presence;
    this.idleSinceMs = nowMs;
  }
}

class LeaseState implements Lease {
  readonly #wanted: WantedName;
  readonly #nowMs: () => number;
  readonly observer: PresenceObserver;

  constructor(wanted: WantedName, observer: PresenceObserver, nowMs: () => number) {
    this.#wanted = wanted;
    this.#nowMs = nowMs;
    this.observer = observer;
    wanted.observers.add(this);
  }

  get presence(): Presence {
    return this.#wanted.presence;
  }

  release(): void {
    if (!this.#wanted.observers.delete(this)) return;
    // Nothing is lost with what is not there; and names that do not exist may be as many as an application makes up.
    this.#wanted.idleSinceMs = this.presence === 'absent' ? -Infinity : this.#nowMs();
  }
}

/** What a proxy wants of one type: all, or names while somebody uses them; and what of that the server was not told yet. */
export class WantedNames {
  readonly type: ResourceType;
  readonly isWildcard: boolean;
  readonly #nowMs: () => number;
  readonly #names = new Map<string, WantedName>();
  readonly #toSubscribe = new Set<string>();
  readonly #toUnsubscribe = new Set<string>();
  #introduced = false;

  constructor(type: ResourceType, isWildcard: boolean, nowMs: () => number) {
    this.type = type;
    this.isWildcard = isWildcard;
    this.#nowMs = nowMs;
  }

  /** How many names are wanted one by one. */
  get count(): number {
    return this.#names.size;
  }

  /** Whether the type was spoken of on the present stream, so that answers may come. */
  get introduced(): boolean {
    return this.#introduced;
  }

  wants(name: string): boolean {
    return this.isWildcard || this.#names.has(name);
  }

  /** @param isHeld whether the proxy has it already */
  lease(name: string, isHeld: boolean, observer: PresenceObserver): Lease {
    return new LeaseState(this.#names.get(name) ?? this.#add(name, isHeld), observer, this.#nowMs);
  }

  /** Wants a name that nobody has claimed yet, because the proxy has it from before. */
  keep(name: string): void {
    if (!this.wants(name)) this.#add(name, true);
  }

  /** It is known now whether a name exists. */
  settle(name: string, presence: Presence): void {
    const wanted = this.#names.get(name);
    if (wanted === undefined || wanted.presence === presence) return;
    wanted.presence = presence;
    // Whoever is told may claim names and release them.
    for (const lease of Array.from(wanted.observers)) if (wanted.observers.has(lease)) lease.observer(presence);
  }

  /** Drops the names that nobody has claimed since. @returns them */
  expire(idleSinceMs: number): string[] {
    const expired: string[] = [];
    for (const [name, wanted] of this.#names) {
      if (wanted.observers.size > 0 || wanted.idleSinceMs > idleSinceMs) continue;
      this.#names.delete(name);
      this.#toSubscribe.delete(name);
      this.#toUnsubscribe.add(name);
      expired.push(name);
    }
    return expired;
  }

  /** A new stream: the server knows nothing. */
  forgetServer(): void {
    this.#introduced = false;
    this.#toUnsubscribe.clear();
    for (const name of this.#names.keys()) this.#toSubscribe.add(name);
  }

  /**
   * Takes what the server is to be told.
   * @param versions of what the proxy has, by name
   * @returns null where there is nothing to tell
   */
  takeRequest(versions: () => ReadonlyMap<string, string>): DeltaRequest | null {
    const first = !this.#introduced;
    const subscribe = [...this.#toSubscribe];
    if (first) {
      // A first request without names would mean all.
      if (this.isWildcard) subscribe.push(WILDCARD);
      this.#toUnsubscribe.clear();
    }
    const unsubscribe = [...this.#toUnsubscribe];
    if (subscribe.length === 0 && unsubscribe.length === 0) return null;
    this.#introduced = true;
    this.#toSubscribe.clear();
    this.#toUnsubscribe.clear();
    const initialVersions = first ? versions() : EMPTY_REQUEST.initialVersions;
    return { ...EMPTY_REQUEST, typeUrl: typeUrlOf(this.type), subscribe, unsubscribe, initialVersions };
  }

  #add(name: string, isHeld: boolean): WantedName {
    const wanted = new WantedName(isHeld ? 'present' : 'unknown', this.#nowMs());
    this.#names.set(name, wanted);
    this.#toSubscribe.add(name);
    this.#toUnsubscribe.delete(name);
    return wanted;
  }
}
