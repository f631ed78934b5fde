import type { Path } from '#model/field-path.ts';
import type { GRPCRouteMatch, GRPCRouteRule } from '#model/grpc-route.ts';
import type { HttpRouteMatch, HttpRouteRule } from '#model/snapshot/http-route.ts';
import { warning } from '../finding.ts';
import { compileFilters } from './filters.ts';
import type { RouteReferences } from './route-references.ts';
import { compileBackend, firstOfEachName } from './route-rules.ts';

/** Compiles the rules of a gRPC route to those of HTTP: a call is a POST to `/<service>/<method>`. */
export function compileGrpcRules(
  rules: readonly GRPCRouteRule[],
  references: RouteReferences,
): readonly HttpRouteRule[] {
  return rules.map((rule, i) => compileRule(rule, ['spec', 'rules', i], references));
}

function compileRule(rule: GRPCRouteRule, path: Path, references: RouteReferences): HttpRouteRule {
  if (rule.backendRefs.length === 0) {
    const message = 'answers every call with status UNAVAILABLE: there is nothing to forward to';
    references.findings.push(warning(path, message, 'backendRefs'));
  }
  const backends = rule.backendRefs.map((ref, i) => compileBackend(ref, [...path, 'backendRefs', i], references));
  const matches: readonly GRPCRouteMatch[] = rule.matches.length > 0 ? rule.matches : [{ headers: [] }];
  return {
    name: rule.name ?? `rule-${path.at(-1)}`,
    matches: matches.map(compileMatch),
    filters: [
      ...(references.protection?.filtersOfRule(rule.name) ?? []),
      ...compileFilters(rule.filters, [...path, 'filters'], references),
    ],
    backends: backends.length > 0 ? backends : [{ cluster: null, weight: 1, filters: [] }],
    timeouts: { requestMs: null, backendRequestMs: null },
  };
}

function compileMatch({ method, headers }: GRPCRouteMatch): HttpRouteMatch {
  return {
    path: pathOf(method),
    // Always (gRPC over HTTP/2, "Requests"), so that it decides no precedence.
    method: 'POST',
    headers: firstOfEachName(headers.map(({ name, type, value }) => ({ name: name.toLowerCase(), type, value }))),
    queryParams: [],
  };
}

const anySegment = '[^/]+';

/**
 * Maps the condition on service and method to one on the path, so that the precedence of paths comes to that of
 * GRPCRouteRule.matches: an exact path goes before the prefix of its service, and any of them before no condition.
 *
 * What it cannot express: a method of any service becomes a pattern, and patterns go before prefixes, so that it goes
 * before a service with any method, whose name is the longer match by the standard.
 */
function pathOf(method: GRPCRouteMatch['method']): HttpRouteMatch['path'] {
  const { type = 'Exact', service = '', method: name = '' } = method ?? {};
  if (service === '' && name === '') return { type: 'PathPrefix', value: '/' };
  if (type === 'RegularExpression')
    return { type: 'RegularExpression', value: `/${pattern(service)}/${pattern(name)}` };
  if (service === '') return { type: 'RegularExpression', value: `/${anySegment}/${escape(name)}` };
  return name === '' ? { type: 'PathPrefix', value: `/${service}` } : { type: 'Exact', value: `/${service}/${name}` };
}

/** A group, so that an alternative in it ends at the slash. */
function pattern(source: string): string {
  return source === '' ? anySegment : `(?:${source})`;
}

/** Names of methods have none of these; should they ever, they still mean themselves. */
function escape(literal: string): string {
  return literal.replace(/[^A-Za-z0-9_]/g, String.raw`\$&`);
}
