import type { Path } from '#model/field-path.ts';
import type { PlacedGateway } from '../gateway/placement.ts';
import type { Lookups } from '../inventory.ts';
import { attach, type Attachment, type DeclaredParentRef, type Refusal } from './attachment.ts';
import { gatewayGroup, type Route } from './route-kinds.ts';

/** A route at one of its parents. */
export interface RouteParent {
  readonly ref: DeclaredParentRef;
  /** Of the reference. */
  readonly path: Path;
  /** Undefined where there is none. */
  readonly gateway: PlacedGateway | undefined;
  readonly outcome: readonly Attachment[] | Refusal;
}

/** Where a route attaches, as far as the route by itself decides it. */
export interface AttachedRoute {
  readonly route: Route;
  /** Without those of other controllers: their status is theirs to write. */
  readonly parents: readonly RouteParent[];
}

/** Whether a reference means a Gateway. */
export function isGatewayRef({ group, kind }: DeclaredParentRef): boolean {
  return group === gatewayGroup && kind === 'Gateway';
}

/** Whether a reference means a Service: by it a route counts in the mesh, where it is judged. */
export function isServiceRef({ group, kind }: DeclaredParentRef): boolean {
  return group === '' && kind === 'Service';
}

/**
 * Attaches a route.
 *
 * @param gateways what each of its `parentRefs` leads to
 */
export function attachRoute(
  route: Route,
  gateways: readonly (PlacedGateway | undefined)[],
  lookups: Lookups,
): AttachedRoute {
  const parents: RouteParent[] = [];
  for (const [i, ref] of route.spec.parentRefs.entries()) {
    const gateway = gateways[i];
    if (gateway?.isOurs === false || isServiceRef(ref)) continue;
    const outcome = gateway === undefined ? refusalOf(route, ref) : attach(route, ref, gateway, lookups);
    parents.push({ ref, path: ['spec', 'parentRefs', i], gateway, outcome });
  }
  return { route, parents };
}

function refusalOf(route: Route, ref: DeclaredParentRef): Refusal {
  if (isGatewayRef(ref)) {
    const message = `Gateway ${ref.namespace ?? route.metadata.namespace}/${ref.name} is not declared`;
    return { field: 'name', reason: 'NoMatchingParent', message };
  }
  const message = `a ${ref.kind} of group ${ref.group || '""'} cannot be a parent: only a Gateway or a Service can`;
  return { field: 'kind', reason: 'InvalidKind', message };
}
