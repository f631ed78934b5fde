import { parseDurationMs } from '#model/duration.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { ListenerLimits, ProxyProtocolReading } from '#model/snapshot/listener.ts';
import type { Condition, Problem } from '../../status.ts';
import { error, type Finding } from '../finding.ts';
import type { Lookups } from '../inventory.ts';
import { acceptanceOf } from '../policy/policy-acceptance.ts';

export type ClientTrafficPolicy = ResourceOf<'ClientTrafficPolicy'>;
type Gateway = ResourceOf<'Gateway'>;
type DeclaredListener = Gateway['spec']['listeners'][number];

/** How the clients of one listener are dealt with. */
export interface ClientSettings {
  readonly proxyProtocol: ProxyProtocolReading | null;
  readonly limits: ListenerLimits | null;
}

/** What became of a policy. */
export interface ClientPolicyPlan {
  readonly policy: ClientTrafficPolicy;
  readonly conditions: readonly Condition[];
  /** Those that it works for, as in `shop/edge`. */
  readonly gateways: readonly string[];
  readonly findings: readonly Finding[];
}

/** Finds how the clients of a listener are dealt with. */
export function clientSettings(gateway: Gateway, listener: DeclaredListener, lookups: Lookups): ClientSettings {
  const own = governing(gateway, listener, lookups);
  const reading = readingPolicy(gateway, listener.port, lookups)?.spec.proxyProtocol;
  return {
    proxyProtocol:
      reading === undefined
        ? null
        : { mode: reading.mode === 'Required' ? 'required' : 'optional', trusted: reading.trusted },
    limits: own === undefined ? null : limitsOf(own),
  };
}

/** A policy for the listener goes before one for its gateway, then the older goes first. */
function governing(gateway: Gateway, { name }: DeclaredListener, lookups: Lookups): ClientTrafficPolicy | undefined {
  const policies = policiesFor(gateway, lookups);
  return (
    policies.find((policy) => isAbout(policy, gateway, name)) ??
    policies.find((policy) => isAbout(policy, gateway, undefined))
  );
}

/**
 * Finds the policy that says how the PROXY protocol is read on a port. The header comes before anything that tells its
 * listeners apart, so that what is declared for one of them is for all.
 */
function readingPolicy(gateway: Gateway, port: number, lookups: Lookups): ClientTrafficPolicy | undefined {
  const listeners = gateway.spec.listeners.filter((listener) => listener.port === port);
  const governed = new Set(listeners.map((listener) => governing(gateway, listener, lookups)));
  return policiesFor(gateway, lookups).find(
    (policy) => policy.spec.proxyProtocol !== undefined && governed.has(policy),
  );
}

/** Those for a gateway or a listener of it, the one that goes before others first. */
export function policiesFor({ metadata }: Gateway, lookups: Lookups): readonly ClientTrafficPolicy[] {
  return lookups.clientPoliciesFor(metadata.namespace, metadata.name);
}

/** Tells whether a policy names a listener, or the gateway as a whole where none is given. */
export function isAbout({ spec }: ClientTrafficPolicy, { metadata }: Gateway, section: string | undefined): boolean {
  return spec.targetRefs.some(({ name, sectionName }) => name === metadata.name && sectionName === section);
}

function limitsOf({ spec: { timeout, limits, http1, http2 } }: ClientTrafficPolicy): ListenerLimits {
  return {
    idleTimeoutMs: parseDurationMs(timeout.http.idleTimeout),
    headTimeoutMs: parseDurationMs(timeout.http.headTimeout),
    streamIdleTimeoutMs: parseDurationMs(timeout.http.streamIdleTimeout),
    tcpIdleTimeoutMs: parseDurationMs(timeout.tcp.idleTimeout),
    fieldBytes: limits.headerBytes,
    fieldCount: limits.headerCount,
    targetBytes: limits.targetBytes,
    methodBytes: http1.methodBytes,
    chunkExtensionBytes: http1.chunkExtensionBytes,
    concurrentStreams: http2.maxConcurrentStreams,
    streamWindowBytes: http2.initialStreamWindowBytes,
    connectionWindowBytes: http2.initialConnectionWindowBytes,
  };
}

/** Judges a policy. */
export function planClientPolicy(policy: ClientTrafficPolicy, lookups: Lookups): ClientPolicyPlan {
  const { metadata, spec } = policy;
  const findings: Finding[] = [];
  const misses: Problem[] = [];
  const gateways = new Set<string>();
  for (const [i, { name, sectionName }] of spec.targetRefs.entries()) {
    const gateway = lookups.find('Gateway', metadata.namespace, name);
    const miss =
      gateway === undefined ? absent(`${metadata.namespace}/${name}`) : missOf(policy, gateway, sectionName, lookups);
    if (gateway !== undefined) gateways.add(`${metadata.namespace}/${name}`);
    if (miss === undefined) continue;
    misses.push(miss);
    findings.push(error(['spec', 'targetRefs', i], miss.message));
  }
  return { policy, conditions: [acceptanceOf(policy, [], misses)], gateways: [...gateways], findings };
}

function absent(gateway: string): Problem {
  return { reason: 'TargetNotFound', message: `Gateway ${gateway} is not declared` };
}

/** Why a policy does not work for one of its targets. */
function missOf(
  policy: ClientTrafficPolicy,
  gateway: Gateway,
  section: string | undefined,
  lookups: Lookups,
): Problem | undefined {
  const title = `Gateway ${gateway.metadata.namespace}/${gateway.metadata.name}`;
  const listeners = gateway.spec.listeners.filter(({ name }) => section === undefined || section === name);
  if (listeners.length === 0) return { reason: 'TargetNotFound', message: `${title} has no listener named ${section}` };
  const first = policiesFor(gateway, lookups).find((other) => isAbout(other, gateway, section));
  if (first !== undefined && first !== policy)
    return { reason: 'Conflicted', message: `${titleOf(first)} for ${title} goes before this one` };
  for (const { port } of listeners.filter((listener) => governing(gateway, listener, lookups) === policy)) {
    const reading = readingPolicy(gateway, port, lookups);
    if (policy.spec.proxyProtocol === undefined || reading === undefined || reading === policy) continue;
    const message = `${titleOf(reading)} says how the PROXY protocol is read on port ${port}, and goes before this one, whose other settings count`;
    return { reason: 'Conflicted', message };
  }
  return undefined;
}

function titleOf({ metadata }: ClientTrafficPolicy): string {
  return `ClientTrafficPolicy ${metadata.namespace}/${metadata.name}`;
}
