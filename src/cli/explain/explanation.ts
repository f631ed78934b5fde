import type { SourceLocation } from '#model/diagnostic.ts';
import type { FilterSpec, HttpRouteRule, RouteTimeouts } from '#model/snapshot/http-route.ts';
import { declaredRoute } from '#model/snapshot/route-name.ts';
import type { EndpointSpec } from '#model/snapshot/endpoints.ts';
import type { Snapshot } from '#model/snapshot/snapshot.ts';
import type { Exchange } from '#proxy/exchange/exchange.ts';
import { explainRoutes, type MatchExplanation } from '#proxy/routing/explain.ts';
import type { PolicyExplanation } from '#proxy/filters/authorization/explain.ts';
import type { Declarations } from '../declarations.ts';
import { explainAuthorization } from './policy-explanation.ts';
import { explainArrival, type ArrivalExplanation } from './mesh/arrival-explanation.ts';
import { AssumedMesh, gatewayPrincipal, isOfMesh } from './mesh/assumed-mesh.ts';
import { TRUST_DOMAIN } from './mesh/mesh-caller.ts';
import { headerLines, plainAnswer, type AnswerExplanation, type HeaderLine } from './plain-answer.ts';
import { portOfUrl, Rehearsal, runFilters, type ImaginedRequest, type Routed, type RuleSource } from './rehearsal.ts';

/** What becomes of a request, and why. Plain JSON. */
export interface Explanation {
  readonly request: { readonly method: string; readonly url: string };
  /** Undefined where none takes the request; `otherListeners` then say why. */
  readonly listener?: { readonly name: string; readonly hostname: string; readonly port: number };
  readonly rule?: RuleExplanation;
  /** `refused`: by an authorization policy of the gateway, or by those of every backend that it could be sent to. */
  readonly outcome: 'no-listener' | 'no-route' | 'refused' | 'answered' | 'forwarded';
  /** What refuses it, as in the access log of whoever does; absent where it is not refused. */
  readonly refusal?: string;
  /** What authorization policies say, those of the gateway first, and what they decide together; absent without any. */
  readonly authorization?: { readonly decision: string; readonly policies: readonly PolicyExplanation[] };
  /** What the gateway answers by itself, where it does. */
  readonly answer?: AnswerExplanation;
  readonly backends: readonly BackendExplanation[];
  /** All other matches of the listener, in order of precedence. */
  readonly otherMatches: readonly MatchExplanation[];
  readonly otherListeners: readonly { readonly name: string; readonly reason: string }[];
}

export interface RuleExplanation {
  /** As in `HTTPRoute/shop/web`. */
  readonly route: string;
  readonly name: string;
  /** Where the rule is written. */
  readonly location?: SourceLocation;
  /** Which of the rule's matches took the request, and at which host name. */
  readonly matchIndex: number;
  readonly hostname: string;
  readonly match: HttpRouteRule['matches'][number];
  readonly filters: readonly FilterSpec[];
  readonly timeouts: RouteTimeouts;
}

export interface BackendExplanation {
  /** Null where the reference is broken: its share is answered 500. */
  readonly cluster: string | null;
  readonly weight: number;
  /** Of the requests of this rule, 0 to 1. */
  readonly share: number;
  readonly filters: readonly FilterSpec[];
  readonly endpoints: readonly EndpointSpec[];
  /** What the backend gets, where the request reaches it. */
  readonly request?: SeenRequest;
  /** What a filter of this backend answers instead. */
  readonly answer?: AnswerExplanation;
  /** What the policies of the backend itself decide here; absent without any. */
  readonly authorization?: string;
  /** What becomes of it in the mesh that the gateway is a member of; absent for one that is in none. */
  readonly arrival?: ArrivalExplanation;
}

export interface SeenRequest {
  readonly method: string;
  readonly host: string;
  readonly target: string;
  /** Header lines that filters added or changed. */
  readonly setHeaders: readonly HeaderLine[];
  readonly removedHeaders: readonly string[];
}

/** Explains what a gateway that serves these declarations does with a request. */
export function explainRequest(declarations: Declarations, request: ImaginedRequest): Explanation {
  const { locate } = declarations;
  // What Services say that expect workloads, makes sense in a mesh alone.
  const mesh = isOfMesh(declarations) ? new AssumedMesh(declarations, TRUST_DOMAIN) : null;
  const snapshot = mesh === null ? declarations.snapshot : mesh.compileGateways();
  const rehearsal = new Rehearsal(snapshot);
  const routed = rehearsal.route(request);
  const explained = { method: request.method, url: request.url.href };
  const otherListeners = rehearsal.listeners
    .filter(({ name }) => name !== routed?.listener.listener.name)
    .map((listener) => ({ name: listener.name, reason: reasonAgainst(listener, request.url) }));
  if (routed === undefined) {
    return { request: explained, outcome: 'no-listener', backends: [], otherMatches: [], otherListeners };
  }
  const { exchange, listener, chosen } = routed;
  const matches = explainRoutes(listener.routes, exchange.host, exchange.request);
  const taken = matches.find(({ outcome }) => outcome === 'chosen');
  const common = {
    request: explained,
    listener: { name: listener.listener.name, hostname: listener.hostname, port: listener.listener.port },
    otherMatches: matches.filter((match) => match !== taken),
    otherListeners,
  };
  if (chosen === undefined || taken === undefined) {
    const refusal = exchange.listener?.authorization?.authorize(exchange);
    const authorization = authorizationOf(rehearsal, exchange, []);
    if (refusal === undefined) return { ...common, ...authorization, outcome: 'no-route', backends: [] };
    return { ...common, ...authorization, ...refused(exchange, refusal), backends: [] };
  }
  const rule = explainRule(chosen.source, taken, locate);
  const answer = runFilters(exchange, chosen.rule.filters);
  const authorization = authorizationOf(rehearsal, exchange, chosen.source.declared.filters);
  if (answer !== undefined) {
    const outcome = isRefused(exchange)
      ? refused(exchange, answer)
      : { outcome: 'answered' as const, answer: plainAnswer(answer) };
    return { ...common, ...authorization, rule, ...outcome, backends: [] };
  }
  const arrive: ExplainArrival = (sent, cluster) => {
    if (mesh === null) return {};
    const sender = gatewayPrincipal(declarations, listener.listener.gateway);
    return { arrival: explainArrival(sent, cluster, sender, mesh, snapshot.resources) };
  };
  const backends = chosen.source.declared.backends.map((_, i) =>
    explainBackend(rehearsal, request, i, snapshot, arrive),
  );
  return { ...common, ...authorization, rule, ...(refusedByAll(backends) ?? { outcome: 'forwarded' }), backends };
}

type Refused = Pick<Explanation, 'refusal' | 'answer'> & { readonly outcome: 'refused' };

function refused({ authorization }: Exchange, answer: Parameters<typeof plainAnswer>[0]): Refused {
  return { outcome: 'refused', refusal: authorization?.text ?? '', answer: plainAnswer(answer) };
}

/** @returns what the first backend says, where none of those that requests are sent to lets them in */
function refusedByAll(backends: readonly BackendExplanation[]): Refused | undefined {
  const reached = backends.filter(({ share }) => share > 0);
  const refusals = reached.map(refusalOf);
  return refusals.includes(undefined) ? undefined : refusals[0];
}

/** Policies of a backend are asked by the gateway, or by the sidecar in front of it. */
function refusalOf({ answer, authorization = '', arrival }: BackendExplanation): Refused | undefined {
  if (answer !== undefined && /^(?:denied|broken) /.test(authorization))
    return { outcome: 'refused', refusal: authorization, answer };
  const judgement = arrival?.judgement;
  if (judgement?.answer === undefined) return undefined;
  return { outcome: 'refused', refusal: judgement.decision, answer: judgement.answer };
}

function authorizationOf(
  rehearsal: Rehearsal,
  exchange: Exchange,
  filters: readonly FilterSpec[],
): Pick<Explanation, 'authorization'> {
  const policies = explainAuthorization(rehearsal, exchange, filters);
  return policies.length === 0 ? {} : { authorization: { decision: exchange.authorization?.text ?? '', policies } };
}

function isRefused({ authorization }: Exchange): boolean {
  return authorization?.result === 'denied' || authorization?.result === 'broken';
}

/** Describes a rule that takes a request, with the match by which it does. */
export function explainRule(
  { route, declared, index }: RuleSource,
  { matchIndex, hostname }: MatchExplanation,
  locate: Declarations['locate'],
): RuleExplanation {
  const location = locate(declaredRoute(route.name), ['spec', 'rules', index]);
  return {
    route: declaredRoute(route.name),
    name: declared.name,
    ...(location !== undefined && { location }),
    matchIndex,
    hostname,
    match: declared.matches[matchIndex]!,
    filters: declared.filters,
    timeouts: declared.timeouts,
  };
}

/** Tells what becomes of what was sent to a cluster. */
type ExplainArrival = (sent: Exchange | null, cluster: string | null) => Pick<BackendExplanation, 'arrival'>;

/** Sends an imagined request of its own through all filters, since filters change what they see. */
function explainBackend(
  rehearsal: Rehearsal,
  request: ImaginedRequest,
  index: number,
  snapshot: Snapshot,
  arrive: ExplainArrival,
): BackendExplanation {
  const { exchange, chosen } = rehearsal.route(request) as Routed;
  const { rule, source } = chosen!;
  const { cluster, weight, filters } = source.declared.backends[index]!;
  const endpoints = cluster === null ? undefined : snapshot.resources.get(`endpoints ${cluster}`);
  const common = {
    cluster,
    weight,
    share: rule.totalWeight === 0 ? 0 : weight / rule.totalWeight,
    filters,
    endpoints: endpoints?.type === 'endpoints' ? endpoints.endpoints : [],
  };
  const before = exchange.request.fields.clone().entries;
  const answer = runFilters(exchange, rule.filters) ?? runFilters(exchange, rule.backends[index]!.filters);
  const decision = exchange.authorization?.text;
  const isJudged = filters.some(({ type }) => type === 'Authorization') && decision !== undefined;
  const judged = { ...common, ...(isJudged && { authorization: decision }) };
  if (answer !== undefined) return { ...judged, ...arrive(null, cluster), answer: plainAnswer(answer) };
  return { ...judged, ...arrive(exchange, cluster), request: seenRequest(exchange, before) };
}

/** Describes what goes on to a backend. @param before the header lines that came */
export function seenRequest({ request }: Exchange, before: readonly string[]): SeenRequest {
  const linesBefore = headerLines(before);
  const linesAfter = headerLines(request.fields.entries);
  const isIn = (list: readonly HeaderLine[], [name, value]: HeaderLine): boolean =>
    list.some((line) => line[0] === name && line[1] === value);
  return {
    method: request.method,
    host: request.authority,
    target: request.path + request.query,
    setHeaders: linesAfter.filter((line) => !isIn(linesBefore, line)),
    removedHeaders: [...new Set(linesBefore.map(([name]) => name))].filter((name) => !request.fields.has(name)),
  };
}

function reasonAgainst({ hostname, port, protocol }: Rehearsal['listeners'][number], url: URL): string {
  if (port !== portOfUrl(url)) return `port ${port} is not ${portOfUrl(url)}`;
  if (`${protocol.toLowerCase()}:` !== url.protocol) return `it takes ${protocol}, not ${url.protocol.slice(0, -1)}`;
  if (hostname !== '') return `host name ${hostname} is not the best one for ${url.hostname}`;
  return `another listener is more specific for ${url.hostname}`;
}
