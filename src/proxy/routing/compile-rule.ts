import type { BackendRef, FilterSpec, HttpRouteResource, HttpRouteRule } from '#model/snapshot/http-route.ts';
import { declaredRoute } from '#model/snapshot/route-name.ts';
import type { ClusterSlot, Filter, Rule, WeightedBackend } from '../exchange/exchange.ts';

/** What a rule refers to in other stages; the assembly joins them. */
export interface RuleEnvironment {
  /** The place of a cluster, whether or not that cluster exists. */
  slot(cluster: string): ClusterSlot;
  compileRuleFilters(specs: readonly FilterSpec[]): readonly Filter[];
  compileBackendFilters(specs: readonly FilterSpec[], cluster: string | null): readonly Filter[];
}

/** Where a broken reference leads: no name and never a cluster. What is sent here is answered 500. */
export const BROKEN_SLOT: ClusterSlot = Object.freeze({ name: '', cluster: null });

/** Prepares what a rule does with the requests that it matched. */
export function compileRule(route: HttpRouteResource, rule: HttpRouteRule, environment: RuleEnvironment): Rule {
  const backends = rule.backends.map((backend) => compileBackend(backend, environment));
  // Not frozen itself: telemetry hangs its series on it.
  return {
    route: declaredRoute(route.name),
    name: rule.name,
    filters: environment.compileRuleFilters(rule.filters),
    backends: Object.freeze(backends),
    totalWeight: backends.reduce((sum, backend) => sum + backend.weight, 0),
    requestTimeoutMs: rule.timeouts.requestMs ?? -1,
    attemptTimeoutMs: rule.timeouts.backendRequestMs ?? 0,
    metricScope: null,
  };
}

function compileBackend(backend: BackendRef, environment: RuleEnvironment): WeightedBackend {
  return {
    slot: backend.cluster === null ? BROKEN_SLOT : environment.slot(backend.cluster),
    weight: backend.weight,
    filters: environment.compileBackendFilters(backend.filters, backend.cluster),
    metricScope: null,
  };
}
