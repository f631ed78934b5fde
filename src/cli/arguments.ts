/** The program was called wrongly; the message says how, for whoever typed it. */
export class UsageError extends Error {}

/** The words after the name of a command, checked against what it declares. */
export class Arguments {
  readonly #positionals: ReadonlyMap<string, string>;
  readonly #values: ReadonlyMap<string, readonly string[]>;
  /** What the positional got that takes all the rest. */
  readonly rest: readonly string[];

  constructor(
    positionals: ReadonlyMap<string, string>,
    values: ReadonlyMap<string, readonly string[]>,
    rest: readonly string[] = [],
  ) {
    this.#positionals = positionals;
    this.#values = values;
    this.rest = rest;
  }

  positional(name: string): string | undefined {
    return this.#positionals.get(name);
  }

  /** The value of an option; of several the last one. */
  value(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  values(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }
}
