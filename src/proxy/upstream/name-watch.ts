import { WheelTimer, type Expirable } from '#base/timer-wheel.ts';
import type { DnsPolicy } from '#model/snapshot/cluster.ts';
import type { Clock } from '#transport/clock.ts';
import { isAddress, resolveName } from '#transport/resolve.ts';

/** A record is never asked more often than this, whatever its TTL says. */
const MIN_REFRESH_MS = 1_000;

/**
 * Keeps the addresses of host names up to date: asks again when a record's TTL ends. A name that cannot be resolved
 * keeps the addresses that it had, since a resolver that is down says nothing about the servers.
 */
export class NameWatch {
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #resolve: Resolve;
  readonly #names = new Map<string, WatchedName>();

  /** @param changed called when any name's addresses have changed */
  constructor(clock: Clock, changed: () => void, resolve: Resolve = resolveName) {
    this.#clock = clock;
    this.#changed = changed;
    this.#resolve = resolve;
  }

  /** Watches the host names among `addresses`, and no others any more. */
  watch(addresses: readonly string[], policy: DnsPolicy): void {
    const wanted = new Set(addresses.filter((address) => !isAddress(address)));
    for (const [name, watched] of this.#names) {
      if (wanted.has(name)) continue;
      watched.close();
      this.#names.delete(name);
    }
    for (const name of wanted) {
      const watched = this.#names.get(name);
      if (watched !== undefined && watched.policy.ipFamily === policy.ipFamily) watched.policy = policy;
      else this.#names.set(name, this.#watchName(name, policy, watched));
    }
  }

  /** @returns the IP addresses behind `address`: itself where it is one; none while a name is not yet resolved */
  addressesOf(address: string): readonly string[] {
    return isAddress(address) ? [address] : (this.#names.get(address)?.addresses ?? []);
  }

  /** @returns when every name has been asked for once, with or without an answer */
  async asked(): Promise<void> {
    await Promise.all([...this.#names.values()].map((watched) => watched.asked));
  }

  close(): void {
    for (const watched of this.#names.values()) watched.close();
    this.#names.clear();
  }

  /** @param before of the same name with another policy: its addresses stand until the new answer */
  #watchName(name: string, policy: DnsPolicy, before: WatchedName | undefined): WatchedName {
    before?.close();
    const watched = new WatchedName(name, policy, this.#clock, this.#changed, this.#resolve);
    if (before !== undefined) watched.addresses = before.addresses;
    return watched;
  }
}

type Resolve = typeof resolveName;

class WatchedName implements Expirable {
  readonly #timer = new WheelTimer(this);
  readonly #name: string;
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #resolve: Resolve;
  /** When the first question is answered, or has no answer. */
  readonly asked: Promise<void>;
  #closed = false;
  policy: DnsPolicy;
  addresses: readonly string[] = [];

  constructor(name: string, policy: DnsPolicy, clock: Clock, changed: () => void, resolve: Resolve) {
    this.#name = name;
    this.policy = policy;
    this.#clock = clock;
    this.#changed = changed;
    this.#resolve = resolve;
    this.asked = this.#refresh();
  }

  expire(): void {
    void this.#refresh();
  }

  close(): void {
    this.#closed = true;
    this.#clock.cancel(this.#timer);
  }

  async #refresh(): Promise<void> {
    const { refreshIntervalMs, ipFamily } = this.policy;
    const answer = await this.#resolve(this.#name, ipFamily);
    if (this.#closed) return;
    const ttlMs = answer === null ? MIN_REFRESH_MS : answer.ttlMs;
    this.#clock.schedule(this.#timer, this.#clock.now() + Math.max(MIN_REFRESH_MS, Math.min(ttlMs, refreshIntervalMs)));
    if (answer === null || sameAddresses(this.addresses, answer.addresses)) return;
    this.addresses = answer.addresses;
    this.#changed();
  }
}

const sameAddresses = (before: readonly string[], after: readonly string[]): boolean =>
  before.length === after.length && before.every((address, index) => address === after[index]);
