import type { Path } from '#model/field-path.ts';
import type { HttpRouteRule } from '#model/snapshot/http-route.ts';
import type { Problem } from '../../../status.ts';
import type { ClusterTarget } from '../../backend/backends.ts';
import { error, warning, type Finding } from '../../finding.ts';
import { compareText, createdAtMs, type Lookups } from '../../inventory.ts';
import type { Refusal } from '../../route/attachment.ts';
import { usualUse } from '../../route/backend-use.ts';
import { gatewayGroup, type Route } from '../../route/route-kinds.ts';
import { RouteReferences } from '../../route/route-references.ts';
import { compileContent, type RouteContent } from '../../route/route-variants.ts';
import { routePoliciesOf } from '../mesh-authorization.ts';
import { speechlessness } from './backend-protocols.ts';
import { attachInMesh, isOfRequests, type MeshParent } from './mesh-parents.ts';

/** A route whose parents are Services, before it is known for whose requests it counts. */
export interface MeshRoutePlan {
  readonly route: Route;
  readonly content: RouteContent;
  /** The Services among its parents. */
  readonly parents: readonly MeshParent[];
  /** Ports of Services that it attaches to, as in `mesh/shop/cart:80`, with the namespace of each Service. */
  readonly places: ReadonlyMap<string, string>;
  /** What it sends requests to, by the name of the cluster. */
  readonly targets: ReadonlyMap<string, ClusterTarget>;
  /** Of its references to backends and filters. */
  readonly problems: readonly Problem[];
  /** What else is to be said of it where it is accepted. */
  readonly notes: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Compiles a route of the mesh.
 *
 * @returns undefined where no Service is among its parents
 * @see https://gateway-api.sigs.k8s.io/mesh/ (GAMMA)
 */
export function planMeshRoute(route: Route, lookups: Lookups): MeshRoutePlan | undefined {
  const parents = attachInMesh(route, lookups);
  if (parents.length === 0) return undefined;
  const places = new Map<string, string>();
  const findings: Finding[] = [];
  for (const { path, outcome } of parents) {
    if ('reason' in outcome) findings.push(refusalFinding(outcome, path));
    else for (const place of outcome.places) places.set(place, outcome.namespace);
  }
  if (isOfRequests(route.kind) && 'hostnames' in route.spec && route.spec.hostnames.length > 0)
    findings.push(warning(['spec', 'hostnames'], 'has no effect at a Service: its requests are told by its own names'));
  const from = { group: gatewayGroup, kind: route.kind, namespace: route.metadata.namespace };
  const refusalOf = (target: ClusterTarget) => speechlessness(route.kind, target, lookups);
  const references = new RouteReferences(from, usualUse(route.kind), lookups, null, refusalOf);
  const compiled = compileContent(route, references);
  const { content, findings: closures } = closedWherePolicies(compiled, route, lookups);
  const { targets, problems } = references;
  const notes = closures.map(({ message }) => message);
  findings.push(...closures, ...references.findings);
  return { route, content, parents, places, targets, problems, notes, findings };
}

/** A Service that is not there may be served any moment, by a workload that joins: nobody need declare it. */
function refusalFinding({ field, message }: Refusal, path: Path): Finding {
  const place = field === null ? path : [...path, field];
  return field === 'name' ? warning(place, message) : error(place, message);
}

/** The caller's own sidecar is no judge of the caller: what a policy of the route is for is refused, never let pass. */
function closedWherePolicies(
  content: RouteContent,
  route: Route,
  lookups: Lookups,
): { readonly content: RouteContent; readonly findings: readonly Finding[] } {
  const findings: Finding[] = [];
  if (content.type !== 'http-route') return { content, findings };
  const rules = content.rules.map((rule, i): HttpRouteRule => {
    const { refusing, audits } = routePoliciesOf(route, i, lookups);
    const place: Path = ['spec', 'rules', i];
    if (audits.length > 0)
      findings.push(warning(place, `${audits.join(', ')} records nothing: ${CANNOT_JUDGE}`, ADVICE));
    if (refusing.length === 0) return rule;
    findings.push(error(place, `rule ${rule.name} answers every request with 500: ${CANNOT_JUDGE}`, ADVICE));
    return { ...rule, filters: [{ type: 'Invalid', reason: CANNOT_JUDGE }, ...rule.filters] };
  });
  return { content: { ...content, rules }, findings };
}

const CANNOT_JUDGE = 'an AuthorizationPolicy for a route in the mesh cannot be enforced';
const ADVICE = 'a policy for the Service';

/** Apart from what the same object comes to at gateways. */
export function routeName({ kind, metadata: { namespace, name } }: Route): string {
  return `${kind}/${namespace}/${name}#mesh`;
}

/** The older first, and among equals the first by name, whatever the kind. */
export function bySeniority({ route: a }: MeshRoutePlan, { route: b }: MeshRoutePlan): number {
  return createdAtMs(a) - createdAtMs(b) || compareText(placeOf(a), placeOf(b)) || compareText(a.kind, b.kind);
}

function placeOf({ metadata }: Route): string {
  return `${metadata.namespace}/${metadata.name}`;
}
