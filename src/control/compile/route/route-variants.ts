import type { BackendRef, HttpRouteResource, HttpRouteRule, RouteAttachment } from '#model/snapshot/http-route.ts';
import type { StreamRouteResource } from '#model/snapshot/stream-route.ts';
import type { BackendUse } from '../backend/backends.ts';
import { RouteProtection } from '../policy/authorization-levels.ts';
import { createdAtMs, type Lookups } from '../inventory.ts';
import { versioned } from '../version.ts';
import type { Attachment } from './attachment.ts';
import { compareUses, titleOfUse, useOf, usualUse } from './backend-use.ts';
import { compileGrpcRules } from './grpc-rules.ts';
import { gatewayGroup, type Route } from './route-kinds.ts';
import type { RouteParent } from './route-parents.ts';
import { RouteReferences } from './route-references.ts';
import { compileRules } from './route-rules.ts';
import { compileStreamBackends } from './stream-backends.ts';

export type RouteResource = HttpRouteResource | StreamRouteResource;

/**
 * What a route does for one use of its backends. Nearly every route has one: more come from gateways that show backends
 * different certificates, and from listeners of which some end TLS and others pass it on.
 */
export interface RouteVariant {
  readonly use: BackendUse;
  readonly content: RouteContent;
  readonly references: RouteReferences;
}

/** What a route resource says of its requests or connections. */
export type RouteContent =
  | { readonly type: 'http-route'; readonly rules: readonly HttpRouteRule[] }
  | { readonly type: 'stream-route'; readonly backends: readonly BackendRef[] };

/** The listeners that take a route by one of its references. */
export function attachmentsOf({ outcome }: RouteParent): readonly Attachment[] {
  return 'reason' in outcome ? [] : outcome;
}

/** All variants of a route, at least one; by {@link titleOfUse}, in the order in which they are named. */
export function compileVariants(
  route: Route,
  parents: readonly RouteParent[],
  lookups: Lookups,
): ReadonlyMap<string, RouteVariant> {
  const uses = parents.flatMap((parent) => usesOf(route, parent));
  const wanted = uses.length > 0 ? uses : [usualUse(route.kind)];
  const { namespace, name } = route.metadata;
  const from = { group: gatewayGroup, kind: route.kind, namespace };
  const protection = new RouteProtection({ kind: route.kind, namespace, name }, lookups);
  const variants = new Map<string, RouteVariant>();
  for (const use of wanted.toSorted(compareUses)) {
    const title = titleOfUse(use);
    if (variants.has(title)) continue;
    const references = new RouteReferences(from, use, lookups, protection);
    variants.set(title, { use, content: compileContent(route, references), references });
  }
  return variants;
}

/** What a route sends to its backends from the listeners of one parent. */
export function usesOf(route: Route, parent: RouteParent): readonly BackendUse[] {
  const { gateway } = parent;
  return gateway === undefined ? [] : attachmentsOf(parent).map((attachment) => useOf(route.kind, attachment, gateway));
}

/** Compiles the rules of a route. */
export function compileContent(route: Route, references: RouteReferences): RouteContent {
  switch (route.kind) {
    case 'HTTPRoute':
      return { type: 'http-route', rules: compileRules(route.spec.rules, references) };
    case 'GRPCRoute':
      return { type: 'http-route', rules: compileGrpcRules(route.spec.rules, references) };
    default:
      return { type: 'stream-route', backends: compileStreamBackends(route, references) };
  }
}

/** One resource for all variants that come to the same; none for what no programmed listener takes. */
export function resourcesOf(
  route: Route,
  parents: readonly RouteParent[],
  variants: ReadonlyMap<string, RouteVariant>,
): readonly RouteResource[] {
  const placesByTitle = new Map<string, Attachment[]>();
  for (const parent of parents) {
    const attachments = attachmentsOf(parent);
    for (const [i, use] of usesOf(route, parent).entries()) {
      const title = titleOfUse(use);
      placesByTitle.set(title, [...(placesByTitle.get(title) ?? []), attachments[i] as Attachment]);
    }
  }
  const groups = Map.groupBy(variants.values(), ({ content }) => (variants.size === 1 ? '' : JSON.stringify(content)));
  return [...groups.values()].flatMap((group, i) => {
    const [first] = group as [RouteVariant];
    const places = placesOf(group.flatMap(({ use }) => placesByTitle.get(titleOfUse(use)) ?? []));
    // The first keeps the plain name, which is nearly always all there is.
    const suffix = i === 0 ? '' : `#${titleOfUse(first.use)}`;
    return places.length === 0 ? [] : [resourceOf(route, suffix, places, first.content)];
  });
}

function resourceOf(
  { kind, metadata }: Route,
  suffix: string,
  attachments: readonly RouteAttachment[],
  { type, ...content }: RouteContent,
): RouteResource {
  return versioned<RouteResource>({
    type,
    name: `${kind}/${metadata.namespace}/${metadata.name}${suffix}`,
    createdAtMs: createdAtMs({ metadata }),
    attachments,
    ...content,
  });
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
