import type { FilterSpec } from '#model/snapshot/http-route.ts';
import { ERROR_TABLE } from '#errors/error-table.ts';
import type { ProxyError } from '#errors/proxy-error.ts';
import type { Rule } from '#proxy/exchange/exchange.ts';
import { explainRoutes, type MatchExplanation } from '#proxy/routing/explain.ts';
import type { Declarations } from '../../declarations.ts';
import { explainRule, seenRequest, type BackendExplanation, type RuleExplanation } from '../explanation.ts';
import { plainAnswer } from '../plain-answer.ts';
import { runFilters, type ImaginedRequest } from '../rehearsal.ts';
import { explainArrival, type ArrivalExplanation } from './arrival-explanation.ts';
import { principalOf, type MeshCaller } from './mesh-caller.ts';
import { MeshRehearsal, type RoutedInMesh } from './mesh-rehearsal.ts';

/** What becomes of a request from one workload to another, and why. Plain JSON. */
export interface MeshExplanation {
  readonly request: { readonly method: string; readonly url: string };
  /** SPIFFE id of who asks. */
  readonly caller: string;
  /** Whose name the request has; absent for a host outside of the mesh. */
  readonly service?: { readonly name: string; readonly port: number; readonly protocol: 'http' | 'tcp' };
  /** Absent where no route is attached, or none takes the request. */
  readonly rule?: RuleExplanation | { readonly route: string };
  /** Routes of the service's producer that do not count, since the caller's namespace has its own; absent for none. */
  readonly replaced?: readonly string[];
  /**
   * `answered`: by the caller's own sidecar. `refused`: by all that it could be sent to, `partly-refused` by some.
   * `left`: it leaves the mesh as it is. `inside`: a tunnel whose requests are routed one by one. `failed`: the caller's sidecar answers with `error`.
   */
  readonly outcome: 'failed' | 'left' | 'inside' | 'answered' | 'refused' | 'partly-refused' | 'forwarded';
  readonly error?: { readonly code: string; readonly status: number; readonly detail: string };
  readonly answer?: BackendExplanation['answer'];
  readonly backends: readonly MeshBackendExplanation[];
  /** All other matches of routes at the port, in order of precedence. */
  readonly otherMatches: readonly MatchExplanation[];
  /** What can be called, where what was called cannot: with the names by which the caller can. */
  readonly services: readonly {
    readonly name: string;
    readonly hostnames: readonly string[];
    readonly ports: readonly number[];
  }[];
}

export interface MeshBackendExplanation
  extends Omit<BackendExplanation, 'endpoints' | 'authorization' | 'arrival'>, ArrivalExplanation {}

/** Explains what the sidecars of a mesh that follows these declarations do with a request of a workload. */
export function explainMeshRequest(
  declarations: Declarations,
  caller: MeshCaller,
  request: ImaginedRequest,
): MeshExplanation {
  const rehearsal = new MeshRehearsal(declarations, caller);
  const routed = rehearsal.route(request);
  const common = {
    request: { method: request.method, url: urlOf(request) },
    caller: principalOf(caller),
    backends: [],
    otherMatches: [],
    services: [],
  };
  const { called, rule, exchange } = routed;
  if (called === null) return { ...common, ...explainEgress(rehearsal, routed) };
  const name = called.listener.name.replace('mesh/', '').replace(/:\d+$/, '');
  const service = { name, port: called.listener.port, protocol: called.opaque ? 'tcp' : 'http' } as const;
  const replaced = rehearsal.replacedAt(name, service.port);
  const inService = { ...common, service, ...(replaced.length > 0 && { replaced }) };
  if (request.method === 'CONNECT' && !called.opaque) return { ...inService, outcome: 'inside' };
  if (request.method !== 'CONNECT' && called.opaque)
    return { ...inService, ...failure('method_not_supported', 'the port carries bytes as they are: ask for CONNECT') };
  const matches = called.routes === null ? [] : explainRoutes(called.routes, exchange.host, exchange.request);
  const taken = matches.find(({ outcome }) => outcome === 'chosen');
  const otherMatches = matches.filter((match) => match !== taken);
  if (rule === null)
    return { ...inService, otherMatches, ...failure('route_not_found', 'no route of the port takes it') };
  const source = rehearsal.sourceOf(rule);
  const explainedRule =
    source === undefined || taken === undefined
      ? rule.route === ''
        ? {}
        : { rule: { route: rule.route } }
      : { rule: explainRule(source, taken, declarations.locate) };
  const atService = { ...inService, ...explainedRule, otherMatches };
  const answer = runFilters(exchange, rule.filters);
  if (answer !== undefined)
    return {
      ...atService,
      outcome: exchange.error === null ? 'answered' : 'failed',
      ...answered(answer, exchange.error),
    };
  const backends = rule.backends.map((_, i) =>
    explainBackend(rehearsal, request, common.caller, i, source?.declared.backends[i]?.filters),
  );
  if (backends.every(({ cluster, share }) => share === 0 || cluster === null))
    return { ...atService, backends, ...failure('backend_invalid', 'the route has no backend for it') };
  return { ...atService, outcome: outcomeOf(backends), backends };
}

function explainEgress(
  rehearsal: MeshRehearsal,
  routed: RoutedInMesh,
): Pick<MeshExplanation, 'outcome' | 'error' | 'services'> {
  const services = rehearsal.services.map(({ name, hostnames, ports }) => ({
    name,
    hostnames,
    ports: ports.map(({ port }) => port),
  }));
  const problem = rehearsal.egressProblem(routed);
  if (problem === null) return { outcome: 'left', services };
  const isClosed = problem.code === 'egress_denied';
  const detail = isClosed ? 'no service is called so, and nothing leaves the mesh (RegistryOnly)' : problem.cause;
  return { services, ...failure(problem.code, detail) };
}

function failure(code: ProxyError['code'], detail: string): Pick<MeshExplanation, 'outcome' | 'error'> {
  return { outcome: 'failed', error: { code, status: ERROR_TABLE[code].status, detail } };
}

function answered(
  answer: NonNullable<ReturnType<typeof runFilters>>,
  error: ProxyError | null,
): Pick<MeshExplanation, 'answer' | 'error'> {
  if (error === null) return { answer: plainAnswer(answer) };
  return { answer: plainAnswer(answer), error: { code: error.code, status: answer.status, detail: error.cause } };
}

/** Sends an imagined request of its own through both sidecars, since filters change what they see. */
function explainBackend(
  rehearsal: MeshRehearsal,
  request: ImaginedRequest,
  sender: string,
  index: number,
  specs: readonly FilterSpec[] = [],
): MeshBackendExplanation {
  const { exchange, rule } = rehearsal.route(request) as RoutedInMesh & { readonly rule: Rule };
  const { slot, weight, filters } = rule.backends[index]!;
  const cluster = slot.name === '' ? null : slot.name;
  const before = exchange.request.fields.clone().entries;
  const answer = runFilters(exchange, rule.filters) ?? runFilters(exchange, filters);
  const sent = answer === undefined ? exchange : null;
  return {
    cluster,
    weight,
    share: rule.totalWeight === 0 ? 0 : weight / rule.totalWeight,
    filters: specs,
    ...explainArrival(sent, cluster, sender, rehearsal.mesh, rehearsal.seen),
    ...(answer === undefined ? { request: seenRequest(exchange, before) } : { answer: plainAnswer(answer) }),
  };
}

function outcomeOf(backends: readonly MeshBackendExplanation[]): MeshExplanation['outcome'] {
  const reached = backends.filter(({ share }) => share > 0);
  const refusing = reached.filter(({ judgement }) => judgement?.isAllowed === false);
  if (refusing.length === 0) return 'forwarded';
  return refusing.length === reached.length ? 'refused' : 'partly-refused';
}

/** A tunnel is asked for by host and port alone. */
function urlOf({ method, url }: ImaginedRequest): string {
  return method === 'CONNECT' ? `${url.hostname}:${url.port === '' ? 80 : url.port}` : url.href;
}
