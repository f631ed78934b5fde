import { controllerName } from '#model/gateway-class.ts';
import { conditionOf, type ParentStatus, type Problem } from '../../status.ts';
import type { ClusterTarget } from '../backend/backends.ts';
import { error, warning, type Finding } from '../finding.ts';
import type { Planned } from '../gateway/listeners.ts';
import type { Lookups } from '../inventory.ts';
import { titleOfUse } from './backend-use.ts';
import type { Losses } from './hostname-contests.ts';
import type { Route } from './route-kinds.ts';
import type { AttachedRoute, RouteParent } from './route-parents.ts';
import {
  attachmentsOf,
  compileVariants,
  resourcesOf,
  usesOf,
  type RouteResource,
  type RouteVariant,
} from './route-variants.ts';

/** What a route comes to. */
export interface RoutePlan {
  /** Empty while no programmed listener takes the route; several where gateways make a difference to its backends. */
  readonly resources: readonly RouteResource[];
  /** Full names of the listeners that take it, programmed or not. */
  readonly attachedTo: readonly string[];
  /** What the resources send requests to, by the name of the cluster. */
  readonly targets: ReadonlyMap<string, ClusterTarget>;
  /** Whether the declared protocols of its backends count. */
  readonly speaksHttp: boolean;
  /** By name of the gateway: backends that it sends to, or would but for broken TLS; as in `Service/shop/cart`. */
  readonly backendsByGateway: ReadonlyMap<string, ReadonlySet<string>>;
  readonly parents: readonly ParentStatus[];
}

/**
 * Compiles a route.
 *
 * @param losses listeners at which a route of another kind has its host names
 */
export function planRoute({ route, parents }: AttachedRoute, losses: Losses, lookups: Lookups): Planned<RoutePlan> {
  const settled = parents.map((parent) => withLosses(parent, losses));
  const variants = compileVariants(route, settled, lookups);
  const plan: RoutePlan = {
    resources: resourcesOf(route, settled, variants),
    attachedTo: [...new Set(settled.flatMap(attachmentsOf).map(({ listener }) => listener.fullName))],
    targets: new Map([...variants.values()].flatMap(({ references }) => [...references.targets])),
    speaksHttp: route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute',
    backendsByGateway: backendsByGateway(route, settled, variants),
    parents: settled.map((parent) => parentStatus(route, parent, variants)),
  };
  return { plan, findings: findingsOf(route, parents, settled, losses, variants) };
}

/** Takes away the listeners at which others have the host names. */
function withLosses(parent: RouteParent, losses: Losses): RouteParent {
  const attachments = attachmentsOf(parent);
  const kept = attachments.filter(({ listener }) => !losses.has(listener.fullName));
  if (kept.length === attachments.length) return parent;
  if (kept.length > 0) return { ...parent, outcome: kept };
  return { ...parent, outcome: { field: null, reason: 'HostnameConflict', message: lossesAt(parent, losses) } };
}

function lossesAt(parent: RouteParent, losses: Losses): string {
  const lost = attachmentsOf(parent).flatMap(({ listener }) => {
    const winner = losses.get(listener.fullName);
    return winner === undefined ? [] : [`${winner} at listener ${listener.name}`];
  });
  return `the same host names are those of ${lost.join(', ')}, and HTTP and gRPC routes cannot share any`;
}

function variantsAt(
  route: Route,
  parent: RouteParent,
  variants: ReadonlyMap<string, RouteVariant>,
): readonly RouteVariant[] {
  const titles = new Set(usesOf(route, parent).map(titleOfUse));
  return [...variants].flatMap(([title, variant]) => (titles.has(title) ? [variant] : []));
}

function backendsByGateway(
  route: Route,
  parents: readonly RouteParent[],
  variants: ReadonlyMap<string, RouteVariant>,
): ReadonlyMap<string, ReadonlySet<string>> {
  const backends = new Map<string, Set<string>>();
  for (const parent of parents) {
    if (parent.gateway === undefined) continue;
    const known = backends.get(parent.gateway.name) ?? new Set();
    for (const { references } of variantsAt(route, parent, variants))
      for (const backend of references.backends) known.add(backend);
    backends.set(parent.gateway.name, known);
  }
  return backends;
}

function parentStatus(route: Route, parent: RouteParent, variants: ReadonlyMap<string, RouteVariant>): ParentStatus {
  const { ref, outcome } = parent;
  const there = variantsAt(route, parent, variants);
  const judged = there.length > 0 ? there : [...variants.values()].slice(0, 1);
  const problems = distinct(judged.flatMap(({ references }): readonly Problem[] => references.problems));
  const conditions = [
    conditionOf('Accepted', 'reason' in outcome ? [outcome] : [], route.metadata),
    conditionOf('ResolvedRefs', problems, route.metadata),
  ];
  return { parentRef: ref, controllerName, conditions };
}

function findingsOf(
  { spec }: Route,
  declared: readonly RouteParent[],
  settled: readonly RouteParent[],
  losses: Losses,
  variants: ReadonlyMap<string, RouteVariant>,
): readonly Finding[] {
  const findings: Finding[] =
    spec.parentRefs.length === 0 ? [warning(['spec'], 'attaches to nothing', 'parentRefs with a Gateway')] : [];
  for (const [i, { path, outcome }] of settled.entries()) {
    const parent = declared[i] as RouteParent;
    if ('reason' in outcome)
      findings.push(error(outcome.field === null ? path : [...path, outcome.field], outcome.message));
    else if (outcome.length < attachmentsOf(parent).length) findings.push(warning(path, lossesAt(parent, losses)));
  }
  return [...findings, ...distinct([...variants.values()].flatMap(({ references }) => references.findings))];
}

/** Variants of one route mostly say the same. */
function distinct<T>(values: readonly T[]): readonly T[] {
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
}
