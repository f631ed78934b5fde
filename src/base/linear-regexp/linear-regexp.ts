import { Automaton } from './automaton.ts';
import { parsePattern } from './parse.ts';
import { PatternFault } from './pattern-reader.ts';
import { type Program, compileProgram } from './program.ts';

/** A regular expression that matches in time linear in the input, whatever the pattern and the input are. */
export interface LinearRegExp {
  readonly ok: true;
  readonly source: string;
  /** Whether the whole input matches, as regular expression matches of routes do in the field's gateways. */
  matches(input: string): boolean;
  /** Whether any part of the input matches. */
  search(input: string): boolean;
}

/** Why a pattern is refused. */
export interface LinearRegExpError {
  readonly ok: false;
  /** What is wrong and what to write instead; lower case, no final period. */
  readonly reason: string;
  /** Where, in code units from the pattern's beginning. */
  readonly offset: number;
}

/**
 * Compiles a pattern in RE2's syntax: what its users of other gateways expect.
 *
 * Differences from RE2: input is UTF-16 code units (for a latin1 string: bytes); `(?i)` folds ASCII letters only; word
 * boundaries, Unicode classes (`\p`), octal escapes and the flag `m` are refused. As in RE2, lookaround and
 * backreferences are refused, and so is what would expand without bound.
 *
 * @param source - at most 1024 code units
 * @see https://github.com/google/re2/wiki/Syntax
 */
export function compileLinearRegExp(source: string): LinearRegExp | LinearRegExpError {
  try {
    return new CompiledPattern(source, compileProgram(parsePattern(source)));
  } catch (fault) {
    if (fault instanceof PatternFault) return { ok: false, reason: fault.message, offset: fault.offset };
    throw fault;
  }
}

class CompiledPattern implements LinearRegExp {
  readonly ok = true;
  readonly source: string;
  readonly #program: Program;
  readonly #whole: Automaton;
  // Most patterns are only ever matched whole.
  #part: Automaton | undefined;

  constructor(source: string, program: Program) {
    this.source = source;
    this.#program = program;
    this.#whole = new Automaton(program, false);
  }

  matches(input: string): boolean {
    return this.#whole.run(input);
  }

  search(input: string): boolean {
    this.#part ??= new Automaton(this.#program, true);
    return this.#part.run(input);
  }
}
