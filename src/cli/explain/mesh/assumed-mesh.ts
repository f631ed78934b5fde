import { Compiler } from '#control/compile/compiler.ts';
import type { LiveWorkload } from '#control/compile/mesh/live-workload.ts';
import { expectsWorkloads, serviceAccountsAnnotation } from '#control/compile/mesh/membership.ts';
import { MeshCompiler, type MeshResult } from '#control/compile/mesh/mesh-compiler.ts';
import { hostOf } from '#http/authority.ts';
import { RequestHead } from '#http/head.ts';
import type { AuthorizationLevels } from '#model/snapshot/authorization.ts';
import type { EndpointSpec } from '#model/snapshot/endpoints.ts';
import type { FilterSpec } from '#model/snapshot/http-route.ts';
import type { Snapshot, SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { WorkloadPort, WorkloadResource } from '#model/snapshot/workload.ts';
import { Exchange } from '#proxy/exchange/exchange.ts';
import { explainPolicies, type PolicyExplanation } from '#proxy/filters/authorization/explain.ts';
import { JudgedRequest } from '#proxy/filters/authorization/judged-request.ts';
import { PolicyRegistry } from '#proxy/filters/authorization/policy-registry.ts';
import { FilterChains } from '#proxy/filters/filter-chains.ts';
import { ServedPort } from '#proxy/mesh/served-port.ts';
import type { Declarations } from '../../declarations.ts';
import { imaginedSlot, NOWHERE, runFilters, sessionOf } from '../rehearsal.ts';
import { assumedWorkloads } from './assumed-workloads.ts';
import { principalOf, TRUST_DOMAIN } from './mesh-caller.ts';

/** Resources by their keys, as one proxy sees them. */
export type SeenResources = ReadonlyMap<string, SnapshotResource>;

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
  readonly policies: readonly PolicyExplanation[];
}

/** The mesh that a folder declares, with a workload for each Service: what it is compiled to, and how its sidecars judge. */
export class AssumedMesh {
  readonly result: MeshResult;
  readonly #declarations: Pick<Declarations, 'loaded' | 'rejected'>;
  readonly #compiler = new MeshCompiler();
  readonly #assumed: ReadonlyMap<string, LiveWorkload>;

  /** @param callers workloads that call, and serve nothing */
  constructor(
    declarations: Pick<Declarations, 'loaded' | 'rejected'>,
    trustDomain: string,
    callers: readonly LiveWorkload[] = [],
  ) {
    const { loaded, rejected } = declarations;
    this.#declarations = declarations;
    this.#assumed = assumedWorkloads(loaded, trustDomain);
    this.result = this.#compiler.compile(loaded, [...callers, ...this.#assumed.values()], rejected);
  }

  /** Compiles what gateways that are members of the mesh serve. */
  compileGateways(): Snapshot {
    const { loaded, serving } = this.#compiler.population;
    return new Compiler().compile(loaded, { rejected: this.#declarations.rejected, serving }).snapshot;
  }

  /** What the sidecar of a workload serves. */
  workload(id: string): WorkloadResource | undefined {
    const resources = [...(this.result.workloads.get(id)?.resources.values() ?? [])];
    return resources.find((resource) => resource.type === 'workload');
  }

  /** Finds where the requests of a cluster arrive. @param seen by who sends them */
  arrivalAt(cluster: string, seen: SeenResources): Arrival {
    const resource = seen.get(`endpoints ${cluster}`);
    const endpoints = resource?.type === 'endpoints' ? resource.endpoints : [];
    const meshed = endpoints.find(({ mesh }) => mesh !== null);
    const declared = seen.get(`cluster ${cluster}`);
    const speaksTls = declared?.type === 'cluster' && declared.tls !== null;
    if (meshed === undefined) return { endpoints, speaksTls, port: null };
    const ports = this.workload(this.#serverOf(cluster, seen)?.id ?? '')?.ports;
    return { endpoints, speaksTls, port: ports?.find(({ port }) => port === meshed.port) ?? null };
  }

  /**
   * Lets the called sidecar judge what arrives.
   *
   * @param exchange as it was sent
   * @param principal SPIFFE id of who has sent it
   */
  judge(
    exchange: Exchange,
    principal: string,
    cluster: string,
    seen: SeenResources,
    declared: WorkloadPort,
  ): Judgement {
    const server = this.#serverOf(cluster, seen);
    const policies = new PolicyRegistry(uncounted);
    for (const resource of this.result.workloads.get(server?.id ?? '')?.resources.values() ?? [])
      if (resource.type === 'authorization') policies.put(resource);
    const filters = createChains(policies).compileRuleFilters(declared.filters);
    const slot = imaginedSlot(`inbound/${declared.port}`);
    const port = new ServedPort(`${server?.namespace}/${server?.serviceAccount}/`, declared, slot, {
      filters,
      streams: null,
    });
    const arrived = arrivedFrom(exchange, principal);
    arrived.listener = port.listener;
    arrived.rule = port.createRule();
    const answer = runFilters(arrived, arrived.rule.filters);
    return {
      answer,
      decision: arrived.authorization?.text ?? '',
      policies: explained(arrived, policies, declared),
    };
  }

  #serverOf(cluster: string, seen: SeenResources): LiveWorkload | undefined {
    const resource = seen.get(`cluster ${cluster}`);
    if (resource?.type !== 'cluster') return undefined;
    return this.#assumed.get(`${resource.service.namespace}/${resource.service.name}`);
  }
}

/** Whether a folder declares Services that workloads of a mesh are to serve. */
export function isOfMesh({ loaded }: Pick<Declarations, 'loaded'>): boolean {
  return loaded.some(({ resource }) => resource.kind === 'Service' && expectsWorkloads(resource));
}

/** Who a gateway is in the mesh. @param gateway as in `shop/edge` */
export function gatewayPrincipal({ loaded }: Pick<Declarations, 'loaded'>, gateway: string): string {
  const [namespace = '', name = ''] = gateway.split('/');
  const declared = loaded.find(
    ({ resource: { kind, metadata } }) =>
      kind === 'Gateway' && metadata.namespace === namespace && metadata.name === name,
  );
  const accounts = declared?.resource.metadata.annotations[serviceAccountsAnnotation] ?? name;
  const serviceAccount = accounts.split(',')[0]!.trim();
  return principalOf({ trustDomain: TRUST_DOMAIN, namespace, serviceAccount });
}

/** Counts nothing. */
export const uncounted = () => ({ add: () => {} });

/** Makes what rules and their backends are compiled with. */
export function createChains(policies: PolicyRegistry) {
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
