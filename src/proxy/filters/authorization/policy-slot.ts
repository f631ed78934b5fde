import type { Decision } from './decision.ts';
import type { Policy } from './policy.ts';

/**
 * The place of a policy, by name. What is under a policy keeps its slot, so that the policy may change without listeners
 * and routes being compiled again.
 */
export interface PolicySlot {
  readonly name: string;
  /** Null while there is no such policy: what names it is then refused. */
  policy: Policy | null;
  readonly absence: Decision;
}

/** The policies that one thing is under: a gateway, a listener, a route, a rule or a backend. */
export type PolicyLevel = readonly PolicySlot[];
