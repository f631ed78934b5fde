import { parseArgs } from 'node:util';
import { nearestWord } from '#model/schema/nearest-word.ts';
import { Arguments, UsageError } from './arguments.ts';
import type { Command, Option } from './command.ts';

/**
 * Reads the words after the name of a command.
 *
 * @throws UsageError for the first word that is wrong
 */
export function parseArguments(command: Command, words: readonly string[]): Arguments {
  const { tokens } = parseArgs({
    args: [...words],
    options: Object.fromEntries(command.options.map(declare)),
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const end = tokens.find(({ kind }) => kind === 'option-terminator')?.index ?? words.length;
  const takesRest = command.positionals.some(({ rest }) => rest === true);
  const rest = takesRest ? words.slice(end + 1) : [];
  const positionals: string[] = [];
  const values = new Map<string, string[]>();
  for (const token of tokens) {
    if (takesRest && token.index > end) break;
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const option = knownOption(command, token.name, token.rawName);
    const value = valueOf(command, option, token);
    const earlier = values.get(option.name);
    if (earlier === undefined) values.set(option.name, [value]);
    else if (option.repeatable === true) earlier.push(value);
    else throw new UsageError(`--${option.name} is given twice`);
  }
  return new Arguments(namePositionals(command, positionals, rest), values, rest);
}

function declare({ name, short, value }: Option) {
  const type = value === undefined ? ('boolean' as const) : ('string' as const);
  return [name, { type, multiple: true, ...(short !== undefined && { short }) }] as const;
}

function knownOption({ name: commandName, options }: Command, name: string, written: string): Option {
  const option = options.find((candidate) => candidate.name === name);
  if (option !== undefined) return option;
  const nearest = nearestWord(
    name,
    options.map((candidate) => candidate.name),
  );
  const advice =
    nearest === undefined ? `selvage ${commandName} --help lists the options` : `did you mean --${nearest}?`;
  throw new UsageError(`unknown option ${written} (${advice})`);
}

interface OptionToken {
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function valueOf(command: Command, option: Option, { rawName, value, inlineValue }: OptionToken): string {
  if (option.value === undefined) {
    if (inlineValue === true) throw new UsageError(`${rawName} takes no value`);
    return '';
  }
  // A following option is no value, or a forgotten one would swallow it.
  const isForgotten = value === undefined || value === '' || (inlineValue !== true && looksLikeOption(command, value));
  if (isForgotten) throw new UsageError(`${rawName} needs a value: ${rawName} ${option.value}`);
  return value;
}

function looksLikeOption({ options }: Command, word: string): boolean {
  return options.some(
    ({ name, short }) => word === `--${name}` || word.startsWith(`--${name}=`) || word === `-${short}`,
  );
}

function namePositionals(
  { name, positionals }: Command,
  words: readonly string[],
  rest: readonly string[],
): Map<string, string> {
  const named = new Map<string, string>();
  const single = positionals.filter((positional) => positional.rest !== true);
  for (const [i, positional] of [...single, ...positionals.filter((one) => one.rest === true)].entries()) {
    const word = positional.rest === true ? rest[0] : words[i];
    if (word !== undefined) named.set(positional.name, word);
    else if (positional.required) {
      throw new UsageError(
        `${positional.name} is missing: ${positional.description} (selvage ${name} --help shows examples)`,
      );
    }
  }
  const surplus = words[single.length];
  if (surplus !== undefined)
    throw new UsageError(`unexpected argument '${surplus}' (selvage ${name} --help says what it takes)`);
  return named;
}
