import { EXIT } from '#cli/command.ts';
import type { GetOptions } from '#cli/get.ts';
import { printable } from '#cli/printable.ts';
import type { Terminal } from '#cli/terminal.ts';
import { askAdmin } from './admin-client.ts';
import { formOf, isAskedFor, linesOf } from './listings.ts';

/**
 * Prints what a control plane knows.
 *
 * @returns the exit code
 */
export async function get(options: GetOptions, terminal: Terminal): Promise<number> {
  const { listing, name, namespace, admin, asJson } = options;
  const form = formOf(listing);
  const answered = await askAdmin<readonly unknown[]>(`${admin}/${form.page}`);
  if (!answered.ok) {
    terminal.say(
      `${terminal.paintSaid('bad', 'selvage:')} cannot ask ${admin}: ${answered.reason} (is selvage control running? --admin names its admin API)`,
    );
    return EXIT.failure;
  }
  const rows = answered.answer.filter((row) => isAskedFor(form, row, name, namespace));
  if (asJson) terminal.print(JSON.stringify(rows, undefined, 2));
  else if (rows.length === 0) terminal.say(emptyText(options));
  else show(form, rows, terminal);
  // Who asks for one by its name wants to know that it is there.
  return rows.length === 0 && name !== '' ? EXIT.failure : EXIT.ok;
}

function show(form: ReturnType<typeof formOf>, rows: readonly unknown[], terminal: Terminal): void {
  for (const line of linesOf(form, rows, terminal.paint, Date.now())) terminal.print(line);
  for (const problem of rows.flatMap((row) => form.problems?.(row) ?? []))
    terminal.print(`${terminal.paint('bad', '✗')} ${printable(problem)}`);
}

function emptyText({ listing, name, namespace }: GetOptions): string {
  const of = namespace === '' ? '' : ` in namespace ${namespace}`;
  return name === '' ? `there are no ${listing}${of}` : `there is nothing called ${name} among the ${listing}${of}`;
}
