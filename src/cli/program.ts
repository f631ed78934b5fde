import { nearestWord } from '#model/schema/nearest-word.ts';
import { UsageError } from './arguments.ts';
import { EXIT, type Command } from './command.ts';
import { type Commands, loadAll } from './commands.ts';
import { parseArguments } from './parse-arguments.ts';
import type { Terminal } from './terminal.ts';

/**
 * Runs the command that the words name.
 *
 * @param words what was typed after `selvage`
 * @returns the exit code; wrong usage is 2 and explained in one sentence
 */
export async function runProgram(words: readonly string[], commands: Commands, terminal: Terminal): Promise<number> {
  try {
    return await dispatch(words, commands, terminal);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    terminal.say(`${terminal.paintSaid('bad', 'selvage:')} ${error.message}`);
    return EXIT.usage;
  }
}

async function dispatch(words: readonly string[], commands: Commands, terminal: Terminal): Promise<number> {
  const [first, ...rest] = words;
  if (first === undefined) {
    const { programHelp } = await import('./help.ts');
    terminal.say(programHelp(await loadAll(commands), terminal.paintSaid));
    return EXIT.usage;
  }
  if (first === '--version') return dispatch(['version'], commands, terminal);
  if (isHelpWord(first) || first === 'help') return help(rest[0], commands, terminal);
  const command = await find(first, commands);
  if (rest.slice(0, indexOfEnd(rest)).some(isHelpWord)) return help(command.name, commands, terminal);
  return command.run(parseArguments(command, rest), terminal);
}

async function help(name: string | undefined, commands: Commands, terminal: Terminal): Promise<number> {
  const { commandHelp, programHelp } = await import('./help.ts');
  const text =
    name === undefined
      ? programHelp(await loadAll(commands), terminal.paint)
      : commandHelp(await find(name, commands), terminal.paint);
  terminal.print(text);
  return EXIT.ok;
}

async function find(name: string, commands: Commands): Promise<Command> {
  const load = commands.get(name);
  if (load !== undefined) return load();
  if (name.startsWith('-')) throw new UsageError(`unknown option ${name} (selvage --help lists what there is)`);
  const nearest = nearestWord(name, [...commands.keys()]);
  const advice = nearest === undefined ? 'selvage --help lists the commands' : `did you mean ${nearest}?`;
  throw new UsageError(`unknown command '${name}' (${advice})`);
}

function isHelpWord(word: string): boolean {
  return word === '--help' || word === '-h';
}

/** Words after `--` are arguments, whatever they look like. */
function indexOfEnd(words: readonly string[]): number {
  const at = words.indexOf('--');
  return at === -1 ? words.length : at;
}
