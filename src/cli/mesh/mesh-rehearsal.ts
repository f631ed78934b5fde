import type { ProxyError } from '#errors/proxy-error.ts';
import { hostOf } from '#http/authority.ts';
import { RequestHead } from '#http/head.ts';
import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import { MeshCompiler, type MeshResult } from '#control/compile/mesh/mesh-compiler.ts';
import type { AuthorizationLevels } from '#model/snapshot/authorization.ts';
import type { EndpointSpec } from '#model/snapshot/endpoints.ts';
import type { FilterSpec } from '#model/snapshot/http-route.ts';
import type { MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { WorkloadPort, WorkloadResource } from '#model/snapshot/workload.ts';
import { Exchange, type Rule } from '#proxy/exchange/exchange.ts';
import { explainPolicies, type PolicyExplanation } from '#proxy/filters/authorization/explain.ts';
import { JudgedRequest } from '#proxy/filters/authorization/judged-request.ts';
import { PolicyRegistry } from '#proxy/filters/authorization/policy-registry.ts';
import { FilterChains } from '#proxy/filters/filter-chains.ts';
import { Egress } from '#proxy/mesh/egress.ts';
import { ServedPort } from '#proxy/mesh/served-port.ts';
import { routeToService, ServiceDirectory, type CalledPort } from '#proxy/mesh/service-directory.ts';
import type { Declarations } from '../declarations.ts';
import { createExchange, imaginedSlot, NOWHERE, runFilters, sessionOf, type ImaginedRequest } from '../rehearsal.ts';
import { assumedCaller, assumedWorkloads } from './assumed-workloads.ts';

/** Who asks. */
export interface MeshCaller {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly trustDomain: string;
}

/** SPIFFE id of a caller. */
export function principalOf({ trustDomain, namespace, serviceAccount }: MeshCaller): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** What the caller's sidecar makes of a request. */
export interface RoutedInMesh {
  readonly exchange: Exchange;
  /** Null where no service of the mesh is called so. */
  readonly called: CalledPort | null;
  /** Null where no route takes it. */
  readonly rule: Rule | null;
}

/** Where requests to one cluster arrive. */
export interface Arrival {
  /** None where policies leave nothing that may be sent to. */
  readonly endpoints: readonly EndpointSpec[];
  /** Whether TLS is spoken there, where no sidecar is. */
  readonly speaksTls: boolean;
  /** Of the application; null where no sidecar is in front of it. */
  readonly port: WorkloadPort | null;
}

/** What the called sidecar makes of a request. */
export interface Judgement {
  /** What it answers instead of the application, or undefined. */
  readonly answer: ReturnType<typeof runFilters>;
  /** As in the access log; '' where no policy has anything to say. */
  readonly decision: string;
  readonly isAllowed: boolean;
  readonly policies: readonly PolicyExplanation[];
}

/**
 * Asks the compiler and the parts of both sidecars what they would do, without a socket: what it says is what happens,
 * since it is the same code.
 */
export class MeshRehearsal {
  readonly #principal: string;
  readonly #assumed: ReadonlyMap<string, LiveWorkload>;
  readonly #mesh: MeshResult;
  /** All that the caller's sidecar could be told. */
  readonly #seen: ReadonlyMap<string, SnapshotResource>;
  readonly #directory: ServiceDirectory;
  readonly #egress = new Egress();

  constructor({ loaded, rejected }: Pick<Declarations, 'loaded' | 'rejected'>, caller: MeshCaller) {
    this.#principal = principalOf(caller);
    this.#assumed = assumedWorkloads(loaded, caller.trustDomain);
    const self = assumedCaller(caller.namespace, caller.serviceAccount, this.#principal);
    this.#mesh = new MeshCompiler().compile(loaded, [self, ...this.#assumed.values()], rejected);
    // As sidecars see it: what is for their namespace over what is for everybody.
    const ofNamespace = this.#mesh.namespaces.get(caller.namespace)?.resources ?? [];
    this.#seen = new Map([...this.#mesh.shared.resources, ...ofNamespace]);
    this.#directory = new ServiceDirectory(createChains(new PolicyRegistry(uncounted)));
    this.#directory.take({ version: '', upserts: [...this.#seen.values()], removals: [] });
    const own = this.#workload(self.id);
    if (own !== undefined) this.#egress.take(own);
  }

  /** All that can be called, in the order of their names. */
  get services(): readonly MeshServiceResource[] {
    return [...this.#seen.values()]
      .filter((resource) => resource.type === 'mesh-service')
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Finds what a rule was compiled from. @param rule of a route */
  sourceOf({ route, name }: Rule) {
    for (const resource of this.#seen.values()) {
      if (resource.type !== 'http-route' || resource.name.split('#')[0] !== route) continue;
      const index = resource.rules.findIndex((declared) => declared.name === name);
      if (index !== -1) return { route: resource, declared: resource.rules[index]!, index };
    }
    return undefined;
  }

  /** Lets the caller's sidecar choose. */
  route(request: ImaginedRequest): RoutedInMesh {
    const exchange = createExchange(request);
    const called = this.#directory.find(exchange.request.authority);
    exchange.listener = called?.listener ?? null;
    if (called === null) return { exchange, called, rule: null };
    if (called.opaque) {
      // Clients ask for the server name that they connect to.
      exchange.rule = called.streams.findRule(called.streams.asksNames ? exchange.host : '');
      return { exchange, called, rule: exchange.rule };
    }
    return { exchange, called, rule: routeToService(exchange, called) ? exchange.rule : null };
  }

  /** @returns why a request that is for no service does not leave the mesh, or null */
  egressProblem({ exchange }: RoutedInMesh): ProxyError | null {
    return this.#egress.problem(exchange, (service) => this.#directory.knows(service));
  }

  /** Finds where the requests of a cluster arrive. */
  arrivalAt(cluster: string): Arrival {
    const endpoints = this.#seen.get(`endpoints ${cluster}`);
    const found = endpoints?.type === 'endpoints' ? endpoints.endpoints : [];
    const meshed = found.find(({ mesh }) => mesh !== null);
    const declared = this.#seen.get(`cluster ${cluster}`);
    const speaksTls = declared?.type === 'cluster' && declared.tls !== null;
    if (meshed === undefined) return { endpoints: found, speaksTls, port: null };
    const id = this.#serverOf(cluster)?.id ?? '';
    return {
      endpoints: found,
      speaksTls,
      port: this.#workload(id)?.ports.find(({ port }) => port === meshed.port) ?? null,
    };
  }

  /** Lets the called sidecar judge what arrives. @param exchange as it was sent */
  judge(exchange: Exchange, cluster: string, declared: WorkloadPort): Judgement {
    const { id, namespace = '', serviceAccount = '' } = this.#serverOf(cluster) ?? { id: '' };
    const policies = new PolicyRegistry(uncounted);
    for (const resource of this.#mesh.workloads.get(id)?.resources.values() ?? [])
      if (resource.type === 'authorization') policies.put(resource);
    const filters = createChains(policies).compileRuleFilters(declared.filters);
    const slot = imaginedSlot(`inbound/${declared.port}`);
    const port = new ServedPort(`${namespace}/${serviceAccount}/${id}`, declared, slot, { filters, streams: null });
    const arrived = arrivedFrom(exchange, this.#principal);
    arrived.listener = port.listener;
    arrived.rule = port.createRule();
    const answer = runFilters(arrived, arrived.rule.filters);
    return {
      answer,
      decision: arrived.authorization?.text ?? '',
      isAllowed: answer === undefined,
      policies: explained(arrived, policies, declared),
    };
  }

  #serverOf(cluster: string): LiveWorkload | undefined {
    const resource = this.#seen.get(`cluster ${cluster}`);
    if (resource?.type !== 'cluster') return undefined;
    return this.#assumed.get(`${resource.service.namespace}/${resource.service.name}`);
  }

  #workload(id: string): WorkloadResource | undefined {
    const resources = [...(this.#mesh.workloads.get(id)?.resources.values() ?? [])];
    return resources.find((resource) => resource.type === 'workload');
  }
}

const uncounted = () => ({ add: () => {} });

function createChains(policies: PolicyRegistry) {
  const chains = new FilterChains({ slot: imaginedSlot, policies });
  return {
    slot: imaginedSlot,
    compileRuleFilters: (specs: readonly FilterSpec[]) => chains.compileRuleFilters(specs),
    compileBackendFilters: (specs: readonly FilterSpec[], cluster: string | null) =>
      chains.compileBackendFilters(specs, cluster),
  };
}

function explained(
  arrived: Exchange,
  policies: PolicyRegistry,
  { filters }: WorkloadPort,
): readonly PolicyExplanation[] {
  const levels: AuthorizationLevels = filters.flatMap((filter) =>
    filter.type === 'Authorization' ? filter.levels : [],
  );
  const request = new JudgedRequest();
  request.begin(arrived, arrived.host, arrived.routedPath, arrived.listener?.port ?? 0);
  return explainPolicies(policies.levels(levels), request);
}

/** The request as the called sidecar reads it off the connection between the two. */
function arrivedFrom({ request, peer }: Exchange, principal: string): Exchange {
  const { method, authority, path, query, fields } = request;
  const target = method === 'CONNECT' ? authority : path + query;
  const head = new RequestHead(method, target, authority, path, query, fields.clone(), 20);
  return new Exchange(head, { ...peer, encrypted: true, tls: sessionOf(principal) }, NOWHERE, hostOf(authority), 0);
}
