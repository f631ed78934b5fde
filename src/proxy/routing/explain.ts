import { headerValue, matchesMethod, matchesPath, type RoutableRequest } from './predicates.ts';
import { queryParam } from './query-param.ts';
import type { RouteMatch } from './route-match.ts';
import type { RouteTable } from './route-table.ts';
import { passesTest, type ValueTest } from './value-test.ts';

/** Why one match of one rule does or does not take a request. */
export interface MatchExplanation {
  /** Host name that the route stands at in this listener. */
  readonly hostname: string;
  /** `<kind>/<namespace>/<name>`. */
  readonly route: string;
  readonly rule: string;
  readonly matchIndex: number;
  /** Whether the match takes the request, would take it but for one of higher precedence, or does not match. */
  readonly outcome: 'chosen' | 'outranked' | 'no-match';
  /** What does not match, one reason for each condition; for an outranked match, what it is outranked by. */
  readonly reasons: readonly string[];
}

/**
 * Explains for every match of a listener why it does or does not take a request, in order of precedence. Uses the
 * predicates of the request path itself; slow, and for people.
 *
 * @param host - without port, lower case
 */
export function explainRoutes(table: RouteTable, host: string, request: RoutableRequest): readonly MatchExplanation[] {
  const chosen = table.find(host, request);
  const found = new Set(table.hostsOf(host));
  let isChosenPassed = false;
  return table.hosts().flatMap((entry) =>
    entry.value.matches.map((match) => {
      const hostReasons = found.has(entry) ? [] : [`host ${host} does not match ${entry.hostname}`];
      const reasons = [...hostReasons, ...explainMatch(match, request)];
      const isChosen = match === chosen && reasons.length === 0 && !isChosenPassed;
      if (isChosen) isChosenPassed = true;
      return describe(match, entry.hostname, reasons, isChosen ? undefined : chosen);
    }),
  );
}

/** @param winner - undefined where the match is the chosen one itself */
function describe(
  match: RouteMatch,
  hostname: string,
  reasons: readonly string[],
  winner: RouteMatch | undefined,
): MatchExplanation {
  const place = { hostname, route: match.rule.route, rule: match.rule.name, matchIndex: match.matchIndex };
  if (reasons.length > 0) return { ...place, outcome: 'no-match', reasons };
  if (winner === undefined) return { ...place, outcome: 'chosen', reasons };
  const by = `${winner.rule.route} rule ${winner.rule.name} match ${winner.matchIndex} has precedence`;
  return { ...place, outcome: 'outranked', reasons: [by] };
}

/** Everything but the host that does not match, in the order of precedence. */
function explainMatch(match: RouteMatch, request: RoutableRequest): readonly string[] {
  const reasons: string[] = [];
  if (!matchesPath(match, request.path)) {
    reasons.push(`path ${request.path} does not match ${match.pathType} ${match.path === '' ? '/' : match.path}`);
  }
  if (!matchesMethod(match, request)) reasons.push(`method ${request.method} is not ${match.method}`);
  for (const test of match.headers) explainValue('header', test, headerValue(request, test.name), reasons);
  for (const test of match.queryParams) {
    explainValue('query parameter', test, queryParam(request.query, test.name), reasons);
  }
  return reasons;
}

function explainValue(what: string, test: ValueTest, value: string | undefined, reasons: string[]): void {
  if (passesTest(test, value)) return;
  const wanted = `${test.type} ${JSON.stringify(test.declared)}`;
  if (value === undefined) reasons.push(`${what} ${test.name} is absent, ${wanted} is wanted`);
  else reasons.push(`${what} ${test.name} is ${JSON.stringify(value)}, ${wanted} is wanted`);
}
