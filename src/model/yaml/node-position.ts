import { isAlias, isMap, isSeq, type Node, type Pair } from 'yaml';
import type { Path } from '../field-path.ts';
import { type AliasTargets, keyName } from './node-reader.ts';

/**
 * Finds where a field is written: its name in a map, the item's start in a list. Through an alias or a merge that is
 * the place of the anchor, where the text to correct stands.
 *
 * @returns an offset within the document's text; of the nearest ancestor that is written where the field is not
 */
export function positionOf(root: Node, path: Path, targets: AliasTargets): number {
  let offset = root.range?.[0] ?? 0;
  let node: unknown = root;
  for (const step of path) {
    const found = childOf(follow(node, targets), step, targets);
    if (found === undefined) break;
    offset = found.offset ?? offset;
    node = found.node;
  }
  return offset;
}

interface Child {
  readonly node: unknown;
  readonly offset: number | undefined;
}

function follow(node: unknown, targets: AliasTargets): unknown {
  let target = node;
  while (isAlias(target)) target = targets.get(target);
  return target;
}

function childOf(node: unknown, step: string | number, targets: AliasTargets): Child | undefined {
  if (isSeq(node) && typeof step === 'number') {
    const item = node.items[step] as Node | undefined;
    return item && { node: item, offset: item.range?.[0] };
  }
  return isMap(node) ? entryOf(node.items, String(step), targets) : undefined;
}

function entryOf(pairs: readonly Pair[], name: string, targets: AliasTargets): Child | undefined {
  const own = pairs.find((pair) => keyName(pair.key) === name);
  if (own !== undefined) return { node: own.value, offset: (own.key as Node | null)?.range?.[0] };
  for (const pair of pairs) {
    if (keyName(pair.key) !== '<<') continue;
    const value = follow(pair.value, targets);
    for (const source of isSeq(value) ? value.items : [value]) {
      const found = childOf(follow(source, targets), name, targets);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
