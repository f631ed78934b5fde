import type { ResourceOf } from '#model/resource.ts';
import type { Lookups } from '../inventory.ts';
import { mostSpecific, type Closure, type RejectedPolicy } from '../policy/rejected-policies.ts';
import { isAbout, policiesFor, type ClientTrafficPolicy } from './client-policies.ts';

type Gateway = ResourceOf<'Gateway'>;
type DeclaredListener = Gateway['spec']['listeners'][number];

/**
 * Finds the rejected policy that keeps a port of a gateway closed: it may say how the PROXY protocol is read there, which
 * comes before anything that tells the port's listeners apart, and no valid policy for one of them says it.
 */
export function closingPolicy(gateway: Gateway, port: number, lookups: Lookups): RejectedPolicy | undefined {
  const found = gateway.spec.listeners
    .filter((listener) => listener.port === port)
    .map((listener) => governing(gateway, listener, lookups));
  const isRead = found.some(
    (policy) => policy !== undefined && !('isRejected' in policy) && policy.spec.proxyProtocol !== undefined,
  );
  if (isRead) return undefined;
  return found.find((policy) => policy !== undefined && 'isRejected' in policy);
}

function governing(
  gateway: Gateway,
  { name }: DeclaredListener,
  lookups: Lookups,
): ClientTrafficPolicy | RejectedPolicy | undefined {
  const target = { kind: 'Gateway', namespace: gateway.metadata.namespace, name: gateway.metadata.name } as const;
  const isFor = (policy: ClientTrafficPolicy, section: string | undefined) => isAbout(policy, gateway, section);
  const rejected = lookups.rejectedFor('ClientTrafficPolicy', target);
  return mostSpecific(policiesFor(gateway, lookups), isFor, rejected, target, name);
}

/** Finds the listeners that stay closed because of a rejected policy. */
export function listenersClosedBy(policy: RejectedPolicy, lookups: Lookups): readonly Closure[] {
  return policy.targets.flatMap((target) => {
    if (target.kind !== 'Gateway') return [];
    const gateway = lookups.find('Gateway', target.namespace, target.name);
    if (gateway === undefined) return [];
    const closed = gateway.spec.listeners.filter(({ port }) => closingPolicy(gateway, port, lookups) === policy);
    if (closed.length === 0) return [];
    const listeners = `listener${closed.length === 1 ? '' : 's'} ${closed.map(({ name }) => name).join(', ')}`;
    const verb = closed.length === 1 ? 'stays' : 'stay';
    const title = `Gateway ${target.namespace}/${target.name}`;
    return [{ target, outcome: `${listeners} of ${title} ${verb} closed` }];
  });
}
