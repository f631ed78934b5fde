import type { ResourceOf } from '#model/resource.ts';
import type { AuthorizationResource, AuthorizationRule } from '#model/snapshot/authorization.ts';
import type { FilterSpec } from '#model/snapshot/http-route.ts';
import type { Lookups } from '../inventory.ts';
import type { Route } from '../route/route-kinds.ts';
import { authorizationLevels, nameOfRejected } from '../policy/authorization-levels.ts';
import { compileAuthorization, compileRejected } from '../policy/authorization-resource.ts';
import { versioned } from '../version.ts';
import type { LiveWorkload } from './live-workload.ts';
import { portOf } from './mesh-endpoints.ts';
import { meshProtocolOf } from './mesh-protocol.ts';

type Service = ResourceOf<'Service'>;

/** What protects a workload: the policies of the Service that it serves. */
export interface MeshProtection {
  /** Of every port. */
  readonly filters: readonly FilterSpec[];
  readonly policies: readonly AuthorizationResource[];
}

const NOTHING: MeshProtection = { filters: [], policies: [] };

/**
 * Compiles the policies of a Service for the sidecar of a workload that serves it. What that hop cannot judge it refuses.
 */
export function meshProtection(workload: LiveWorkload, service: Service, lookups: Lookups): MeshProtection {
  const { namespace, name } = service.metadata;
  const target = { kind: 'Service', namespace, name } as const;
  const levels = authorizationLevels(target, undefined, lookups);
  if (levels.length === 0) return NOTHING;
  const valid = lookups.authorizationPoliciesFor(target).map(compileAuthorization);
  const rejected = lookups.rejectedFor('AuthorizationPolicy', target);
  const byName = new Map([
    ...valid.map((policy) => [policy.name, policyAt(policy, workload, service)] as const),
    ...rejected.map((policy) => [nameOfRejected(policy), compileRejected(policy)] as const),
  ]);
  // A policy that is missing refuses as well, but does not say why.
  const policies = levels.flat().flatMap((policy) => byName.get(policy) ?? []);
  return { filters: [{ type: 'Authorization', levels }], policies };
}

/** Policies that a rule of a route is under, which nobody in the mesh can judge. */
export interface RoutePolicies {
  /** Those whose requests must not pass unjudged. */
  readonly refusing: readonly string[];
  /** Those that would only have recorded something. */
  readonly audits: readonly string[];
}

/** Finds the policies that are for a rule of a route, by the rule's place. */
export function routePoliciesOf(route: Route, index: number, lookups: Lookups): RoutePolicies {
  const { kind, spec } = route;
  if (kind !== 'HTTPRoute' && kind !== 'GRPCRoute') return { refusing: [], audits: [] };
  const target = { kind, namespace: route.metadata.namespace, name: route.metadata.name };
  const names = authorizationLevels(target, spec.rules[index]?.name, lookups).flat();
  const isAudit = new Set(
    lookups
      .authorizationPoliciesFor(target)
      .filter((policy) => policy.spec.action === 'AUDIT')
      .map((policy) => compileAuthorization(policy).name),
  );
  return { refusing: names.filter((name) => !isAudit.has(name)), audits: names.filter((name) => isAudit.has(name)) };
}

/** Why a policy for a Service cannot be judged beside some of the workloads that serve it, each reason once. */
export function faultsOf(
  policy: ResourceOf<'AuthorizationPolicy'>,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  workloads: readonly LiveWorkload[],
  lookups: Lookups,
): readonly string[] {
  const service = lookups.find('Service', namespace, name);
  if (service === undefined) return [];
  const compiled = compileAuthorization(policy);
  return [...new Set(workloads.flatMap((workload) => faultAt(compiled, workload, service) ?? []))];
}

/** A sidecar sees the ports of its application, where a policy has those of the Service. */
function policyAt(policy: AuthorizationResource, workload: LiveWorkload, service: Service): AuthorizationResource {
  const fault = faultAt(policy, workload, service);
  const { version: _, ...content } = policy;
  if (fault !== undefined) return versioned<AuthorizationResource>({ ...content, fault });
  return versioned<AuthorizationResource>({
    ...content,
    rules: policy.rules.map((rule) => ruleAt(rule, workload, service)),
  });
}

function ruleAt(rule: AuthorizationRule, workload: LiveWorkload, service: Service): AuthorizationRule {
  return {
    ...rule,
    to: rule.to.map((conditions) =>
      conditions.map((condition) =>
        condition.attribute === 'port'
          ? { ...condition, values: condition.values.map((port) => String(applicationPort(port, workload, service))) }
          : condition,
      ),
    ),
  };
}

/** @returns why the policy cannot be judged beside the application */
function faultAt({ rules }: AuthorizationResource, workload: LiveWorkload, service: Service): string | undefined {
  const conditions = rules.flatMap(({ to }) => to.flat());
  const unclear = conditions
    .filter(({ attribute }) => attribute === 'port')
    .flatMap(({ values }) => values)
    .find((port) => applicationPort(port, workload, service) === undefined);
  if (unclear !== undefined)
    return `port ${unclear} of Service ${service.metadata.name} is not the only one that leads to its port of the workload`;
  const hasBytes = service.spec.ports.some((port) => meshProtocolOf(port) === 'tcp');
  const ofRequests = conditions.find(({ attribute }) => attribute !== 'port');
  if (hasBytes && ofRequests !== undefined)
    return `Service ${service.metadata.name} has ports that speak no HTTP, and a rule goes by the ${ofRequests.attribute} of requests`;
  return undefined;
}

/** @returns undefined where several ports of the Service lead there, which the sidecar could not tell apart */
function applicationPort(text: string, workload: LiveWorkload, { spec }: Service): number | undefined {
  const ports = spec.ports.filter(({ protocol }) => protocol === 'TCP');
  const declared = ports.find(({ port }) => String(port) === text);
  const own = declared === undefined ? undefined : portOf(workload, declared);
  if (own === undefined) return undefined;
  return ports.filter((port) => portOf(workload, port) === own).length === 1 ? own : undefined;
}
