import type {
  FilterSpec,
  HeaderModifications,
  HttpRouteMatch,
  PathModifier,
  RouteTimeouts,
} from '#model/snapshot/http-route.ts';
import type { PolicyExplanation } from '#proxy/filters/authorization/explain.ts';
import type { MatchExplanation } from '#proxy/routing/explain.ts';
import type { Explanation, RuleExplanation, SeenRequest } from './explanation.ts';
import type { AnswerExplanation } from './plain-answer.ts';
import type { Paint } from '../terminal.ts';

/** Matches that are listed before the rest is only counted. */
const MAX_OTHERS = 20;

export function answerText({ status, headers }: AnswerExplanation): string {
  const location = headers.find(([name]) => name === 'location')?.[1];
  return location === undefined ? String(status) : `${status} to ${location}`;
}

export function ruleLines(
  { route, name, location, match, hostname, filters, timeouts }: RuleExplanation,
  paint: Paint,
): string[] {
  const place = location === undefined ? '' : `  ${paint('place', `${location.file}:${location.line}`)}`;
  const at = hostname === '*' ? 'any host' : hostname;
  const lines = [
    row('route', `${route}, rule ${name}${place}`, paint),
    row('matches', `${at}, ${matchText(match)}`, paint),
  ];
  for (const [i, filter] of filters.entries()) lines.push(row(i === 0 ? 'filters' : '', filterText(filter), paint));
  const limits = timeoutText(timeouts);
  if (limits !== '') lines.push(row('timeouts', limits, paint));
  return lines;
}

/** Says what each policy makes of a request, and why. */
export function policyRows(policies: readonly PolicyExplanation[], indent: string, paint: Paint): string[] {
  return policies.flatMap(({ policy, action, outcome, reasons }) => [
    row('', `${indent}${policy} (${action}): ${outcome}`, paint),
    ...reasons.map((reason) => row('', `${indent}  ${paint('faint', reason)}`, paint)),
  ]);
}

/** Says what a backend gets. */
export function seenLines({ method, target, host, setHeaders, removedHeaders }: SeenRequest, paint: Paint): string[] {
  return [
    row('', `  gets ${method} ${target}, host ${host}`, paint),
    ...setHeaders.map(([header, value]) => row('', `       ${header}: ${value}`, paint)),
    ...removedHeaders.map((header) => row('', `       without ${header}`, paint)),
  ];
}

/** Says why all else does not take a request. */
export function otherMatchLines(
  otherMatches: readonly MatchExplanation[],
  otherListeners: Explanation['otherListeners'],
  paint: Paint,
): string[] {
  const matches = otherMatches.toSorted(byNearness).map(({ route, rule, hostname, reasons }) => {
    const host = hostname === '*' ? '' : ` at ${hostname}`;
    // A rule for another host is no near miss, whatever else it asks for.
    const said = isForOtherHost({ reasons }) ? reasons.slice(0, 1) : reasons;
    return `  ${route}, rule ${rule}${host}: ${paint('faint', said.join('; '))}`;
  });
  const listeners = otherListeners.map(({ name, reason }) => `  listener ${name}: ${paint('faint', reason)}`);
  const all = [...matches, ...listeners];
  if (all.length === 0) return [];
  const rest =
    all.length > MAX_OTHERS ? [paint('faint', `  and ${all.length - MAX_OTHERS} more (--format json lists all)`)] : [];
  return ['', paint('strong', 'Not taken'), ...all.slice(0, MAX_OTHERS), ...rest];
}

/** What nearly took the request comes first; otherwise the order of precedence stays. */
function byNearness(a: MatchExplanation, b: MatchExplanation): number {
  return distance(a) - distance(b);
}

function distance(match: MatchExplanation): number {
  if (match.outcome === 'outranked') return 0;
  return isForOtherHost(match) ? 2 : 1;
}

function isForOtherHost({ reasons }: Pick<MatchExplanation, 'reasons'>): boolean {
  return reasons[0]?.startsWith('host ') === true;
}

export function row(label: string, text: string, paint: Paint): string {
  return `${paint('faint', label.padEnd(10))} ${text}`;
}

/** @returns for example `path prefix /cart, method GET, header x-beta = "true"` */
function matchText({ path, method, headers, queryParams }: HttpRouteMatch): string {
  const kinds = { Exact: 'path', PathPrefix: 'path prefix', RegularExpression: 'path pattern' } as const;
  const values = (what: string, tests: HttpRouteMatch['headers']): string[] =>
    tests.map(({ name, type, value }) => `${what} ${name} ${type === 'Exact' ? '=' : '~'} ${JSON.stringify(value)}`);
  const parts = [`${kinds[path.type]} ${path.value}`, ...(method === '' ? [] : [`method ${method}`])];
  return [...parts, ...values('header', headers), ...values('query parameter', queryParams)].join(', ');
}

export function filterText(filter: FilterSpec): string {
  switch (filter.type) {
    case 'RequestHeaderModifier':
      return `request headers: ${modificationText(filter)}`;
    case 'ResponseHeaderModifier':
      return `response headers: ${modificationText(filter)}`;
    case 'RequestRedirect':
      return `redirect ${filter.statusCode}${targetText(filter.scheme, filter.hostname, filter.port, filter.path)}`;
    case 'URLRewrite':
      return `rewrite${targetText(null, filter.hostname, null, filter.path)}`;
    case 'RequestMirror': {
      const share = Math.round((filter.numerator / filter.denominator) * 1000) / 10;
      return `mirror ${share} % to ${filter.cluster ?? 'a backend that is not declared: nothing is mirrored'}`;
    }
    case 'CORS':
      return `CORS for ${filter.allowOrigins.join(', ')}`;
    case 'Authorization':
      return `authorization by ${filter.levels.flat().join(', ')}`;
    case 'Invalid':
      return `cannot be used, so every request is answered 500: ${filter.reason}`;
  }
}

function targetText(
  scheme: string | null,
  hostname: string | null,
  port: number | null,
  path: PathModifier | null,
): string {
  const parts = [
    ...(scheme === null ? [] : [`scheme ${scheme}`]),
    ...(hostname === null ? [] : [`host ${hostname}`]),
    ...(port === null ? [] : [`port ${port}`]),
    ...(path === null
      ? []
      : [path.type === 'ReplaceFullPath' ? `path ${path.value}` : `the matched prefix by ${path.value}`]),
  ];
  return parts.length === 0 ? '' : `: ${parts.join(', ')}`;
}

function modificationText({ set, add, remove }: HeaderModifications): string {
  return [
    ...set.map(({ name, value }) => `set ${name}: ${value}`),
    ...add.map(({ name, value }) => `add ${name}: ${value}`),
    ...remove.map((name) => `remove ${name}`),
  ].join(', ');
}

function timeoutText({ requestMs, backendRequestMs }: RouteTimeouts): string {
  const text = (what: string, ms: number | null): string[] => {
    if (ms === null) return [];
    return [ms === 0 ? `${what} without limit` : `${what} ${ms} ms`];
  };
  return [...text('whole request', requestMs), ...text('each attempt', backendRequestMs)].join(', ');
}
