import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Pair } from 'yaml';
import type { Path } from '../field-path.ts';

/** Where every alias of a document leads. */
export type AliasTargets = ReadonlyMap<Alias, Node>;

/** Something wrong with a node; the offset counts within the document's text. */
export interface NodeProblem {
  readonly offset: number;
  /** What cannot be relied on; empty for the whole document. */
  readonly path: Path;
  readonly message: string;
}

/** Plain values read from YAML nodes. */
export interface ReadNodes {
  readonly value: unknown;
  readonly problems: readonly NodeProblem[];
  readonly targets: AliasTargets;
}

/** No resource nests deeper than about 15; this keeps every later walk far from the end of the stack. */
const maxDepth = 64;

/** Nodes that aliases may add to a document: a few lines of nested aliases could otherwise fill the memory. */
const maxAliasedNodes = 50_000;

/** More mean that nothing in the document can be relied on. */
const maxProblems = 100;

/** A field that is given twice is a mistake in any map but this: `<<` may stand several times. */
const mergeKey = '<<';

/** Reads a document's nodes into plain values: strings, numbers, booleans, null, lists and objects. */
export function readNodes(root: Node): ReadNodes {
  const reader = new NodeReader();
  const value = reader.read(root, 0);
  return { value, problems: reader.problems, targets: reader.targets };
}

class NodeReader {
  readonly problems: NodeProblem[] = [];
  readonly targets = new Map<Alias, Node>();
  readonly #anchors = new Map<string, Node>();
  readonly #path: (string | number)[] = [];
  #aliasDepth = 0;
  #aliasedNodes = 0;
  #gaveUp = false;

  read(node: unknown, depth: number): unknown {
    if (this.#gaveUp) return null;
    if (this.#aliasDepth > 0 && ++this.#aliasedNodes > maxAliasedNodes) {
      return this.#giveUp(node, `aliases add more than ${maxAliasedNodes} values to this document`);
    }
    if (depth > maxDepth) return this.#giveUp(node, `nested too deeply (more than ${maxDepth} levels)`);
    if (isAlias(node)) return this.#readAlias(node, depth);
    if (isScalar(node)) {
      this.#anchor(node);
      return node.value;
    }
    if (isMap(node)) {
      this.#anchor(node);
      return this.#readMap(node.items, depth);
    }
    if (isSeq(node)) {
      this.#anchor(node);
      return node.items.map((item, i) => this.#readChild(i, item, depth));
    }
    return null;
  }

  #readChild(step: string | number, node: unknown, depth: number): unknown {
    this.#path.push(step);
    const value = this.read(node, depth + 1);
    this.#path.pop();
    return value;
  }

  #anchor(node: Node & { anchor?: string }): void {
    // A name may be given again later in the text; seen through an alias it must not take the newer one back.
    if (node.anchor !== undefined && this.#aliasDepth === 0) this.#anchors.set(node.anchor, node);
  }

  #readAlias(alias: Alias, depth: number): unknown {
    const target = this.targets.get(alias) ?? this.#anchors.get(alias.source);
    if (target === undefined)
      return this.#object(alias, 'alias (*name) of an anchor (&name) that does not stand before it');
    this.targets.set(alias, target);
    this.#aliasDepth++;
    const value = this.read(target, depth + 1);
    this.#aliasDepth--;
    return value;
  }

  #readMap(pairs: readonly Pair[], depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    const merged: unknown[] = [];
    for (const { key, value } of pairs) {
      const name = keyName(key);
      if (name === undefined || name === '__proto__') this.#object(key, 'field name is not a usable string');
      else if (name === mergeKey) merged.push(...this.#mergeSources(key, value, depth));
      else if (Object.hasOwn(map, name))
        this.#object(key, 'field is given twice in the same map', [...this.#path, name]);
      else map[name] = this.#readChild(name, value, depth);
    }
    // What the map itself says stands above what it merges, and an earlier source above a later one.
    for (const source of merged) {
      for (const [name, value] of Object.entries(source as object)) if (!Object.hasOwn(map, name)) map[name] = value;
    }
    return map;
  }

  #mergeSources(key: unknown, node: unknown, depth: number): readonly unknown[] {
    const value = this.read(node, depth + 1);
    const sources = Array.isArray(value) ? value : [value];
    const fits = sources.every((source) => typeof source === 'object' && source !== null && !Array.isArray(source));
    if (fits) return sources;
    this.#object(key, 'a merge (<<) takes a map or a list of maps');
    return [];
  }

  #object(node: unknown, message: string, path: Path = [...this.#path]): null {
    const offset = (node as Node | null)?.range?.[0] ?? 0;
    this.problems.push({ offset, path, message });
    if (this.problems.length === maxProblems) this.#giveUp(node, 'too many problems to go on');
    return null;
  }

  /** Reads no further: nothing in the document can be relied on. */
  #giveUp(node: unknown, message: string): null {
    if (this.#gaveUp) return null;
    this.#gaveUp = true;
    return this.#object(node, message, []);
  }
}

/**
 * Tells a map key's name as JSON would write it.
 *
 * @returns undefined for keys that are lists or maps
 */
export function keyName(key: unknown): string | undefined {
  if (key === null) return 'null';
  if (!isScalar(key)) return undefined;
  // With merging on, the parser marks the merge key by a symbol of this name.
  return typeof key.value === 'symbol' ? mergeKey : String(key.value);
}
