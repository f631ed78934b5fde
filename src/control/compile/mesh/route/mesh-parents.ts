import type { Path } from '#model/field-path.ts';
import type { ResourceOf } from '#model/resource.ts';
import { meshListenerName } from '#model/snapshot/mesh-service.ts';
import type { Lookups } from '../../inventory.ts';
import type { DeclaredParentRef, Refusal } from '../../route/attachment.ts';
import type { Route, RouteKind } from '../../route/route-kinds.ts';
import { isServiceRef } from '../../route/route-parents.ts';
import { meshProtocolOf } from '../mesh-protocol.ts';

/** A route at one of the Services that it names as parents. */
export interface MeshParent {
  readonly ref: DeclaredParentRef;
  /** Of the reference. */
  readonly path: Path;
  readonly outcome: MeshPlaces | Refusal;
}

/** Ports of a Service that take a route. */
export interface MeshPlaces {
  /** Of the Service. */
  readonly namespace: string;
  /** As in `mesh/shop/cart:80`. */
  readonly places: readonly string[];
}

type ServicePort = ResourceOf<'Service'>['spec']['ports'][number];

/** Whether a route of this kind is about requests, or about connections that are passed on as they are. */
export function isOfRequests(kind: RouteKind): boolean {
  return kind === 'HTTPRoute' || kind === 'GRPCRoute';
}

/** Attaches a route to the Services among its parents. */
export function attachInMesh(route: Route, lookups: Lookups): readonly MeshParent[] {
  return route.spec.parentRefs.flatMap((ref, i) =>
    isServiceRef(ref) ? [{ ref, path: ['spec', 'parentRefs', i], outcome: attachToService(route, ref, lookups) }] : [],
  );
}

function attachToService(route: Route, ref: DeclaredParentRef, lookups: Lookups): MeshPlaces | Refusal {
  const namespace = ref.namespace ?? route.metadata.namespace;
  const title = `Service ${namespace}/${ref.name}`;
  const service = lookups.find('Service', namespace, ref.name);
  if (service === undefined) return refusal('name', `${title} is neither declared nor served by a workload`);
  if (service.spec.type === 'ExternalName')
    return refusal('name', `${title} is of type ExternalName: nobody serves it`);
  const named = service.spec.ports.filter(
    ({ port, name, protocol }) =>
      protocol === 'TCP' &&
      (ref.port === undefined || ref.port === port) &&
      (ref.sectionName === undefined || ref.sectionName === name),
  );
  const field = ref.sectionName === undefined ? 'port' : 'sectionName';
  if (named.length === 0) return refusal(field, `${title} has no such TCP port`);
  const fitting = named.filter((port) => isOfRequests(route.kind) === (meshProtocolOf(port) !== 'tcp'));
  if (fitting.length === 0) return refusal(field, wrongProtocol(title, route.kind, named));
  return { namespace, places: fitting.map(({ port }) => meshListenerName(`${namespace}/${ref.name}`, port)) };
}

/** A route of requests on a port of bytes would never see one, and the reverse would pass requests by policies. */
function wrongProtocol(title: string, kind: RouteKind, ports: readonly ServicePort[]): string {
  const numbers = ports.map(({ port }) => port).join(', ');
  return isOfRequests(kind)
    ? `no ${kind} can attach to port ${numbers} of ${title}, which carries bytes as they are: declare appProtocol http there`
    : `no ${kind} can attach to port ${numbers} of ${title}, which speaks HTTP: declare appProtocol tcp there`;
}

function refusal(field: Refusal['field'], message: string): Refusal {
  return { field, reason: 'NoMatchingParent', message };
}
