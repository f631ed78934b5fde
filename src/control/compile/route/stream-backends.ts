import type { ResourceOf } from '#model/resource.ts';
import type { BackendRef } from '#model/snapshot/http-route.ts';
import type { RouteReferences } from './route-references.ts';

/** Compiles where connections go. The standard has exactly one rule in such a route, and no match in it. */
export function compileStreamBackends(
  { spec }: ResourceOf<'TLSRoute' | 'TCPRoute'>,
  references: RouteReferences,
): readonly BackendRef[] {
  return spec.rules.flatMap(({ backendRefs }, i) =>
    backendRefs.map((ref, j) => ({
      cluster: references.resolve(ref, ['spec', 'rules', i, 'backendRefs', j]),
      weight: ref.weight,
      filters: [],
    })),
  );
}
