import type { ProxyError } from '#errors/proxy-error.ts';
import type { MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import { declaredRoute } from '#model/snapshot/route-name.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { Exchange, Rule } from '#proxy/exchange/exchange.ts';
import { PolicyRegistry } from '#proxy/filters/authorization/policy-registry.ts';
import { Egress } from '#proxy/mesh/egress.ts';
import { routeToService, ServiceDirectory, type CalledPort } from '#proxy/mesh/service-directory.ts';
import type { Declarations } from '../../declarations.ts';
import { createExchange, type ImaginedRequest } from '../rehearsal.ts';
import { AssumedMesh, createChains, uncounted, type SeenResources } from './assumed-mesh.ts';
import { assumedCaller } from './assumed-workloads.ts';
import { principalOf, type MeshCaller } from './mesh-caller.ts';

/** What the caller's sidecar makes of a request. */
export interface RoutedInMesh {
  readonly exchange: Exchange;
  /** Null where no service of the mesh is called so. */
  readonly called: CalledPort | null;
  /** Null where no route takes it. */
  readonly rule: Rule | null;
}

/**
 * Asks the compiler and the parts of both sidecars what they would do, without a socket: what it says is what happens,
 * since it is the same code.
 */
export class MeshRehearsal {
  readonly mesh: AssumedMesh;
  /** All that the caller's sidecar could be told. */
  readonly seen: SeenResources;
  readonly #directory: ServiceDirectory;
  readonly #egress = new Egress();

  constructor(declarations: Pick<Declarations, 'loaded' | 'rejected'>, caller: MeshCaller) {
    const self = assumedCaller(caller.namespace, caller.serviceAccount, principalOf(caller));
    this.mesh = new AssumedMesh(declarations, caller.trustDomain, [self]);
    // As sidecars see it: what is for their namespace over what is for everybody.
    const { shared, namespaces } = this.mesh.result;
    this.seen = new Map([...shared.resources, ...(namespaces.get(caller.namespace)?.resources ?? [])]);
    this.#directory = new ServiceDirectory(createChains(new PolicyRegistry(uncounted)));
    this.#directory.take({ version: '', upserts: [...this.seen.values()], removals: [] });
    const own = this.mesh.workload(self.id);
    if (own !== undefined) this.#egress.take(own);
  }

  /** All that can be called, in the order of their names. */
  get services(): readonly MeshServiceResource[] {
    return [...this.seen.values()]
      .filter((resource) => resource.type === 'mesh-service')
      .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Finds what a rule was compiled from. @param rule of a route */
  sourceOf({ route, name }: Rule) {
    for (const resource of this.seen.values()) {
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

  /** Finds routes of a service's own namespace that do not count for this caller, since its namespace has others. */
  replacedAt(service: string, port: number): readonly string[] {
    const key = `mesh-service ${service}`;
    const counting = routesAt(this.seen.get(key), port);
    return routesAt(this.mesh.result.shared.resources.get(key), port)
      .filter((route) => !counting.includes(route))
      .map(declaredRoute);
  }

  /** @returns why a request that is for no service does not leave the mesh, or null */
  egressProblem({ exchange }: RoutedInMesh): ProxyError | null {
    return this.#egress.problem(exchange, (service) => this.#directory.knows(service));
  }
}

function routesAt(resource: SnapshotResource | undefined, port: number): readonly string[] {
  if (resource?.type !== 'mesh-service') return [];
  return resource.ports.find((one) => one.port === port)?.routes ?? [];
}
