import { EXIT } from '#cli/command.ts';
import type { DescribeOptions } from '#cli/describe.ts';
import { printable } from '#cli/printable.ts';
import { table } from '#cli/table.ts';
import type { Terminal } from '#cli/terminal.ts';
import { DESCRIBE, type Description, type DescriptionPart } from './description.ts';
import { inspect } from './inspection.ts';
import { cellTones } from './listings.ts';

/**
 * Prints everything about one thing.
 *
 * @returns the exit code
 */
export async function describe(options: DescribeOptions, terminal: Terminal): Promise<number> {
  const { subject, name, namespace, admin, asJson } = options;
  const fail = (message: string): number => {
    terminal.say(`${terminal.paintSaid('bad', 'selvage:')} ${message}`);
    return EXIT.failure;
  };
  const answered = await inspect(admin);
  if (!answered.ok)
    return fail(`cannot ask ${admin}: ${answered.reason} (is selvage control running? --admin names its admin API)`);
  const found = DESCRIBE[subject](answered.answer, options, Date.now());
  if (found.length === 0) {
    const of = namespace === '' ? '' : ` in namespace ${namespace}`;
    return fail(`there is no ${subject} ${printable(name)}${of} (selvage get lists what there is)`);
  }
  if (asJson) terminal.print(JSON.stringify(found, undefined, 2));
  else
    for (const [i, description] of found.entries()) {
      if (i > 0) terminal.print('');
      for (const line of linesOf(description, terminal)) terminal.print(line);
    }
  return EXIT.ok;
}

function* linesOf({ title, facts, problems, parts }: Description, { paint }: Terminal): Iterable<string> {
  yield paint('strong', printable(title));
  const given = facts.filter(([, value]) => value !== '');
  const width = Math.max(0, ...given.map(([name]) => name.length));
  const { toneOf } = cellTones(paint);
  for (const [name, value] of given) {
    const tone = toneOf(name, value);
    const shown = printable(value);
    yield `  ${paint('faint', name)}${' '.repeat(width - name.length + 2)}${tone === undefined ? shown : paint(tone, shown)}`;
  }
  for (const problem of problems) yield `  ${paint('bad', '✗')} ${printable(problem)}`;
  for (const part of parts) yield* linesOfPart(part, paint);
}

function* linesOfPart({ title, heads, rows }: DescriptionPart, paint: Terminal['paint']): Iterable<string> {
  if (rows.length === 0) return;
  yield '';
  yield paint('strong', title);
  const lines = table(heads.length === 0 ? [''] : heads, rows, cellTones(paint));
  for (const line of heads.length === 0 ? lines.slice(1) : lines) yield `  ${line}`;
}
