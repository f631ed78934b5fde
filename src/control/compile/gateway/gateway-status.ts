import { controllerName } from '#model/gateway-class.ts';
import type { ResourceOf } from '#model/resource.ts';
import {
  condition,
  conditionOf,
  type Condition,
  type ListenerStatus,
  type ObjectStatus,
  type Problem,
} from '../../status.ts';
import { gatewayGroup } from '../route/route-kinds.ts';
import { parametersMessage } from './gateways.ts';
import type { ListenerPlan } from './listeners.ts';
import type { PlacedGateway, PlacedListener } from './placement.ts';

/**
 * Says what became of a gateway.
 *
 * @param attachedRoutes how many accepted routes a listener has, by its full name
 */
export function gatewayStatus(placed: PlacedGateway, attachedRoutes: ReadonlyMap<string, number>): ObjectStatus {
  const { metadata } = placed.gateway;
  const listeners = placed.listeners.map((listener) =>
    listenerStatus(listener, placed, attachedRoutes.get(listener.fullName) ?? 0),
  );
  const conditions = [acceptance(placed), programming(placed), ...furtherConditions(placed)];
  const status = { kind: 'Gateway', namespace: metadata.namespace, name: metadata.name, conditions };
  return placed.isOurs ? { ...status, listeners } : status;
}

function acceptance({ gateway: { metadata }, refusals, listeners }: PlacedGateway): Condition {
  if (refusals.length > 0) return conditionOf('Accepted', refusals, metadata);
  const invalid = listeners.filter((listener) => !isValid(listener));
  if (invalid.length === 0) return conditionOf('Accepted', [], metadata);
  const message = `not valid: ${invalid.map(({ name }) => `listener ${name}`).join(', ')}`;
  const status = invalid.length === listeners.length ? 'False' : 'True';
  return condition('Accepted', status, { reason: 'ListenersNotValid', message }, metadata);
}

function isValid({ refusals, closures, conflicts, brokenReferences }: ListenerPlan): boolean {
  return refusals.length + closures.length + conflicts.length + brokenReferences.length === 0;
}

function programming({ gateway: { metadata }, refusals, listeners }: PlacedGateway): Condition {
  const isServing = listeners.some(({ resources }) => resources.length > 0);
  if (isServing) return conditionOf('Programmed', [], metadata);
  const message = refusals.length > 0 ? 'the gateway is not accepted' : 'no listener can be served';
  return conditionOf('Programmed', [{ reason: 'Invalid', message }], metadata);
}

/** Those that only some gateways have. */
function furtherConditions({
  gateway: { metadata },
  brokenReferences,
  letsUnverifiedClientsIn,
}: PlacedGateway): readonly Condition[] {
  const conditions: Condition[] = [];
  if (brokenReferences !== null) conditions.push(conditionOf('ResolvedRefs', brokenReferences, metadata));
  if (letsUnverifiedClientsIn) {
    const message = 'mode AllowInsecureFallback lets clients in whose certificate is missing or not valid';
    const why = { reason: 'ConfigurationChanged', message };
    conditions.push(condition('InsecureFrontendValidationMode', 'True', why, metadata));
  }
  return conditions;
}

function listenerStatus(
  listener: PlacedListener,
  { gateway: { metadata }, refusals }: PlacedGateway,
  attachedRoutes: number,
): ListenerStatus {
  const { conflicts, brokenReferences, resources } = listener;
  const notProgrammed: Problem[] =
    resources.length > 0 ? [] : [{ reason: 'Invalid', message: whyNotProgrammed(listener, refusals) }];
  return {
    name: listener.name,
    supportedKinds: listener.routeKinds.map((kind) => ({ group: gatewayGroup, kind })),
    attachedRoutes,
    conditions: [
      conditionOf('Accepted', [...listener.refusals, ...listener.closures, ...conflicts], metadata),
      conflicted(conflicts, metadata),
      conditionOf('ResolvedRefs', brokenReferences, metadata),
      conditionOf('Programmed', notProgrammed, metadata),
    ],
  };
}

function whyNotProgrammed({ refusals, closures, conflicts }: ListenerPlan, ofGateway: readonly Problem[]): string {
  if (ofGateway.length > 0) return 'the gateway is not accepted';
  return refusals.length + closures.length + conflicts.length > 0
    ? 'the listener is not accepted'
    : 'there is no usable certificate';
}

/** The one condition that is bad when true. */
function conflicted(conflicts: readonly Problem[], metadata: PlacedGateway['gateway']['metadata']): Condition {
  const [first] = conflicts;
  if (first === undefined) return condition('Conflicted', 'False', { reason: 'NoConflicts', message: '' }, metadata);
  return condition('Conflicted', 'True', first, metadata);
}

/** Says whether a class is run here; undefined for a class of another controller, whose status is not ours to write. */
export function gatewayClassStatus({ metadata, spec }: ResourceOf<'GatewayClass'>): ObjectStatus | undefined {
  if (spec.controllerName !== controllerName) return undefined;
  const problems =
    spec.parametersRef === undefined
      ? []
      : [{ reason: 'InvalidParameters', message: parametersMessage(spec.parametersRef) }];
  return {
    kind: 'GatewayClass',
    namespace: '',
    name: metadata.name,
    conditions: [conditionOf('Accepted', problems, metadata)],
  };
}
