import { controllerName } from '#model/gateway-class.ts';
import type { ResourceOf } from '#model/resource.ts';
import { conditionOf, condition, type AncestorStatus, type Condition, type ObjectStatus } from '../../status.ts';
import type { Inventory, Lookups } from '../inventory.ts';
import { planAuthorization, refusedBecauseOf } from '../policy/authorization-policies.ts';
import { backendsClosedBy } from '../policy/closed-backends.ts';
import { planPeerAuthentication, strictBecauseOf } from '../policy/peer-authentications.ts';
import type { RejectedPolicy } from '../policy/rejected-policies.ts';
import { planPolicy } from '../policy/tls-policies.ts';
import { isServiceRef } from '../route/route-parents.ts';
import type { LiveWorkload } from './live-workload.ts';
import { faultsOf } from './mesh-authorization.ts';
import { isInMesh } from './mesh-services.ts';
import { lossMessage, type PlaceLosses } from './route/contests.ts';
import type { MeshParent } from './route/mesh-parents.ts';
import type { MeshRoutePlan } from './route/mesh-routes.ts';

type AuthorizationPolicy = ResourceOf<'AuthorizationPolicy'>;

/** What statuses of the mesh are made from. */
export interface MeshState {
  readonly plans: readonly MeshRoutePlan[];
  readonly losses: ReadonlyMap<MeshRoutePlan, PlaceLosses>;
  /** The workloads of each Service, as in `shop/cart`. */
  readonly serving: ReadonlyMap<string, readonly LiveWorkload[]>;
  readonly inventory: Inventory;
}

/** Says what became of routes at Services, and of policies for Services. */
export function meshStatuses({ plans, losses, serving, inventory }: MeshState): readonly ObjectStatus[] {
  return [
    ...plans.map((plan) => routeStatus(plan, losses.get(plan) ?? new Map())),
    ...inventory.all('AuthorizationPolicy').flatMap((policy) => authorizationStatus(policy, serving, inventory)),
    ...inventory.all('BackendTLSPolicy').flatMap((policy) => {
      const { targets, conditions } = planPolicy(policy, inventory);
      const ancestors = targets.flatMap((target) => atService(target, conditions, inventory));
      return statusOf(policy, conditions, ancestors);
    }),
    ...inventory.all('PeerAuthentication').flatMap((policy) => {
      const { conditions } = planPeerAuthentication(policy, inventory);
      const { namespace } = policy.metadata;
      const names = new Set(policy.spec.targetRefs.map(({ name }) => name));
      const ancestors = [...names].flatMap((name) =>
        atService({ kind: 'Service', namespace, name }, conditions, inventory),
      );
      return statusOf(policy, conditions, ancestors);
    }),
    ...inventory.rejected.flatMap((policy) => rejectedStatus(policy, inventory)),
  ];
}

function routeStatus(plan: MeshRoutePlan, losses: PlaceLosses): ObjectStatus {
  const { kind, metadata } = plan.route;
  const parents = plan.parents.map((parent) => ({
    parentRef: parent.ref,
    controllerName,
    conditions: [acceptance(plan, parent, losses), conditionOf('ResolvedRefs', plan.problems, metadata)],
  }));
  return { kind, namespace: metadata.namespace, name: metadata.name, conditions: [], parents };
}

function acceptance(
  { route: { metadata }, notes }: MeshRoutePlan,
  { outcome }: MeshParent,
  losses: PlaceLosses,
): Condition {
  if ('reason' in outcome) return conditionOf('Accepted', [outcome], metadata);
  const lost = new Map([...losses].filter(([place]) => outcome.places.includes(place)));
  const said = [...(lost.size > 0 ? [lossMessage(lost)] : []), ...notes];
  const message = said.join('; ');
  if (lost.size === outcome.places.length)
    return conditionOf('Accepted', [{ reason: 'Conflicted', message }], metadata);
  return condition('Accepted', 'True', { reason: 'Accepted', message }, metadata);
}

function authorizationStatus(
  policy: AuthorizationPolicy,
  serving: MeshState['serving'],
  lookups: Lookups,
): readonly ObjectStatus[] {
  const { metadata, spec } = policy;
  const { conditions } = planAuthorization(policy, lookups);
  const ancestors = spec.targetRefs.flatMap(({ kind, name }): readonly AncestorStatus[] => {
    const target = { kind, namespace: metadata.namespace, name };
    if (kind === 'Service') {
      const faults = faultsOf(policy, target, serving.get(`${target.namespace}/${name}`) ?? [], lookups);
      return atService(target, faults.length === 0 ? conditions : [refused(policy, faults)], lookups);
    }
    return kind === 'Gateway' ? [] : atRoute(policy, lookups.find(kind, target.namespace, name));
  });
  return statusOf(policy, conditions, ancestors);
}

/** The caller's sidecar is no judge of its own application, and the called one cannot know which route was taken. */
function atRoute(
  policy: AuthorizationPolicy,
  route: ResourceOf<'HTTPRoute' | 'GRPCRoute'> | undefined,
): readonly AncestorStatus[] {
  const parents = route?.spec.parentRefs.filter(isServiceRef) ?? [];
  return parents.map((ref) => {
    const namespace = ref.namespace ?? policy.metadata.namespace;
    const message = `routes of Service ${namespace}/${ref.name} cannot be judged: write the policy for the Service`;
    return serviceAncestor(namespace, ref.name, [refused(policy, [message])]);
  });
}

function refused({ metadata, spec }: AuthorizationPolicy, faults: readonly string[]): Condition {
  const outcome = spec.action === 'AUDIT' ? 'nothing is recorded' : 'all requests are refused';
  return conditionOf('Accepted', [{ reason: 'Invalid', message: `${outcome}: ${faults.join('; ')}` }], metadata);
}

function rejectedStatus(policy: RejectedPolicy, lookups: Lookups): readonly ObjectStatus[] {
  const { kind, source } = policy;
  const { namespace, name, message } = source;
  if (namespace === undefined || name === undefined) return [];
  const closures = [backendsClosedBy, refusedBecauseOf, strictBecauseOf].flatMap((find) => find(policy, lookups));
  const said = [message, ...new Set(closures.map(({ outcome }) => outcome))].join('; ');
  const conditions = [conditionOf('Accepted', [{ reason: 'Invalid', message: said }], {})];
  const ancestors = closures.flatMap(({ target }) => atService(target, conditions, lookups));
  return statusOf({ kind, metadata: { namespace, name } }, conditions, ancestors);
}

interface Target {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** @returns nothing for what is no Service in the mesh */
function atService(
  { kind, namespace, name }: Target,
  conditions: readonly Condition[],
  lookups: Lookups,
): readonly AncestorStatus[] {
  const service = kind === 'Service' ? lookups.find('Service', namespace, name) : undefined;
  return service === undefined || !isInMesh(service) ? [] : [serviceAncestor(namespace, name, conditions)];
}

function serviceAncestor(namespace: string, name: string, conditions: readonly Condition[]): AncestorStatus {
  return { ancestorRef: { group: '', kind: 'Service', namespace, name }, controllerName, conditions };
}

/** @returns nothing of what the mesh has no part in */
function statusOf(
  {
    kind,
    metadata,
  }: { readonly kind: string; readonly metadata: { readonly namespace: string; readonly name: string } },
  conditions: readonly Condition[],
  ancestors: readonly AncestorStatus[],
): readonly ObjectStatus[] {
  if (ancestors.length === 0) return [];
  const { namespace, name } = metadata;
  // What works nowhere does not work.
  const own = ancestors.every((ancestor) => isRefused(ancestor.conditions)) ? ancestors[0]!.conditions : conditions;
  // A Service may be the target twice, by a policy for it and for a route of it.
  const byService = new Map(ancestors.map((ancestor) => [JSON.stringify(ancestor), ancestor]));
  return [{ kind, namespace, name, conditions: own, ancestors: [...byService.values()] }];
}

function isRefused(conditions: readonly Condition[]): boolean {
  return conditions.some(({ status }) => status === 'False');
}
