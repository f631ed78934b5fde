import { isDeepStrictEqual } from 'node:util';
import type { CertificateResource } from '#model/snapshot/certificate.ts';
import type { ListenerResource, ListenerTls } from '#model/snapshot/listener.ts';
import type { Problem } from '../../status.ts';
import { error, type Finding } from '../finding.ts';
import { compareText, createdAtMs } from '../inventory.ts';
import { versioned } from '../version.ts';
import { covers } from './addresses.ts';
import type { GatewayPlan } from './gateways.ts';
import type { ListenerPlan, Planned } from './listeners.ts';

/** A gateway among the others. */
export interface PlacedGateway extends GatewayPlan {
  readonly listeners: readonly PlacedListener[];
}

export interface PlacedListener extends ListenerPlan {
  /** One for each address; empty while the listener is not programmed. */
  readonly resources: readonly ListenerResource[];
}

/** Problems of listeners with those of other gateways, by the listener's full name. */
export type Collisions = ReadonlyMap<string, Problem>;

interface Claim {
  readonly address: string;
  readonly listener: ListenerPlan;
}

/**
 * Finds listeners that want what a listener of another gateway has. One process serves all gateways, so two of them
 * may share a port only as two listeners of one gateway may. The older gateway keeps what it has; among equals the
 * first by name does, as the Gateway API settles all such contests.
 */
export function findCollisions(plans: readonly GatewayPlan[]): Collisions {
  const collisions = new Map<string, Problem>();
  const claimsByPort = new Map<number, Claim[]>();
  for (const plan of plans.filter(isServed).toSorted(bySeniority)) {
    const own: Claim[] = [];
    for (const listener of plan.listeners.filter(isSound)) {
      const claims = claimsByPort.get(listener.port) ?? [];
      const problem = plan.addresses
        .map((address) => collisionOf(address, listener, claims))
        .find((found) => found !== undefined);
      if (problem !== undefined) collisions.set(listener.fullName, problem);
      else own.push(...plan.addresses.map((address) => ({ address, listener })));
    }
    // Only now: listeners of one gateway have been judged against each other already.
    for (const claim of own)
      claimsByPort.set(claim.listener.port, [...(claimsByPort.get(claim.listener.port) ?? []), claim]);
  }
  return collisions;
}

function collisionOf(
  address: string,
  { port, protocol, hostname, settings }: ListenerPlan,
  claims: readonly Claim[],
): Problem | undefined {
  for (const claim of claims) {
    const { fullName } = claim.listener;
    if (claim.address !== address) {
      if (!covers(claim.address, address) && !covers(address, claim.address)) continue;
      const message = `port ${port} is taken by listener ${fullName} on ${nameOf(claim.address)}, which overlaps ${nameOf(address)}`;
      return { reason: 'PortUnavailable', message };
    }
    if (claim.listener.protocol !== protocol) {
      return {
        reason: 'ProtocolConflict',
        message: `port ${port} speaks ${claim.listener.protocol} for the older listener ${fullName}`,
      };
    }
    if (!isDeepStrictEqual(claim.listener.settings.proxyProtocol, settings.proxyProtocol)) {
      // The header comes before anything that tells the two apart.
      const message = `port ${port} reads the PROXY protocol in another way for the older listener ${fullName}`;
      return { reason: 'ProtocolConflict', message };
    }
    if (claim.listener.hostname === hostname) {
      return {
        reason: 'HostnameConflict',
        message: `the older listener ${fullName} has the same port ${port} and host name`,
      };
    }
  }
  return undefined;
}

function nameOf(address: string): string {
  return address === '' ? 'all addresses' : address;
}

function isServed({ isOurs, refusals }: GatewayPlan): boolean {
  return isOurs && refusals.length === 0;
}

/** Listeners that fail by themselves take nothing from others; those that a policy closes keep their place. */
function isSound({ refusals, conflicts }: ListenerPlan): boolean {
  return refusals.length === 0 && conflicts.length === 0;
}

function bySeniority(a: GatewayPlan, b: GatewayPlan): number {
  return createdAtMs(a.gateway) - createdAtMs(b.gateway) || compareText(a.name, b.name);
}

/** Puts a gateway among the others: what is left of it becomes resources. */
export function placeGateway(plan: GatewayPlan, collisions: Collisions): Planned<PlacedGateway> {
  const findings: Finding[] = [];
  const listeners = plan.listeners.map((listener, i): PlacedListener => {
    const collision = collisions.get(listener.fullName);
    if (collision !== undefined) findings.push(error(['spec', 'listeners', i, 'port'], collision.message));
    const judged = withCollision(listener, collision);
    return { ...judged, resources: isProgrammable(plan, judged) ? resourcesOf(plan, judged) : [] };
  });
  return { plan: { ...plan, listeners }, findings };
}

function withCollision(listener: ListenerPlan, collision: Problem | undefined): ListenerPlan {
  if (collision === undefined) return listener;
  if (collision.reason === 'PortUnavailable') return { ...listener, refusals: [...listener.refusals, collision] };
  return { ...listener, conflicts: [...listener.conflicts, collision] };
}

/** With one usable certificate of several it still serves; with none it must not. */
function isProgrammable(plan: GatewayPlan, listener: ListenerPlan): boolean {
  if (listener.closures.length > 0) return false;
  return isServed(plan) && isSound(listener) && (!listener.decrypts || listener.certificates.length > 0);
}

function resourcesOf({ name, addresses }: GatewayPlan, listener: ListenerPlan): readonly ListenerResource[] {
  return addresses.map((address, i) =>
    versioned<ListenerResource>({
      type: 'listener',
      // The first keeps the plain name, so that a second address does not rename it.
      name: i === 0 ? listener.fullName : `${listener.fullName}@${address}`,
      gateway: name,
      address,
      port: listener.port,
      protocol: listener.protocol ?? 'HTTP',
      hostname: listener.hostname,
      tls: listener.decrypts ? tlsOf(listener) : null,
      proxyProtocol: listener.settings.proxyProtocol,
      limits: listener.settings.limits,
      ...(listener.authorization.length > 0 && { authorization: listener.authorization }),
    }),
  );
}

function tlsOf({ minTlsVersion, certificates, clientValidation }: ListenerPlan): ListenerTls {
  return { minVersion: minTlsVersion, certificates: certificates.map(({ name }) => name), clientValidation };
}

/** The certificates of all listeners that are programmed. */
export function certificatesOf({ listeners }: PlacedGateway): readonly CertificateResource[] {
  return listeners.flatMap(({ resources, certificates }) => (resources.length > 0 ? certificates : []));
}
