import type { Resource } from '#model/resource.ts';
import type { AuthorizationResource } from '#model/snapshot/authorization.ts';
import type { Condition, Problem } from '../../status.ts';
import { error, warning, type Finding } from '../finding.ts';
import type { Lookups } from '../inventory.ts';
import { isGatewayRef } from '../route/route-parents.ts';
import { compileAuthorization, type AuthorizationPolicy } from './authorization-resource.ts';
import { isJudgedBySidecars } from './judging-hop.ts';
import { acceptanceOf } from './policy-acceptance.ts';
import { backendKey } from './policy-target.ts';
import type { GatewaysByBackend } from './policy-status.ts';
import type { Closure, RejectedPolicy } from './rejected-policies.ts';

type TargetRef = AuthorizationPolicy['spec']['targetRefs'][number];

/** What became of a policy. */
export interface AuthorizationPlan {
  readonly policy: AuthorizationPolicy;
  readonly conditions: readonly Condition[];
  /** Empty where nothing that it is for is declared. */
  readonly resources: readonly AuthorizationResource[];
  /** Those that it works at because of what they or their routes are, as in `shop/edge`. */
  readonly gateways: readonly string[];
  /** Services that it protects at the gateways that send to them, as in `Service/shop/cart`. */
  readonly services: readonly string[];
  readonly findings: readonly Finding[];
}

/** Judges and compiles a policy. */
export function planAuthorization(policy: AuthorizationPolicy, lookups: Lookups): AuthorizationPlan {
  const { metadata, spec } = policy;
  const findings: Finding[] = [];
  const misses: Problem[] = [];
  const gateways = new Set<string>();
  for (const [i, ref] of spec.targetRefs.entries()) {
    const target = lookups.find(ref.kind, metadata.namespace, ref.name);
    const miss = missOf(ref, metadata.namespace, target);
    if (target !== undefined) for (const gateway of gatewaysOfTarget(target)) gateways.add(gateway);
    if (miss === undefined) continue;
    misses.push(miss);
    findings.push(error(['spec', 'targetRefs', i], miss.message));
  }
  findings.push(...identitiesNobodyShows(policy, [...gateways], lookups));
  return {
    policy,
    conditions: [acceptanceOf(policy, [], misses)],
    resources: misses.length === spec.targetRefs.length ? [] : [compileAuthorization(policy)],
    gateways: [...gateways],
    services: spec.targetRefs.flatMap(({ kind, name }) =>
      kind === 'Service' && !isJudgedBySidecars(metadata.namespace, name, lookups)
        ? [backendKey({ kind, namespace: metadata.namespace, name })]
        : [],
    ),
    findings,
  };
}

/** Tells at which gateways a policy works. */
export function gatewaysUnder(plan: AuthorizationPlan, gatewaysByBackend: GatewaysByBackend): readonly string[] {
  return [...plan.gateways, ...plan.services.flatMap((service) => [...(gatewaysByBackend.get(service) ?? [])])];
}

/** Why a policy does not work for one of its targets. */
function missOf(ref: TargetRef, namespace: string, target: Resource | undefined): Problem | undefined {
  const { kind, name, sectionName } = ref;
  const title = `${kind} ${namespace}/${name}`;
  if (target === undefined) return { reason: 'TargetNotFound', message: `${title} is not declared` };
  if (sectionName === undefined || sectionsOf(target).includes(sectionName)) return undefined;
  const what = kind === 'Gateway' ? 'listener' : 'rule';
  return { reason: 'TargetNotFound', message: `${title} has no ${what} named ${sectionName}` };
}

function sectionsOf(target: Resource): readonly string[] {
  if (target.kind === 'Gateway') return target.spec.listeners.map(({ name }) => name);
  if (target.kind !== 'HTTPRoute' && target.kind !== 'GRPCRoute') return [];
  return target.spec.rules.flatMap(({ name }) => name ?? []);
}

function gatewaysOfTarget(target: Resource): readonly string[] {
  if (target.kind === 'Gateway') return [`${target.metadata.namespace}/${target.metadata.name}`];
  if (target.kind !== 'HTTPRoute' && target.kind !== 'GRPCRoute') return [];
  return target.spec.parentRefs
    .filter(isGatewayRef)
    .map(({ namespace, name }) => `${namespace ?? target.metadata.namespace}/${name}`);
}

const identityFields = [
  'principals',
  'notPrincipals',
  'namespaces',
  'notNamespaces',
  'serviceAccounts',
  'notServiceAccounts',
] as const;

/** Warns of rules by identity where no client is ever asked for a certificate. */
function identitiesNobodyShows(
  { spec }: AuthorizationPolicy,
  gateways: readonly string[],
  lookups: Lookups,
): Finding[] {
  const declared = gateways.flatMap((gateway) => {
    const [namespace = '', name = ''] = gateway.split('/');
    return lookups.find('Gateway', namespace, name) ?? [];
  });
  if (declared.length === 0 || declared.some((gateway) => gateway.spec.tls?.frontend !== undefined)) return [];
  return spec.rules.flatMap(({ from = [] }, i) =>
    from.flatMap((source, j) =>
      identityFields
        .filter((field) => source[field] !== undefined)
        .map((field) => {
          const message = `no client shows who it is: Gateway ${gateways.join(', ')} asks none for a certificate`;
          return warning(['spec', 'rules', i, 'from', j, field], message, 'spec.tls.frontend in the Gateway');
        }),
    ),
  );
}

/** Finds what is refused because of a rejected policy. */
export function refusedBecauseOf({ kind, targets }: RejectedPolicy, lookups: Lookups): readonly Closure[] {
  if (kind !== 'AuthorizationPolicy') return [];
  return targets.flatMap((target) => {
    const found = lookups.find(target.kind, target.namespace, target.name);
    const section = target.sectionName;
    if (found === undefined || (section !== undefined && !sectionsOf(found).includes(section))) return [];
    const part = section === undefined ? '' : `${found.kind === 'Gateway' ? 'listener' : 'rule'} ${section} of `;
    return [
      { target, outcome: `all requests to ${part}${target.kind} ${target.namespace}/${target.name} are refused` },
    ];
  });
}
