import type { Path } from '#model/field-path.ts';
import type { ResourceOf } from '#model/resource.ts';
import type { BackendRef } from '#model/snapshot/http-route.ts';
import { warning } from '../finding.ts';
import type { RouteReferences } from './route-references.ts';

/** Compiles where connections go. The standard has exactly one rule in such a route, and no match in it. */
export function compileStreamBackends(
  { spec }: ResourceOf<'TLSRoute' | 'TCPRoute'>,
  references: RouteReferences,
): readonly BackendRef[] {
  return spec.rules.flatMap(({ backendRefs }, i) =>
    backendRefs.map((ref, j) => ({
      cluster: resolve(ref, ['spec', 'rules', i, 'backendRefs', j], references),
      weight: ref.weight,
      filters: [],
    })),
  );
}

type StreamBackendRef = ResourceOf<'TLSRoute' | 'TCPRoute'>['spec']['rules'][number]['backendRefs'][number];

/** What is passed on as it is shows no policy what is asked for: to send it on would be to ignore the policy. */
function resolve(ref: StreamBackendRef, path: Path, references: RouteReferences): string | null {
  const cluster = references.resolve(ref, path);
  const policies = references.protection?.levelsOfBackend(ref).flat() ?? [];
  if (policies.length === 0) return cluster;
  const message = `connections are closed: ${policies.join(', ')} cannot judge connections that are passed on as they are`;
  references.findings.push(warning(path, message));
  return null;
}
