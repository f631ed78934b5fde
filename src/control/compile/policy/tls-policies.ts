import type { ResourceOf } from '#model/resource.ts';
import { conditionOf, type Condition, type Problem } from '../../status.ts';
import { resolveAuthorities, type AuthorityHolder } from '../certificate/authorities.ts';
import { error, type Finding } from '../finding.ts';
import type { Lookups } from '../inventory.ts';
import { gatewayGroup } from '../route/route-kinds.ts';
import { acceptanceOf } from './policy-acceptance.ts';
import { ownGroup, policyTargetOf, type PolicyTarget } from './policy-target.ts';
import { mostSpecific, type RejectedPolicy } from './rejected-policies.ts';

export type BackendTLSPolicy = ResourceOf<'BackendTLSPolicy'>;
type TargetRef = BackendTLSPolicy['spec']['targetRefs'][number];

/** What became of a policy, whichever gateway it works for. */
export interface PolicyPlan {
  readonly policy: BackendTLSPolicy;
  readonly conditions: readonly Condition[];
  /** What it is about, as far as that can be. */
  readonly targets: readonly PolicyTarget[];
  readonly holders: readonly AuthorityHolder[];
  readonly findings: readonly Finding[];
}

/** Whose word a backend's certificate is taken on. */
export interface Trust {
  /** PEM; null for the authorities of the system. */
  readonly caCertificates: string | null;
  readonly holders: readonly AuthorityHolder[];
}

/**
 * Finds the policy for a port of a backend: one that names the port goes before one for all of them, then the older
 * goes first.
 *
 * @param portName undefined where the port has no name
 */
export function governingPolicy(
  target: PolicyTarget,
  portName: string | undefined,
  lookups: Lookups,
): BackendTLSPolicy | RejectedPolicy | undefined {
  const isFor = (policy: BackendTLSPolicy, section: string | undefined) => isAbout(policy, target, section);
  const rejected = lookups.rejectedFor('BackendTLSPolicy', target);
  return mostSpecific(lookups.tlsPoliciesFor(target), isFor, rejected, target, portName);
}

function isAbout({ metadata, spec }: BackendTLSPolicy, target: PolicyTarget, section: string | undefined): boolean {
  return spec.targetRefs.some((ref) => {
    const meant = policyTargetOf(ref, metadata.namespace);
    return meant?.kind === target.kind && meant.name === target.name && ref.sectionName === section;
  });
}

/** Finds whom a policy trusts; a problem where that is nobody, and nothing must be sent. */
export function trustOf(policy: BackendTLSPolicy, lookups: Lookups): Trust | Problem {
  const { wellKnownCACertificates } = policy.spec.validation;
  if (wellKnownCACertificates === 'System') return { caCertificates: null, holders: [] };
  if (wellKnownCACertificates !== undefined)
    return { reason: 'Invalid', message: `the certificates ${wellKnownCACertificates} are not known` };
  const { certificates, holders } = authoritiesOf(policy, lookups);
  if (certificates === '') return { reason: 'NoValidCACertificate', message: 'no CA certificate can be used' };
  return { caCertificates: certificates, holders };
}

function authoritiesOf({ metadata, spec }: BackendTLSPolicy, lookups: Lookups) {
  const from = { group: gatewayGroup, kind: 'BackendTLSPolicy', namespace: metadata.namespace };
  return resolveAuthorities(spec.validation.caCertificateRefs, from, 'InvalidKind', lookups);
}

/** Judges a policy. */
export function planPolicy(policy: BackendTLSPolicy, lookups: Lookups): PolicyPlan {
  const { metadata, spec } = policy;
  const findings: Finding[] = [];
  const targets: PolicyTarget[] = [];
  const misses: Problem[] = [];
  for (const [i, ref] of spec.targetRefs.entries()) {
    const target = policyTargetOf(ref, metadata.namespace);
    if (target !== undefined) targets.push(target);
    const miss = target === undefined ? unusableTarget(ref) : missOf(policy, target, ref.sectionName, lookups);
    if (miss === undefined) continue;
    misses.push(miss);
    // What the kind alone shows was said of the document already.
    if (target !== undefined) findings.push(error(['spec', 'targetRefs', i], miss.message));
  }
  const { broken } = authoritiesOf(policy, lookups);
  for (const [i, { reason, message }] of broken) {
    if (reason !== 'InvalidKind') findings.push(error(['spec', 'validation', 'caCertificateRefs', i], message));
  }
  const trust = trustOf(policy, lookups);
  const faults = 'reason' in trust ? [trust] : [];
  const conditions = [
    acceptanceOf(policy, faults, misses),
    conditionOf('ResolvedRefs', [...broken.values()], metadata),
  ];
  return { policy, conditions, targets, holders: 'reason' in trust ? [] : trust.holders, findings };
}

function unusableTarget({ group, kind }: TargetRef): Problem {
  const named = group === '' ? kind : `${kind} of group ${group}`;
  return {
    reason: 'Invalid',
    message: `cannot be about a ${named}: only about a Service, or a Backend of ${ownGroup}`,
  };
}

/** Why a policy does not work for one of its targets. */
function missOf(
  policy: BackendTLSPolicy,
  target: PolicyTarget,
  section: string | undefined,
  lookups: Lookups,
): Problem | undefined {
  const title = `${target.kind} ${target.namespace}/${target.name}`;
  const declared = lookups.find(target.kind, target.namespace, target.name);
  if (declared === undefined) return { reason: 'TargetNotFound', message: `${title} is not declared` };
  const ports = declared.kind === 'Service' ? declared.spec.ports : [];
  if (section !== undefined && !ports.some(({ name }) => name === section))
    return { reason: 'TargetNotFound', message: `${title} has no port named ${section}` };
  if (declared.kind === 'Backend' && declared.spec.tls !== undefined)
    return { reason: 'Conflicted', message: `${title} says itself how TLS is spoken to it, in spec.tls` };
  const first = lookups.tlsPoliciesFor(target).find((other) => isAbout(other, target, section));
  if (first === policy || first === undefined) return undefined;
  const { namespace, name } = first.metadata;
  return { reason: 'Conflicted', message: `BackendTLSPolicy ${namespace}/${name} for ${title} goes before this one` };
}
