import { nothingToServe } from '#control/compile/compiler.ts';
import { isServiceRef } from '#control/compile/route/route-parents.ts';
import { formatDiagnostic, type Diagnostic } from '#model/diagnostic.ts';
import type { Declarations } from '../../declarations.ts';
import { AssumedMesh, isOfMesh } from './assumed-mesh.ts';
import { TRUST_DOMAIN } from './mesh-caller.ts';

/** Adds what is wrong with a folder in the mesh, and takes away what is wrong only where there is none. */
export function withMeshProblems(declarations: Declarations): readonly Diagnostic[] {
  const { diagnostics } = declarations;
  const known = new Set(diagnostics.map(formatDiagnostic));
  const found = new AssumedMesh(declarations, TRUST_DOMAIN).result.diagnostics;
  const isForMesh = isOfMesh(declarations) || hasMeshRoutes(declarations);
  return [
    ...diagnostics.filter(({ message }) => !isForMesh || message !== nothingToServe),
    ...found.filter((diagnostic) => !known.has(formatDiagnostic(diagnostic))),
  ];
}

function hasMeshRoutes({ loaded }: Declarations): boolean {
  return loaded.some(({ resource }) => {
    switch (resource.kind) {
      case 'HTTPRoute':
      case 'GRPCRoute':
      case 'TCPRoute':
      case 'TLSRoute':
        return resource.spec.parentRefs.some(isServiceRef);
      default:
        return false;
    }
  });
}
