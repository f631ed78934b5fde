import type { CodeRanges } from './code-ranges.ts';

/**
 * A parsed pattern. Groups leave no trace: nothing is captured.
 *
 * `size` is the number of instructions that the node compiles to, at most. It is known before anything is expanded, so
 * that a repetition bomb is refused by arithmetic and not by running out of memory.
 */
export type SyntaxNode =
  | { readonly kind: 'empty' | 'begin' | 'end'; readonly size: number }
  | { readonly kind: 'set'; readonly size: number; readonly ranges: CodeRanges }
  | { readonly kind: 'concat' | 'alternate'; readonly size: number; readonly nodes: readonly SyntaxNode[] }
  | RepeatNode;

/** `node{min,max}`; `max` is `Infinity` when open. */
export interface RepeatNode {
  readonly kind: 'repeat';
  readonly size: number;
  readonly node: SyntaxNode;
  readonly min: number;
  readonly max: number;
}

// An empty node counts as one although it emits nothing: ((){1000}){1000} would otherwise be free and still loop.
export const EMPTY: SyntaxNode = { kind: 'empty', size: 1 };
export const BEGIN: SyntaxNode = { kind: 'begin', size: 1 };
export const END: SyntaxNode = { kind: 'end', size: 1 };

export function createSet(ranges: CodeRanges): SyntaxNode {
  return { kind: 'set', size: 1, ranges };
}

export function createConcat(nodes: readonly SyntaxNode[]): SyntaxNode {
  if (nodes.length <= 1) return nodes[0] ?? EMPTY;
  return { kind: 'concat', size: sumOfSizes(nodes), nodes };
}

export function createAlternate(nodes: readonly SyntaxNode[]): SyntaxNode {
  if (nodes.length === 1) return nodes[0] ?? EMPTY;
  // Each branch but the last costs a split before it and a jump after it.
  return { kind: 'alternate', size: sumOfSizes(nodes) + 2 * (nodes.length - 1), nodes };
}

export function createRepeat(node: SyntaxNode, min: number, max: number): RepeatNode {
  return { kind: 'repeat', size: repeatSize(node.size, min, max), node, min, max };
}

function repeatSize(size: number, min: number, max: number): number {
  if (max !== Infinity) return Math.max(1, size * max + (max - min));
  return min === 0 ? size + 2 : size * min + 1;
}

function sumOfSizes(nodes: readonly SyntaxNode[]): number {
  return nodes.reduce((sum, node) => sum + node.size, 0);
}
