import { selectsLabels } from '#model/label-selector.ts';
import type { Problem } from '../../status.ts';
import type { ListenerPlan } from '../gateway/listeners.ts';
import type { PlacedGateway, PlacedListener } from '../gateway/placement.ts';
import type { Lookups } from '../inventory.ts';
import { intersectHostnames } from './hostnames.ts';
import type { Route } from './route-kinds.ts';

export type DeclaredParentRef = Route['spec']['parentRefs'][number];

/** A listener that takes a route, and for which host names. */
export interface Attachment {
  readonly listener: PlacedListener;
  readonly hostnames: readonly string[];
}

/** Why a parent does not take a route, and at which field of the reference. */
export interface Refusal extends Problem {
  readonly field: 'kind' | 'name' | 'sectionName' | 'port' | null;
}

/**
 * Finds the listeners of a gateway that take a route. Whether they are programmed does not matter to this.
 *
 * The checks stand in the order of the standard's reasons: a reference that names no listener is not told that host
 * names do not fit.
 */
export function attach(
  route: Route,
  ref: DeclaredParentRef,
  gateway: PlacedGateway,
  lookups: Lookups,
): readonly Attachment[] | Refusal {
  const named = gateway.listeners.filter(
    ({ name, port }) =>
      (ref.sectionName === undefined || ref.sectionName === name) && (ref.port === undefined || ref.port === port),
  );
  if (named.length === 0) return noSuchListener(ref, gateway);
  const willing = named.filter((listener) => takes(listener, route, gateway, lookups));
  if (willing.length === 0) return notAllowed(named, route, gateway);
  const attachments = willing
    .map((listener) => ({ listener, hostnames: fittingHostnames(listener, route) }))
    .filter(({ hostnames }) => hostnames.length > 0);
  return attachments.length > 0 ? attachments : noMatchingHostname(willing, gateway);
}

/** A route without host names of its own takes what the listener gets, whose name has been compared by then. */
function fittingHostnames(listener: ListenerPlan, route: Route): readonly string[] {
  return route.kind === 'TCPRoute' ? ['*'] : intersectHostnames(listener.hostname, route.spec.hostnames);
}

function takes(listener: ListenerPlan, { kind, metadata }: Route, gateway: PlacedGateway, lookups: Lookups): boolean {
  if (!listener.routeKinds.includes(kind)) return false;
  const { from, selector } = listener.namespaces;
  if (from === 'All') return true;
  if (from === 'Same') return metadata.namespace === gateway.gateway.metadata.namespace;
  return selector !== undefined && selectsLabels(selector, namespaceLabels(metadata.namespace, lookups));
}

/** Every namespace has the label with its own name, declared or not, as in Kubernetes. */
function namespaceLabels(namespace: string, lookups: Lookups): Readonly<Record<string, string>> {
  const declared = lookups.find('Namespace', '', namespace)?.metadata.labels;
  return { ...declared, 'kubernetes.io/metadata.name': namespace };
}

function noSuchListener({ sectionName, port }: DeclaredParentRef, { name, listeners }: PlacedGateway): Refusal {
  const wanted = [
    sectionName === undefined ? '' : ` named ${sectionName}`,
    port === undefined ? '' : ` on port ${port}`,
  ].join('');
  const known = listeners.map((listener) => `${listener.name} on port ${listener.port}`).join(', ');
  const field = sectionName === undefined ? 'port' : 'sectionName';
  return { field, reason: 'NoMatchingParent', message: `Gateway ${name} has no listener${wanted}: it has ${known}` };
}

function notAllowed(listeners: readonly ListenerPlan[], { kind, metadata }: Route, { name }: PlacedGateway): Refusal {
  const names = listeners.map((listener) => listener.name).join(', ');
  const message = listeners.some(({ routeKinds }) => routeKinds.includes(kind))
    ? `allowedRoutes of Gateway ${name} does not let routes of namespace ${metadata.namespace} attach to ${names}`
    : `no ${kind} can attach to ${names} of Gateway ${name}`;
  return { field: null, reason: 'NotAllowedByListeners', message };
}

function noMatchingHostname(listeners: readonly ListenerPlan[], { name }: PlacedGateway): Refusal {
  const known = listeners.map((listener) => `${listener.name} is for ${listener.hostname}`).join(', ');
  return {
    field: null,
    reason: 'NoMatchingListenerHostname',
    message: `no host name of the route fits Gateway ${name}: ${known}`,
  };
}
