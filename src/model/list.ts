import type { Path } from './field-path.ts';

/** One object out of a document. */
export interface ListedObject {
  readonly value: unknown;
  /** Where in the document it stands; empty for the document itself. */
  readonly path: Path;
}

/**
 * Takes a `List`, as `kubectl get -o yaml` prints it, apart; any other document is its own and only object.
 *
 * Lists of one kind (`HTTPRouteList`, as the Kubernetes API answers) are known too.
 */
export function* unpackLists(value: unknown, path: Path = []): Iterable<ListedObject> {
  const items = itemsOf(value);
  if (items === undefined) yield { value, path };
  else for (const [i, item] of items.entries()) yield* unpackLists(item, [...path, 'items', i]);
}

function itemsOf(value: unknown): readonly unknown[] | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { kind, items } = value as { kind?: unknown; items?: unknown };
  return typeof kind === 'string' && kind.endsWith('List') && Array.isArray(items) ? items : undefined;
}
