import type { Path } from '#model/field-path.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { HttpRouteResource, HttpRouteRule } from '#model/snapshot/http-route.ts';
import { meshListenerName } from '#model/snapshot/mesh-service.ts';
import type { ClusterTarget } from '../backend/backends.ts';
import { error, warning, type Finding } from '../finding.ts';
import { compareText, createdAtMs, type Lookups } from '../inventory.ts';
import { RouteProtection } from '../policy/authorization-levels.ts';
import { usualUse } from '../route/backend-use.ts';
import { compileGrpcRules } from '../route/grpc-rules.ts';
import { gatewayGroup } from '../route/route-kinds.ts';
import { isServiceRef } from '../route/route-parents.ts';
import { RouteReferences } from '../route/route-references.ts';
import { compileRules } from '../route/route-rules.ts';
import { versioned } from '../version.ts';

type MeshRoute = ResourceOf<'HTTPRoute' | 'GRPCRoute'>;
type DeclaredParentRef = MeshRoute['spec']['parentRefs'][number];

/** A route whose parents are Services, before it is known for whose requests it counts. */
export interface MeshRoutePlan {
  readonly route: MeshRoute;
  readonly rules: readonly HttpRouteRule[];
  /** Ports of Services that it attaches to, as in `mesh/shop/cart:80`, with the namespace of each Service. */
  readonly places: ReadonlyMap<string, string>;
  /** What it sends requests to, by the name of the cluster. */
  readonly targets: ReadonlyMap<string, ClusterTarget>;
  readonly findings: readonly Finding[];
}

/**
 * Compiles a route of the mesh.
 *
 * @returns undefined where no Service is among its parents
 * @see https://gateway-api.sigs.k8s.io/mesh/ (GAMMA)
 */
export function planMeshRoute(route: MeshRoute, lookups: Lookups): MeshRoutePlan | undefined {
  const parents = route.spec.parentRefs.map((ref, i) => ({ ref, i })).filter(({ ref }) => isServiceRef(ref));
  if (parents.length === 0) return undefined;
  const places = new Map<string, string>();
  const findings: Finding[] = [];
  for (const { ref, i } of parents) {
    const path: Path = ['spec', 'parentRefs', i];
    const found = portsOf(route, ref, path, lookups);
    if ('severity' in found) findings.push(found);
    else for (const place of found.places) places.set(place, found.namespace);
  }
  if (route.spec.hostnames.length > 0)
    findings.push(warning(['spec', 'hostnames'], 'has no effect at a Service: its requests are told by its own names'));
  const from = { group: gatewayGroup, kind: route.kind, namespace: route.metadata.namespace };
  const references = new RouteReferences(from, usualUse(route.kind), lookups);
  const compiled =
    route.kind === 'HTTPRoute'
      ? compileRules(route.spec.rules, references)
      : compileGrpcRules(route.spec.rules, references);
  const rules = compiled.map((rule, i) => closedWherePolicies(rule, i, route, lookups, findings));
  return { route, rules, places, targets: references.targets, findings: [...findings, ...references.findings] };
}

/** The caller's own sidecar is no judge of the caller: what a policy of the route is for is refused, never let pass. */
function closedWherePolicies(
  rule: HttpRouteRule,
  index: number,
  route: MeshRoute,
  lookups: Lookups,
  findings: Finding[],
): HttpRouteRule {
  const { namespace, name } = route.metadata;
  const protection = new RouteProtection({ kind: route.kind, namespace, name }, lookups);
  if (protection.filtersOfRule(route.spec.rules[index]?.name).length === 0) return rule;
  const reason = 'an AuthorizationPolicy for a route in the mesh cannot be enforced';
  findings.push(
    error(['spec', 'rules', index], `answers every request with 500: ${reason}`, 'a policy for the Service'),
  );
  return { ...rule, filters: [{ type: 'Invalid', reason }, ...rule.filters] };
}

function portsOf(
  route: MeshRoute,
  ref: DeclaredParentRef,
  path: Path,
  lookups: Lookups,
): { readonly namespace: string; readonly places: readonly string[] } | Finding {
  const namespace = ref.namespace ?? route.metadata.namespace;
  const title = `Service ${namespace}/${ref.name}`;
  const service = lookups.find('Service', namespace, ref.name);
  if (service === undefined) return error([...path, 'name'], `${title} is neither declared nor served by a workload`);
  const ports = service.spec.ports.filter(
    ({ port, name, protocol }) =>
      protocol === 'TCP' &&
      (ref.port === undefined || ref.port === port) &&
      (ref.sectionName === undefined || ref.sectionName === name),
  );
  const field = ref.sectionName === undefined ? 'port' : 'sectionName';
  if (ports.length === 0) return error([...path, field], `${title} has no such TCP port`);
  return { namespace, places: ports.map(({ port }) => meshListenerName(`${namespace}/${ref.name}`, port)) };
}

/** Where routes count: for whom the map was made, the routes at each port, the one that goes before others first. */
export type RoutesByPlace = ReadonlyMap<string, readonly MeshRoutePlan[]>;

/**
 * Tells which routes count for the requests of a namespace's workloads.
 *
 * A route in the Service's own namespace is its producer's and counts for everybody; one elsewhere is its consumer's, and
 * takes the place of the producer's for the requests of its own namespace.
 *
 * @param namespace '' for those that have no routes of their own
 */
export function routesFor(namespace: string, plans: readonly MeshRoutePlan[]): RoutesByPlace {
  const producers = new Map<string, MeshRoutePlan[]>();
  const consumers = new Map<string, MeshRoutePlan[]>();
  for (const plan of plans.toSorted(bySeniority)) {
    const routeNamespace = plan.route.metadata.namespace;
    for (const [place, serviceNamespace] of plan.places) {
      if (routeNamespace === serviceNamespace) append(producers, place, plan);
      else if (routeNamespace === namespace) append(consumers, place, plan);
    }
  }
  return new Map([...producers, ...consumers].map(([place, routes]) => [place, ofOneKind(routes)]));
}

/** HTTP and gRPC routes cannot share the names of a port: the oldest route decides. */
function ofOneKind(routes: readonly MeshRoutePlan[]): readonly MeshRoutePlan[] {
  return routes.filter(({ route }) => route.kind === routes[0]!.route.kind);
}

/** One resource for each route that counts somewhere. */
export function routeResources(routes: RoutesByPlace): readonly HttpRouteResource[] {
  const placesByPlan = new Map<MeshRoutePlan, string[]>();
  for (const [place, plans] of routes) for (const plan of plans) append(placesByPlan, plan, place);
  return [...placesByPlan].map(([{ route, rules }, places]) =>
    versioned<HttpRouteResource>({
      type: 'http-route',
      name: routeName(route),
      createdAtMs: createdAtMs(route),
      attachments: places.sort(compareText).map((listener) => ({ listener, hostnames: ['*'] })),
      rules,
    }),
  );
}

/** Apart from what the same object comes to at gateways. */
export function routeName({ kind, metadata: { namespace, name } }: MeshRoute): string {
  return `${kind}/${namespace}/${name}#mesh`;
}

function bySeniority({ route: a }: MeshRoutePlan, { route: b }: MeshRoutePlan): number {
  return createdAtMs(a) - createdAtMs(b) || compareText(routeName(a), routeName(b));
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
