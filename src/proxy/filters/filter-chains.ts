import type { AuthorizationLevels } from '#model/snapshot/authorization.ts';
import type { FilterSpec } from '#model/snapshot/http-route.ts';
import type { ClusterSlot, Filter } from '../exchange/exchange.ts';
import { Authorization, BackendAuthorization, RuleAuthorization } from './authorization/authorization.ts';
import type { PolicyRegistry } from './authorization/policy-registry.ts';
import { StreamAuthorization } from './authorization/stream-authorization.ts';
import { compileFilters } from './compile-filters.ts';

/** What chains refer to. */
export interface ChainEnvironment {
  /** The place of a cluster, whether or not that cluster exists. */
  slot(cluster: string): ClusterSlot;
  readonly policies: PolicyRegistry;
}

/**
 * Puts the filters of rules and backends in the order of their phases, as far as that is not the declared order: each
 * chain asks its authorization policies at a place of its own.
 */
export class FilterChains {
  readonly #environment: ChainEnvironment;
  /** Shared by all rules that are under the policies of listeners alone. */
  readonly #atListener = Object.freeze(new RuleAuthorization(null));

  constructor(environment: ChainEnvironment) {
    this.#environment = environment;
  }

  /** Every rule asks the policies of its listener, so that a listener that comes under one needs no new rules. */
  compileRuleFilters(specs: readonly FilterSpec[]): readonly Filter[] {
    const { levels, others } = takeOut(specs);
    const place = behindCors(others);
    const { policies } = this.#environment;
    const own = levels === null ? null : new Authorization(policies.levels(levels));
    return Object.freeze([
      ...compileFilters(others.slice(0, place), this.#environment),
      own === null ? this.#atListener : Object.freeze(new RuleAuthorization(own)),
      ...compileFilters(others.slice(place), this.#environment),
    ]);
  }

  /** The policies that connections are under which no request stands for; null for none. */
  compileStreamAuthorization(specs: readonly FilterSpec[]): StreamAuthorization | null {
    const { levels } = takeOut(specs);
    return levels === null ? null : new StreamAuthorization(this.#environment.policies.levels(levels));
  }

  /** The policies of a Service come last: they judge what the Service gets. */
  compileBackendFilters(specs: readonly FilterSpec[], cluster: string | null): readonly Filter[] {
    const { levels, others } = takeOut(specs);
    const filters = compileFilters(others, this.#environment);
    if (levels === null) return filters;
    const authorization = new BackendAuthorization(this.#environment.policies.levels(levels), cluster ?? '');
    return Object.freeze([...filters, Object.freeze(authorization)]);
  }
}

function takeOut(specs: readonly FilterSpec[]): {
  readonly levels: AuthorizationLevels | null;
  readonly others: readonly FilterSpec[];
} {
  const found = specs.filter((spec) => spec.type === 'Authorization');
  if (found.length === 0) return { levels: null, others: specs };
  return {
    levels: found.flatMap(({ levels }) => levels),
    others: specs.filter((spec) => spec.type !== 'Authorization'),
  };
}

/**
 * Finds the place of authorization: behind CORS, since browsers send preflights without credentials (Fetch, "CORS
 * protocol and credentials") and show scripts a refusal only where CORS permits it; before all that answers or sends.
 */
function behindCors(specs: readonly FilterSpec[]): number {
  let place = 0;
  for (const [i, { type }] of specs.entries()) {
    if (type === 'CORS') place = i + 1;
    else if (type !== 'RequestHeaderModifier' && type !== 'ResponseHeaderModifier') break;
  }
  return place;
}
