import type { Declared } from '#control/declared-objects.ts';
import type { ObjectStatus } from '#control/status.ts';

/** A declared object, or one that is only known by what is wrong with it. */
export interface ObjectView extends ObjectStatus {
  /** Where it is declared, as in `shop.yaml:12`; '' where that is not known. */
  readonly place: string;
}

/** All declared objects with what became of them, by kind and name. */
export function objectViews(declared: Declared | undefined, statuses: readonly ObjectStatus[]): readonly ObjectView[] {
  const views = new Map<string, ObjectView>();
  for (const { resource, location } of declared?.loaded ?? []) {
    const { namespace, name } = resource.metadata;
    const view = { kind: resource.kind, namespace, name, conditions: [], place: `${location.file}:${location.line}` };
    if (!views.has(keyOf(view))) views.set(keyOf(view), view);
  }
  for (const status of statuses) views.set(keyOf(status), { ...status, place: views.get(keyOf(status))?.place ?? '' });
  return [...views].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, view]) => view);
}

function keyOf({ kind, namespace, name }: Pick<ObjectStatus, 'kind' | 'namespace' | 'name'>): string {
  return `${kind}/${namespace}/${name}`;
}
