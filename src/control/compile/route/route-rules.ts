import { parseDurationMs } from '#model/duration.ts';
import type { Path } from '#model/field-path.ts';
import type { GRPCBackendRef } from '#model/grpc-route.ts';
import type { HTTPBackendRef, HTTPRouteMatch, HTTPRouteRule } from '#model/http-route.ts';
import type * as compiled from '#model/snapshot/http-route.ts';
import { warning } from '../finding.ts';
import { compileFilters } from './filters.ts';
import type { RouteReferences } from './route-references.ts';

/** Compiles the rules of a route. */
export function compileRules(
  rules: readonly HTTPRouteRule[],
  references: RouteReferences,
): readonly compiled.HttpRouteRule[] {
  return rules.map((rule, i) => compileRule(rule, i, references));
}

function compileRule(rule: HTTPRouteRule, index: number, references: RouteReferences): compiled.HttpRouteRule {
  const path: Path = ['spec', 'rules', index];
  return {
    name: rule.name ?? `rule-${index}`,
    matches: rule.matches.map(compileMatch),
    filters: [
      ...(references.protection?.filtersOfRule(rule.name) ?? []),
      ...compileFilters(rule.filters, [...path, 'filters'], references),
    ],
    backends: compileBackends(rule, path, references),
    timeouts: {
      requestMs: durationMs(rule.timeouts?.request),
      backendRequestMs: durationMs(rule.timeouts?.backendRequest),
    },
  };
}

function compileMatch({ path, method, headers, queryParams }: HTTPRouteMatch): compiled.HttpRouteMatch {
  return {
    path: { type: path.type, value: path.value },
    method: method ?? '',
    headers: firstOfEachName(headers.map(({ name, type, value }) => ({ name: name.toLowerCase(), type, value }))),
    queryParams: firstOfEachName(queryParams.map(({ name, type, value }) => ({ name, type, value }))),
  };
}

/** Names that differ in case only are one name, and the first entry for it is the one that counts (HTTPHeaderMatch). */
export function firstOfEachName(matches: readonly compiled.ValueMatch[]): readonly compiled.ValueMatch[] {
  const names = matches.map(({ name }) => name);
  return matches.filter(({ name }, i) => names.indexOf(name) === i);
}

function compileBackends(
  { backendRefs, filters }: HTTPRouteRule,
  path: Path,
  references: RouteReferences,
): readonly compiled.BackendRef[] {
  if (backendRefs.length > 0)
    return backendRefs.map((ref, i) => compileBackend(ref, [...path, 'backendRefs', i], references));
  if (filters.some(({ type }) => type === 'RequestRedirect')) return [];
  // The standard wants 500 from a rule that neither answers nor forwards.
  references.findings.push(
    warning(
      path,
      'answers every request with 500: there is nothing to forward to',
      'backendRefs, or a RequestRedirect',
    ),
  );
  return [{ cluster: null, weight: 1, filters: [] }];
}

/** Compiles a weighted reference of a route that speaks HTTP. */
export function compileBackend(
  ref: HTTPBackendRef | GRPCBackendRef,
  path: Path,
  references: RouteReferences,
): compiled.BackendRef {
  return {
    cluster: references.resolve(ref, path),
    weight: ref.weight,
    filters: [
      ...compileFilters(ref.filters, [...path, 'filters'], references),
      ...(references.protection?.filtersOfBackend(ref) ?? []),
    ],
  };
}

function durationMs(text: string | undefined): number | null {
  return text === undefined ? null : parseDurationMs(text);
}
