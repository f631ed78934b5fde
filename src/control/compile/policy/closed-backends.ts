import type { Lookups } from '../inventory.ts';
import type { PolicyTarget } from './policy-target.ts';
import type { Closure, RejectedPolicy } from './rejected-policies.ts';
import { governingPolicy } from './tls-policies.ts';

/** Finds what nothing is sent to because of a rejected policy. */
export function backendsClosedBy(policy: RejectedPolicy, lookups: Lookups): readonly Closure[] {
  return policy.targets.flatMap((target) => {
    const { kind, namespace, name } = target;
    if (kind !== 'Service' && kind !== 'Backend') return [];
    const backend = { kind, namespace, name };
    const doors = doorsOf(backend, lookups);
    const closed = doors.filter(({ portName }) => governingPolicy(backend, portName, lookups) === policy);
    if (closed.length === 0) return [];
    const ports = closed.length === doors.length ? '' : `port ${closed.map(({ title }) => title).join(', ')} of `;
    return [{ target, outcome: `nothing is sent to ${ports}${kind} ${namespace}/${name}` }];
  });
}

interface Door {
  readonly portName: string | undefined;
  readonly title: string;
}

/** Where TLS could be spoken on the word of a policy: at each port of a Service. */
function doorsOf({ kind, namespace, name }: PolicyTarget, lookups: Lookups): readonly Door[] {
  const declared = lookups.find(kind, namespace, name);
  if (declared === undefined) return [];
  if (declared.kind === 'Backend') return declared.spec.tls === undefined ? [{ portName: undefined, title: '' }] : [];
  return declared.spec.ports
    .filter(({ protocol }) => protocol === 'TCP')
    .map(({ name: portName, port }) => ({ portName, title: portName ?? String(port) }));
}
