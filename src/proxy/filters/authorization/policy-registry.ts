import type { AuthorizationLevels, AuthorizationResource } from '#model/snapshot/authorization.ts';
import { Decision, type DecisionCounters } from './decision.ts';
import { Policy } from './policy.ts';
import type { PolicyLevel, PolicySlot } from './policy-slot.ts';

/** All authorization policies of one thread, by name. */
export class PolicyRegistry {
  readonly #slots = new Map<string, PolicySlot>();
  readonly #counters: DecisionCounters;

  constructor(counters: DecisionCounters) {
    this.#counters = counters;
  }

  /** @returns the places of these policies; the same objects every time */
  levels(names: AuthorizationLevels): readonly PolicyLevel[] {
    return names.map((level) => level.map((name) => this.#slot(name)));
  }

  put(resource: AuthorizationResource): void {
    this.#slot(resource.name).policy = new Policy(resource, this.#counters);
  }

  remove(name: string): void {
    this.#slot(name).policy = null;
  }

  #slot(name: string): PolicySlot {
    let slot = this.#slots.get(name);
    if (slot === undefined) {
      const counter = this.#counters(name, '', 'broken');
      slot = {
        name,
        policy: null,
        absence: new Decision(name, 'broken', 'no-rule', counter, 'the policy is not known'),
      };
      this.#slots.set(name, slot);
    }
    return slot;
  }
}
