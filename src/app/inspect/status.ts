import { EXIT } from '#cli/command.ts';
import type { StatusOptions } from '#cli/status.ts';
import type { Terminal } from '#cli/terminal.ts';
import { inspect } from './inspection.ts';
import { findProblems, type Problem } from './problems.ts';
import { askProcess, findProcessProblems, processLines } from './process-status.ts';
import { statusLines } from './status-text.ts';

/** What is told of a mesh or a process. */
interface Told {
  readonly problems: readonly Problem[];
  /** For programs. */
  readonly json: object;
  readonly lines: readonly string[];
}

/**
 * Prints how a mesh is, or one process of it.
 *
 * @returns the exit code
 */
export async function status({ admin, asJson }: StatusOptions, terminal: Terminal): Promise<number> {
  const told = await ask(admin, terminal);
  if (typeof told === 'string') {
    terminal.say(`${terminal.paintSaid('bad', 'selvage:')} cannot ask ${admin}: ${told} (--admin names an admin API)`);
    return EXIT.failure;
  }
  if (asJson) terminal.print(JSON.stringify(told.json, undefined, 2));
  else for (const line of told.lines) terminal.print(line);
  return told.problems.some(({ severity }) => severity === 'error') ? EXIT.failure : EXIT.ok;
}

/** A control plane has pages of its own; whoever lacks them is something else. @returns the reason where nobody answers */
async function ask(admin: string, { paint }: Terminal): Promise<Told | string> {
  const nowMs = Date.now();
  const inspected = await inspect(admin);
  if (inspected.ok) {
    const { overview, workloads, proxies, services } = inspected.answer;
    const problems = findProblems(inspected.answer, nowMs);
    const json = { problems, overview, workloads, proxies, services };
    return { problems, json, lines: statusLines(inspected.answer, problems, paint, nowMs) };
  }
  const asked = await askProcess(admin);
  if (!asked.ok) return asked.reason;
  const problems = findProcessProblems(asked.answer, nowMs);
  return { problems, json: { problems, ...asked.answer }, lines: processLines(asked.answer, problems, paint, nowMs) };
}
