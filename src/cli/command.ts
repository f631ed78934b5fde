import type { Arguments } from './arguments.ts';
import type { Terminal } from './terminal.ts';

/** What a command ends with. */
export const EXIT = {
  ok: 0,
  /** It ran, and what it was asked to do or to find out went wrong. */
  failure: 1,
  /** It was called wrongly and did nothing. */
  usage: 2,
} as const;

/** One `--flag` of a command. */
export interface Option {
  /** Without dashes. */
  readonly name: string;
  /** One letter, given with one dash. */
  readonly short?: string;
  /** How help names the value; absent for a switch. */
  readonly value?: string;
  readonly repeatable?: true;
  /** What it does, with its default: lower case, no final period. */
  readonly description: string;
}

/** One argument that is known by its place. */
export interface Positional {
  readonly name: string;
  readonly required: boolean;
  /** Takes all words behind `--` (and is the last one), as a command line that is not this program's. */
  readonly rest?: true;
  readonly description: string;
}

export interface Example {
  readonly command: string;
  readonly explanation: string;
}

/** A command of the program: what help says about it, and what it does. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands: lower case, no final period. */
  readonly summary: string;
  /** Paragraphs. */
  readonly description: readonly string[];
  readonly positionals: readonly Positional[];
  readonly options: readonly Option[];
  readonly examples: readonly Example[];
  /** @returns the exit code */
  run(args: Arguments, terminal: Terminal): Promise<number>;
}
