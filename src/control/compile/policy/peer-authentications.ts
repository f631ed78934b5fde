import type { ResourceOf } from '#model/resource.ts';
import type { WorkloadPort } from '#model/snapshot/workload.ts';
import type { Condition, Problem } from '../../status.ts';
import { error, warning, type Finding } from '../finding.ts';
import type { Lookups } from '../inventory.ts';
import { meshProtocolOf } from '../mesh/mesh-protocol.ts';
import { acceptanceOf } from './policy-acceptance.ts';
import { mostSpecific, type Closure, type RejectedPolicy } from './rejected-policies.ts';

export type PeerAuthentication = ResourceOf<'PeerAuthentication'>;
type Service = ResourceOf<'Service'>;
type TargetRef = PeerAuthentication['spec']['targetRefs'][number];

/** What a port takes of callers that show no identity. */
export type PeerSettings = Pick<WorkloadPort, 'mtls' | 'exemptPaths'>;

/** What became of a policy. */
export interface PeerAuthenticationPlan {
  readonly policy: PeerAuthentication;
  readonly conditions: readonly Condition[];
  readonly findings: readonly Finding[];
}

/** Nobody without an identity, as long as it is not known what was meant. */
const CLOSED: PeerSettings = Object.freeze({ mtls: 'STRICT', exemptPaths: [] });

/**
 * Finds what one port of an application takes of callers that show no identity.
 *
 * A sidecar sees the ports of its application, where a policy has those of the Service. Of several that lead to one port
 * of the application, those with a policy of their own decide, and of these the strictest.
 *
 * @param portNames of the Service's ports that lead there; undefined for one without a name
 * @param byDefault where no policy says how callers show who they are
 */
export function peerSettings(
  service: Service,
  portNames: readonly (string | undefined)[],
  byDefault: PeerSettings['mtls'],
  lookups: Lookups,
): PeerSettings {
  const general = governing(service, undefined, lookups);
  const own = new Set(portNames.map((name) => governing(service, name, lookups)));
  own.delete(general);
  const policies = own.size > 0 ? [...own] : [general];
  return policies.map((policy) => settingsOf(policy, byDefault)).reduce(strictest);
}

function governing(
  { metadata }: Service,
  portName: string | undefined,
  lookups: Lookups,
): PeerAuthentication | RejectedPolicy | undefined {
  const target = { kind: 'Service', namespace: metadata.namespace, name: metadata.name } as const;
  const valid = lookups.peerAuthenticationsFor(target.namespace, target.name);
  const rejected = lookups.rejectedFor('PeerAuthentication', target);
  return mostSpecific(valid, (policy, section) => isAbout(policy, target.name, section), rejected, target, portName);
}

function isAbout({ spec }: PeerAuthentication, service: string, section: string | undefined): boolean {
  return spec.targetRefs.some(({ name, sectionName }) => name === service && sectionName === section);
}

function settingsOf(
  policy: PeerAuthentication | RejectedPolicy | undefined,
  byDefault: PeerSettings['mtls'],
): PeerSettings {
  if (policy === undefined) return { mtls: byDefault, exemptPaths: [] };
  if ('isRejected' in policy) return CLOSED;
  return { mtls: policy.spec.mtls?.mode ?? byDefault, exemptPaths: policy.spec.exemptPaths };
}

function strictest(a: PeerSettings, b: PeerSettings): PeerSettings {
  return {
    mtls: a.mtls === 'STRICT' ? a.mtls : b.mtls,
    exemptPaths: a.exemptPaths.filter((path) => b.exemptPaths.includes(path)),
  };
}

/** Judges a policy. */
export function planPeerAuthentication(policy: PeerAuthentication, lookups: Lookups): PeerAuthenticationPlan {
  const { metadata, spec } = policy;
  const findings: Finding[] = [];
  const misses: Problem[] = [];
  for (const [i, ref] of spec.targetRefs.entries()) {
    const service = lookups.find('Service', metadata.namespace, ref.name);
    const miss = missOf(policy, ref, service, lookups);
    if (miss !== undefined) {
      misses.push(miss);
      findings.push(error(['spec', 'targetRefs', i], miss.message));
    } else if (spec.exemptPaths.length > 0 && portsOf(service, ref).every((port) => meshProtocolOf(port) === 'tcp'))
      findings.push(warning(['spec', 'exemptPaths'], `has no effect at ${titleOf(policy, ref)}, which speaks no HTTP`));
  }
  return { policy, conditions: [acceptanceOf(policy, [], misses)], findings };
}

/** Why a policy does not work for one of its targets. */
function missOf(
  policy: PeerAuthentication,
  ref: TargetRef,
  service: Service | undefined,
  lookups: Lookups,
): Problem | undefined {
  const { namespace } = policy.metadata;
  const title = `Service ${namespace}/${ref.name}`;
  if (service === undefined) return { reason: 'TargetNotFound', message: `${title} is not declared` };
  if (ref.sectionName !== undefined && portsOf(service, ref).length === 0)
    return { reason: 'TargetNotFound', message: `${title} has no TCP port named ${ref.sectionName}` };
  const first = lookups
    .peerAuthenticationsFor(namespace, ref.name)
    .find((other) => isAbout(other, ref.name, ref.sectionName));
  if (first === policy || first === undefined) return undefined;
  const message = `PeerAuthentication ${namespace}/${first.metadata.name} for ${titleOf(policy, ref)} goes before this one`;
  return { reason: 'Conflicted', message };
}

function portsOf(service: Service | undefined, { sectionName }: TargetRef): Service['spec']['ports'] {
  return (service?.spec.ports ?? []).filter(
    ({ protocol, name }) => protocol === 'TCP' && (sectionName === undefined || name === sectionName),
  );
}

function titleOf({ metadata }: PeerAuthentication, { name, sectionName }: TargetRef): string {
  return `${sectionName === undefined ? '' : `port ${sectionName} of `}Service ${metadata.namespace}/${name}`;
}

/** Finds where callers must show who they are because of a rejected policy. */
export function strictBecauseOf({ kind, targets }: RejectedPolicy, lookups: Lookups): readonly Closure[] {
  if (kind !== 'PeerAuthentication') return [];
  return targets.flatMap((target) => {
    const { namespace, name, sectionName } = target;
    const service = lookups.find('Service', namespace, name);
    if (service === undefined) return [];
    const part = sectionName === undefined ? '' : `port ${sectionName} of `;
    const outcome = `no caller without an identity is served at ${part}Service ${namespace}/${name}`;
    return [{ target, outcome }];
  });
}
