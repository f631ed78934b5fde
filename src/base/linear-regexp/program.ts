import { type Alphabet, createAlphabet } from './alphabet.ts';
import type { CodeRanges } from './code-ranges.ts';
import type { RepeatNode, SyntaxNode } from './syntax.ts';

/** Consume one symbol of set `left`, go on with the next instruction. */
export const OP_SET = 0;
/** Go on with both `left` and `right`. */
export const OP_SPLIT = 1;
/** Go on with `left`. */
export const OP_JUMP = 2;
/** Go on with the next instruction at the beginning of the input only. */
export const OP_BEGIN = 3;
/** Go on with the next instruction at the end of the input only. */
export const OP_END = 4;
/** The pattern has matched. */
export const OP_MATCH = 5;

/** A nondeterministic automaton as instructions; execution starts at 0. */
export interface Program {
  readonly ops: Uint8Array;
  readonly left: Uint16Array;
  readonly right: Uint16Array;
  readonly alphabet: Alphabet;
}

/** Compiles a pattern whose size has been checked. */
export function compileProgram(root: SyntaxNode): Program {
  const writer = new ProgramWriter();
  writer.write(root);
  return writer.finish();
}

class ProgramWriter {
  readonly #ops: number[] = [];
  readonly #left: number[] = [];
  readonly #right: number[] = [];
  readonly #sets: CodeRanges[] = [];
  readonly #setNumbers = new Map<string, number>();

  finish(): Program {
    this.#emit(OP_MATCH);
    return {
      ops: Uint8Array.from(this.#ops),
      left: Uint16Array.from(this.#left),
      right: Uint16Array.from(this.#right),
      alphabet: createAlphabet(this.#sets),
    };
  }

  write(node: SyntaxNode): void {
    switch (node.kind) {
      case 'empty':
        return;
      case 'begin':
        this.#emit(OP_BEGIN);
        return;
      case 'end':
        this.#emit(OP_END);
        return;
      case 'set':
        this.#emit(OP_SET, this.#setNumber(node.ranges));
        return;
      case 'concat':
        for (const part of node.nodes) this.write(part);
        return;
      case 'alternate':
        this.#writeAlternate(node.nodes);
        return;
      case 'repeat':
        this.#writeRepeat(node);
    }
  }

  #writeAlternate(branches: readonly SyntaxNode[]): void {
    const jumps: number[] = [];
    branches.forEach((branch, index) => {
      if (index === branches.length - 1) return this.write(branch);
      const split = this.#emit(OP_SPLIT);
      this.#left[split] = this.#ops.length;
      this.write(branch);
      jumps.push(this.#emit(OP_JUMP));
      this.#right[split] = this.#ops.length;
    });
    for (const jump of jumps) this.#left[jump] = this.#ops.length;
  }

  #writeRepeat({ node, min, max }: RepeatNode): void {
    if (max === Infinity) return min === 0 ? this.#writeStar(node) : this.#writePlus(node, min);
    for (let i = 0; i < min; i++) this.write(node);
    // x{0,3} is (x(x(x)?)?)?: every split leaves to the same place behind the last copy.
    const splits: number[] = [];
    for (let i = min; i < max; i++) {
      const split = this.#emit(OP_SPLIT);
      this.#left[split] = this.#ops.length;
      splits.push(split);
      this.write(node);
    }
    for (const split of splits) this.#right[split] = this.#ops.length;
  }

  #writeStar(node: SyntaxNode): void {
    const split = this.#emit(OP_SPLIT);
    this.#left[split] = this.#ops.length;
    this.write(node);
    this.#emit(OP_JUMP, split);
    this.#right[split] = this.#ops.length;
  }

  #writePlus(node: SyntaxNode, min: number): void {
    for (let i = 1; i < min; i++) this.write(node);
    const body = this.#ops.length;
    this.write(node);
    const split = this.#emit(OP_SPLIT, body);
    this.#right[split] = this.#ops.length;
  }

  #emit(op: number, left = 0): number {
    this.#ops.push(op);
    this.#left.push(left);
    this.#right.push(0);
    return this.#ops.length - 1;
  }

  #setNumber(ranges: CodeRanges): number {
    const key = ranges.join();
    const known = this.#setNumbers.get(key);
    if (known !== undefined) return known;
    this.#setNumbers.set(key, this.#sets.length);
    return this.#sets.push(ranges) - 1;
  }
}
