import { symbolOf } from './alphabet.ts';
import type { Program } from './program.ts';
import { FLAG_ACCEPTS, FLAG_DECIDED, FULL, StateCache } from './state-cache.ts';
import { ThreadSet } from './thread-set.ts';

/** The state before the first symbol. No transition leads back to it: only there does `^` hold. */
const START = 0;

/**
 * Runs a program over an input, in time linear in the input's length.
 *
 * A deterministic automaton is built as inputs need it, so that a repeated kind of input costs one table look-up per
 * character and allocates nothing. When the cache of states fills up during an input it is emptied once; when it fills
 * up again, the rest of that input is simulated without remembering states:
 *
 *     cached ──cache full──> cached, emptied ──full again──> simulated
 */
export class Automaton {
  readonly #program: Program;
  readonly #isSearch: boolean;
  readonly #cache: StateCache;
  #threads: ThreadSet;
  #spare: ThreadSet;

  /** @param isSearch - false: the whole input must match; true: any part of it */
  constructor(program: Program, isSearch: boolean) {
    this.#program = program;
    this.#isSearch = isSearch;
    this.#cache = new StateCache(program.alphabet.symbolCount);
    this.#threads = new ThreadSet(program);
    this.#spare = new ThreadSet(program);
    this.#addStart();
  }

  /** Whether the input matches. */
  run(input: string): boolean {
    const { alphabet } = this.#program;
    const { latin1, symbolCount } = alphabet;
    const cache = this.#cache;
    // Both are replaced when the cache grows, which only an unknown transition makes it do.
    let { next, flags } = cache;
    let state = START;
    let wasEmptied = false;
    for (let i = 0; i < input.length; i++) {
      if (((flags[state] as number) & FLAG_DECIDED) !== 0) break;
      const code = input.charCodeAt(i);
      const symbol = code < 256 ? (latin1[code] as number) : symbolOf(alphabet, code);
      let to = next[state * symbolCount + symbol] as number;
      if (to < 0) {
        to = this.#addTransition(state, symbol);
        if (to === FULL) {
          if (wasEmptied) return this.#simulate(cache.threadsOf(state), input, i);
          wasEmptied = true;
          to = this.#addTransition(this.#emptyCache(state), symbol);
        }
        ({ next, flags } = cache);
      }
      state = to;
    }
    return ((flags[state] as number) & FLAG_ACCEPTS) !== 0;
  }

  #addStart(): void {
    this.#threads.clear();
    this.#threads.add(0, true, false);
    this.#cache.add(undefined, this.#threads.sorted().slice(), this.#flagsOf(this.#threads, true));
  }

  #addTransition(state: number, symbol: number): number {
    const threads = this.#threads;
    const from = this.#cache.threadsOf(state);
    threads.clear();
    threads.addStep(from, from.length, symbol);
    // A search may begin at every character.
    if (this.#isSearch) threads.add(0, false, false);
    const next = this.#numberOf(threads);
    if (next !== FULL) this.#cache.next[state * this.#program.alphabet.symbolCount + symbol] = next;
    return next;
  }

  #numberOf(threads: ThreadSet): number {
    const sorted = threads.sorted();
    const key = String.fromCharCode.apply(null, sorted as unknown as number[]);
    return this.#cache.find(key) ?? this.#cache.add(key, sorted.slice(), this.#flagsOf(threads, false));
  }

  #flagsOf(threads: ThreadSet, atBegin: boolean): number {
    if (this.#isSearch && threads.matched) return FLAG_DECIDED | FLAG_ACCEPTS;
    if (threads.isEmpty) return FLAG_DECIDED;
    const sorted = threads.sorted();
    this.#spare.clear();
    this.#spare.addEnd(sorted, sorted.length, atBegin);
    return this.#spare.matched ? FLAG_ACCEPTS : 0;
  }

  /** Empties the cache but for the start and the present state. @returns the present state's new number */
  #emptyCache(state: number): number {
    const threads = this.#cache.threadsOf(state);
    const flags = this.#cache.flags[state] as number;
    this.#cache.clear();
    this.#addStart();
    return state === START
      ? START
      : this.#cache.add(String.fromCharCode.apply(null, threads as unknown as number[]), threads, flags);
  }

  /** Goes on from `from` at `offset` without the cache. */
  #simulate(from: Uint16Array, input: string, offset: number): boolean {
    const { alphabet } = this.#program;
    this.#step(from, symbolOf(alphabet, input.charCodeAt(offset)));
    for (let i = offset + 1; i < input.length; i++) {
      if (this.#threads.isEmpty) return false;
      if (this.#isSearch && this.#threads.matched) return true;
      const before = this.#threads;
      this.#threads = this.#spare;
      this.#spare = before;
      this.#step(before, symbolOf(alphabet, input.charCodeAt(i)));
    }
    if (this.#isSearch && this.#threads.matched) return true;
    this.#spare.clear();
    this.#spare.addEndOf(this.#threads);
    return this.#spare.matched;
  }

  #step(from: Uint16Array | ThreadSet, symbol: number): void {
    this.#threads.clear();
    if (from instanceof ThreadSet) this.#threads.addStepOf(from, symbol);
    else this.#threads.addStep(from, from.length, symbol);
    if (this.#isSearch) this.#threads.add(0, false, false);
  }
}
