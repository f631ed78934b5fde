import { OP_BEGIN, OP_END, OP_JUMP, OP_MATCH, OP_SET, OP_SPLIT, type Program } from './program.ts';

/**
 * The instructions that wait for the next symbol: one state of the simulation.
 *
 * Each instruction is in it at most once, which is what makes a step cost at most the program's size, however
 * ambiguous the pattern is (K. Thompson, Regular Expression Search Algorithm, 1968).
 */
export class ThreadSet {
  readonly #program: Program;
  readonly #waiting: Uint16Array;
  readonly #visited: Uint32Array;
  readonly #stack: Uint16Array;
  #visit = 0;
  #count = 0;
  #matched = false;

  constructor(program: Program) {
    const size = program.ops.length;
    this.#program = program;
    this.#waiting = new Uint16Array(size);
    this.#visited = new Uint32Array(size);
    // Two successors are pushed for one instruction popped, and every instruction is expanded once.
    this.#stack = new Uint16Array(2 * size + 1);
  }

  /** Whether a match ends where the set stands. */
  get matched(): boolean {
    return this.#matched;
  }

  /** The waiting instructions, sorted; a view that the next change overwrites. */
  sorted(): Uint16Array {
    return this.#waiting.subarray(0, this.#count).sort();
  }

  clear(): void {
    this.#count = 0;
    this.#matched = false;
    // A visit number marks what is in the set, so that clearing costs nothing; after 2^32 of them marks would lie.
    if (++this.#visit > 0xffff_fffe) {
      this.#visited.fill(0);
      this.#visit = 1;
    }
  }

  /** Adds an instruction and all that it leads to without consuming a symbol. */
  add(start: number, atBegin: boolean, atEnd: boolean): void {
    const stack = this.#stack;
    let depth = 0;
    stack[depth++] = start;
    while (depth > 0) {
      const at = stack[--depth] as number;
      if (this.#visited[at] === this.#visit) continue;
      this.#visited[at] = this.#visit;
      depth = this.#expand(at, depth, atBegin, atEnd);
    }
  }

  #expand(at: number, depth: number, atBegin: boolean, atEnd: boolean): number {
    const { ops, left, right } = this.#program;
    const stack = this.#stack;
    switch (ops[at]) {
      case OP_JUMP:
        stack[depth++] = left[at] as number;
        return depth;
      case OP_SPLIT:
        stack[depth++] = right[at] as number;
        stack[depth++] = left[at] as number;
        return depth;
      case OP_BEGIN:
        if (atBegin) stack[depth++] = at + 1;
        return depth;
      case OP_END:
        // Kept, because whether the input ends here is not known yet.
        if (atEnd) stack[depth++] = at + 1;
        else this.#waiting[this.#count++] = at;
        return depth;
      case OP_MATCH:
        this.#matched = true;
        this.#waiting[this.#count++] = at;
        return depth;
      default:
        this.#waiting[this.#count++] = at;
        return depth;
    }
  }

  /** Adds what the threads of `from` become after `symbol`. */
  addStep(from: Uint16Array, count: number, symbol: number): void {
    const { ops, left, alphabet } = this.#program;
    for (let i = 0; i < count; i++) {
      const at = from[i] as number;
      if (ops[at] !== OP_SET) continue;
      if (alphabet.members[(left[at] as number) * alphabet.symbolCount + symbol] === 1) this.add(at + 1, false, false);
    }
  }

  /** Adds what the threads of another set become after `symbol`. */
  addStepOf(from: ThreadSet, symbol: number): void {
    this.addStep(from.#waiting, from.#count, symbol);
  }

  /** Adds the threads of `from` as they are when the input ends. */
  addEnd(from: Uint16Array, count: number, atBegin: boolean): void {
    for (let i = 0; i < count; i++) this.add(from[i] as number, atBegin, true);
  }

  /** Adds the threads of another set as they are when the input ends, after at least one symbol. */
  addEndOf(from: ThreadSet): void {
    this.addEnd(from.#waiting, from.#count, false);
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }
}
