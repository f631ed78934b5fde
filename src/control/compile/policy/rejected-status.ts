import { conditionOf, type ObjectStatus } from '../../status.ts';
import { warning, type Finding } from '../finding.ts';
import { gatewaysOf, policyStatus, type GatewaysByBackend } from './policy-status.ts';
import type { Closure, RejectedPolicy, SecuredTarget } from './rejected-policies.ts';

/** Says at a rejected policy's place what it closes, and what it may have been meant to. */
export function findingsOfRejected(
  { kind, targets, source }: RejectedPolicy,
  closures: readonly Closure[],
): readonly Finding[] {
  const findings = closures.map(({ target, outcome }) => warning(target.path, `${outcome} until this policy is valid`));
  if (kind === 'Mesh') return findings;
  if (source.namesAllTargets && source.namespace !== undefined) return findings;
  const others = targets.length > 0 ? 'not all that it is for can be made out' : 'what it is for cannot be made out';
  return [...findings, warning(['spec'], `${others}: a ${kind} protects nothing there until it is valid`)];
}

/** Says what became of a rejected policy, also at each gateway that feels it; undefined for one without a name. */
export function statusOfRejected(
  { kind, source: { namespace, name, message } }: RejectedPolicy,
  closures: readonly Closure[],
  gatewaysByBackend: GatewaysByBackend,
): ObjectStatus | undefined {
  if (namespace === undefined || name === undefined) return undefined;
  const said = [message, ...new Set(closures.map(({ outcome }) => outcome))].join('; ');
  // What generation is broken is not known: the document could not be read that far.
  const conditions = [conditionOf('Accepted', [{ reason: 'Invalid', message: said }], {})];
  const gateways = closures.flatMap(({ target }) => gatewaysAt(target, gatewaysByBackend));
  return policyStatus({ policy: { kind, metadata: { namespace, name } }, conditions }, gateways);
}

function gatewaysAt({ kind, namespace, name }: SecuredTarget, gatewaysByBackend: GatewaysByBackend): readonly string[] {
  if (kind === 'Gateway') return [`${namespace}/${name}`];
  if (kind !== 'Service' && kind !== 'Backend') return [];
  return gatewaysOf({ targets: [{ kind, namespace, name }] }, gatewaysByBackend);
}
