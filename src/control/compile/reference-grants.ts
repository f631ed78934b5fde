import type { Lookups } from './inventory.ts';

/** The object that refers. */
export interface Referrer {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

/** The object that is referred to. */
export interface Referent extends Referrer {
  readonly name: string;
}

/**
 * Tells whether one object may refer to another: always within a namespace, and beyond it where the owner of the
 * referent's namespace grants it.
 *
 * @see https://gateway-api.sigs.k8s.io/api-types/referencegrant/
 */
export function mayRefer(from: Referrer, to: Referent, lookups: Lookups): boolean {
  if (from.namespace === to.namespace) return true;
  return lookups
    .grantsIn(to.namespace)
    .some(
      ({ spec }) =>
        spec.from.some((f) => f.group === from.group && f.kind === from.kind && f.namespace === from.namespace) &&
        spec.to.some(
          (t) =>
            t.group === to.group && t.kind === to.kind && (t.name === undefined || t.name === '' || t.name === to.name),
        ),
    );
}

/** Words for a reference that nothing grants. */
export function missingGrant(from: Referrer, to: Referent): string {
  return `no ReferenceGrant in namespace ${to.namespace} lets ${from.kind}s of namespace ${from.namespace} refer to ${to.kind} ${to.name}`;
}
