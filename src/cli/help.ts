import type { Command, Example, Option } from './command.ts';
import type { Paint } from './terminal.ts';

/** Lines stay readable in a terminal of the classic width. */
const WIDTH = 80;

/** What `selvage --help` prints. */
export function programHelp(commands: readonly Command[], paint: Paint): string {
  const rows = commands.map(({ name, summary }) => [`selvage ${name}`, summary] as const);
  return [
    'Selvage is an API gateway and a service mesh in one. Documents of the Gateway',
    'API tell it what to do.',
    '',
    paint('strong', 'Commands'),
    ...table(rows, paint),
    '',
    paint('strong', 'Options'),
    ...table(
      [
        ['-h, --help', 'explains the program, or the command it follows'],
        ['--version', 'prints the version'],
      ],
      paint,
    ),
    '',
    paint('strong', 'Start here'),
    ...commands.flatMap(({ examples }) => examples.slice(0, 1)).flatMap((example) => exampleLines(example, paint)),
  ].join('\n');
}

/** What `selvage <command> --help` prints. */
export function commandHelp(command: Command, paint: Paint): string {
  const { description, positionals, options, examples } = command;
  const lines = [paint('strong', usageOf(command)), ''];
  for (const paragraph of description) lines.push(...wrap(paragraph, WIDTH), '');
  if (positionals.length > 0) {
    lines.push(paint('strong', 'Arguments'));
    lines.push(
      ...table(
        positionals.map((one) => [placeholder(one), one.description]),
        paint,
      ),
      '',
    );
  }
  if (options.length > 0) lines.push(paint('strong', 'Options'), ...table(options.map(optionRow), paint), '');
  if (examples.length > 0)
    lines.push(paint('strong', 'Examples'), ...examples.flatMap((one) => exampleLines(one, paint)));
  return lines.join('\n').trimEnd();
}

/** @returns for example `selvage explain <folder> <method> <url> [options]` */
export function usageOf({ name, positionals, options }: Command): string {
  const single = positionals.filter(({ rest }) => rest !== true).map(placeholder);
  const rest = positionals.filter((one) => one.rest === true).map((one) => `-- ${placeholder(one)} …`);
  return ['selvage', name, ...single, ...(options.length > 0 ? ['[options]'] : []), ...rest].join(' ');
}

function exampleLines({ command, explanation }: Example, paint: Paint): string[] {
  return [`  ${command}`, `      ${paint('faint', explanation)}`];
}

function placeholder({ name, required }: Command['positionals'][number]): string {
  return required ? `<${name}>` : `[${name}]`;
}

function optionRow({ name, short, value, repeatable, description }: Option): readonly [string, string] {
  const flag = `${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}`;
  return [flag, repeatable === true ? `${description} (may be repeated)` : description];
}

/** Two columns; the right one is wrapped below itself. */
function table(rows: readonly (readonly [string, string])[], paint: Paint): string[] {
  const left = Math.max(...rows.map(([first]) => first.length)) + 2;
  return rows.flatMap(([first, second]) => {
    const [line = '', ...more] = wrap(second, Math.max(40, WIDTH - left - 2));
    return [
      `  ${paint('place', first)}${' '.repeat(left - first.length)}${line}`,
      ...more.map((rest) => ' '.repeat(left + 2) + rest),
    ];
  });
}

function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? '';
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}
