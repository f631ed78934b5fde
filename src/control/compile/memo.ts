import type { Resource, ResourceOf } from '#model/resource.ts';
import type { Lookups } from './inventory.ts';
import type { LiveWorkload } from './mesh/live-workload.ts';
import type { PolicyTarget } from './policy/policy-target.ts';
import type { RejectedPolicy, Secured } from './policy/rejected-policies.ts';

/** A look-up that was made, and what it found. */
interface Asked {
  readonly repeat: (lookups: Lookups) => unknown;
  readonly answer: unknown;
}

interface Entry {
  readonly inputs: readonly unknown[];
  readonly asked: readonly Asked[];
  readonly output: unknown;
}

/**
 * Remembers what was derived from what, from one compilation to the next.
 *
 * Everything that a derivation looks up is recorded. When the same inputs meet the same answers, its output is handed
 * out again: the identical object, which later stages recognise in turn. Objects are compared by identity, since
 * resources are frozen.
 */
export class Memo {
  #last: ReadonlyMap<string, Entry> = new Map();
  #next = new Map<string, Entry>();
  #lookups: Lookups;

  constructor(lookups: Lookups) {
    this.#lookups = lookups;
  }

  /** Starts a compilation; what the one before did not use is forgotten. */
  begin(lookups: Lookups): void {
    this.#last = this.#next;
    this.#next = new Map();
    this.#lookups = lookups;
  }

  /**
   * Computes, unless the outcome is known.
   *
   * @param key names the derivation within a compilation
   * @param inputs all that `compute` uses beside the look-ups
   */
  derive<T>(key: string, inputs: readonly unknown[], compute: (lookups: Lookups) => T): T {
    let entry = this.#last.get(key);
    if (entry === undefined || !this.#holds(entry, inputs)) {
      const recorded = new RecordedLookups(this.#lookups);
      const output = compute(recorded);
      entry = { inputs, asked: recorded.asked, output };
    }
    this.#next.set(key, entry);
    return entry.output as T;
  }

  #holds(entry: Entry, inputs: readonly unknown[]): boolean {
    return same(entry.inputs, inputs) && entry.asked.every(({ repeat, answer }) => same(repeat(this.#lookups), answer));
  }
}

class RecordedLookups implements Lookups {
  readonly asked: Asked[] = [];
  readonly #lookups: Lookups;

  constructor(lookups: Lookups) {
    this.#lookups = lookups;
  }

  find<K extends Resource['kind']>(kind: K, namespace: string, name: string): ResourceOf<K> | undefined {
    return this.#ask((lookups) => lookups.find(kind, namespace, name));
  }

  slicesOf(namespace: string, service: string): readonly ResourceOf<'EndpointSlice'>[] {
    return this.#ask((lookups) => lookups.slicesOf(namespace, service));
  }

  workloadsOf(namespace: string, service: string): readonly LiveWorkload[] | null {
    return this.#ask((lookups) => lookups.workloadsOf(namespace, service));
  }

  grantsIn(namespace: string): readonly ResourceOf<'ReferenceGrant'>[] {
    return this.#ask((lookups) => lookups.grantsIn(namespace));
  }

  tlsPoliciesFor(target: PolicyTarget): readonly ResourceOf<'BackendTLSPolicy'>[] {
    return this.#ask((lookups) => lookups.tlsPoliciesFor(target));
  }

  clientPoliciesFor(namespace: string, gateway: string): readonly ResourceOf<'ClientTrafficPolicy'>[] {
    return this.#ask((lookups) => lookups.clientPoliciesFor(namespace, gateway));
  }

  peerAuthenticationsFor(namespace: string, service: string): readonly ResourceOf<'PeerAuthentication'>[] {
    return this.#ask((lookups) => lookups.peerAuthenticationsFor(namespace, service));
  }

  authorizationPoliciesFor(target: Secured): readonly ResourceOf<'AuthorizationPolicy'>[] {
    return this.#ask((lookups) => lookups.authorizationPoliciesFor(target));
  }

  rejectedFor(kind: Resource['kind'], target: Secured): readonly RejectedPolicy[] {
    return this.#ask((lookups) => lookups.rejectedFor(kind, target));
  }

  #ask<A>(repeat: (lookups: Lookups) => A): A {
    const answer = repeat(this.#lookups);
    this.asked.push({ repeat, answer });
    return answer;
  }
}

/** Lists are made anew for each compilation: they are the same when their elements are. */
function same(a: unknown, b: unknown): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((element, i) => same(element, b[i]));
}
