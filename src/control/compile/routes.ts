import { controllerName } from '#model/gateway-class.ts';
import type { Path } from '#model/field-path.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { HttpRouteResource, RouteAttachment } from '#model/snapshot/http-route.ts';
import { conditionOf, type ParentStatus } from '../status.ts';
import { attach, type Attachment, type DeclaredParentRef, type Refusal } from './attachment.ts';
import type { ClusterTarget } from './backends.ts';
import { error, warning, type Finding } from './finding.ts';
import type { Lookups } from './inventory.ts';
import { gatewayGroup, type Planned } from './listeners.ts';
import type { PlacedGateway } from './placement.ts';
import { RouteReferences } from './route-references.ts';
import { compileRules } from './route-rules.ts';
import { versioned } from './version.ts';

type HTTPRoute = ResourceOf<'HTTPRoute'>;

/** What a route comes to. */
export interface RoutePlan {
  /** Undefined while no programmed listener takes the route. */
  readonly resource: HttpRouteResource | undefined;
  /** Full names of the listeners that take it, programmed or not. */
  readonly attachedTo: readonly string[];
  /** What the resource sends requests to. */
  readonly targets: ReadonlyMap<string, ClusterTarget>;
  readonly parents: readonly ParentStatus[];
}

/** Whether a reference means a Gateway. */
export function isGatewayRef({ group, kind }: DeclaredParentRef): boolean {
  return group === gatewayGroup && kind === 'Gateway';
}

/**
 * Compiles a route.
 *
 * @param gateways what each of its `parentRefs` leads to
 */
export function planRoute(
  route: HTTPRoute,
  gateways: readonly (PlacedGateway | undefined)[],
  lookups: Lookups,
): Planned<RoutePlan> {
  const { metadata, spec } = route;
  const references = new RouteReferences(
    { group: gatewayGroup, kind: 'HTTPRoute', namespace: metadata.namespace },
    lookups,
  );
  const rules = compileRules(spec.rules, references);
  const findings: Finding[] =
    spec.parentRefs.length === 0 ? [warning(['spec'], 'attaches to nothing', 'parentRefs with a Gateway')] : [];
  const attachments: Attachment[] = [];
  const parents: ParentStatus[] = [];
  for (const [i, ref] of spec.parentRefs.entries()) {
    const gateway = gateways[i];
    // Another controller's gateway is another controller's business, its status included.
    if (gateway?.isOurs === false) continue;
    const outcome = attachTo(route, ref, gateway, lookups);
    const refusals = 'reason' in outcome ? [outcome] : [];
    if ('reason' in outcome) findings.push(refused(outcome, ['spec', 'parentRefs', i]));
    else attachments.push(...outcome);
    const conditions = [
      conditionOf('Accepted', refusals, metadata),
      conditionOf('ResolvedRefs', references.problems, metadata),
    ];
    parents.push({ parentRef: ref, controllerName, conditions });
  }
  const places = placesOf(attachments);
  const resource =
    places.length === 0
      ? undefined
      : versioned<HttpRouteResource>({
          type: 'http-route',
          name: `${metadata.namespace}/${metadata.name}`,
          createdAtMs: Date.parse(metadata.creationTimestamp ?? '') || 0,
          attachments: places,
          rules,
        });
  const attachedTo = [...new Set(attachments.map(({ listener }) => listener.fullName))];
  const plan = { resource, attachedTo, targets: references.targets, parents };
  return { plan, findings: [...findings, ...references.findings] };
}

function attachTo(
  route: HTTPRoute,
  ref: DeclaredParentRef,
  gateway: PlacedGateway | undefined,
  lookups: Lookups,
): readonly Attachment[] | Refusal {
  if (gateway !== undefined) return attach(route, ref, gateway, lookups);
  if (isGatewayRef(ref)) {
    const message = `Gateway ${ref.namespace ?? route.metadata.namespace}/${ref.name} is not declared`;
    return { field: 'name', reason: 'NoMatchingParent', message };
  }
  const isService = ref.group === '' && ref.kind === 'Service';
  const message = isService
    ? 'routes of the mesh, with a Service as parent, are not supported yet'
    : `a ${ref.kind} of group ${ref.group || '""'} cannot be a parent: only a Gateway can`;
  return { field: 'kind', reason: isService ? 'UnsupportedValue' : 'InvalidKind', message };
}

function refused({ field, message }: Refusal, path: Path): Finding {
  return error(field === null ? path : [...path, field], message);
}

/** Several references may lead to one listener: it gets the host names of all, once. */
function placesOf(attachments: readonly Attachment[]): readonly RouteAttachment[] {
  const hostnames = new Map<string, Set<string>>();
  for (const { listener, hostnames: fitting } of attachments) {
    for (const { name } of listener.resources) {
      const known = hostnames.get(name) ?? new Set();
      for (const hostname of fitting) known.add(hostname);
      hostnames.set(name, known);
    }
  }
  return [...hostnames].map(([listener, fitting]) => ({ listener, hostnames: [...fitting] }));
}
