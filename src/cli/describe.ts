import { UsageError, type Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { adminOption, namespaceOption, readAdmin } from './get.ts';
import type { Terminal } from './terminal.ts';
import { formatOption, readsJson } from './validate.ts';

/** What can be described. */
export const SUBJECTS = ['workload', 'proxy', 'service', 'gateway', 'route', 'policy'] as const;

export type Subject = (typeof SUBJECTS)[number];

/** What `selvage describe` was told. */
export interface DescribeOptions {
  readonly subject: Subject;
  readonly name: string;
  /** '' for any. */
  readonly namespace: string;
  /** URL of the control plane's admin API. */
  readonly admin: string;
  readonly asJson: boolean;
}

/** @param describe prints it, and gives the exit code */
export function createDescribeCommand(
  describe: (options: DescribeOptions, terminal: Terminal) => Promise<number>,
): Command {
  return {
    name: 'describe',
    summary: 'tells everything about one workload, proxy, service, gateway, route or policy',
    description: [
      'Tells who it is, since when, what it has been sent and what of that it cannot use, what belongs to it, what is wrong with it, and what has happened to it lately.',
      'Exit code 0: it is there; 1: there is nothing of that name, or the control plane could not be asked.',
    ],
    positionals: [
      { name: 'kind', required: true, description: SUBJECTS.join(', ') },
      { name: 'name', required: true, description: 'as selvage get shows it, also with its namespace: shop/cart' },
    ],
    options: [namespaceOption(), adminOption(), formatOption()],
    examples: [
      { command: 'selvage describe workload cart-1', explanation: 'tells all of one instance' },
      { command: 'selvage describe service shop/cart', explanation: 'tells who serves it, and what applies to it' },
    ],
    run: (args, terminal) => describe(readOptions(args), terminal),
  };
}

function readOptions(args: Arguments): DescribeOptions {
  const kind = args.positional('kind') as string;
  const subject = SUBJECTS.find((one) => one === kind);
  if (subject === undefined) throw new UsageError(`cannot describe a ${kind}: give ${SUBJECTS.join(', ')}`);
  return {
    subject,
    name: args.positional('name') as string,
    namespace: args.value('namespace') ?? '',
    admin: readAdmin(args),
    asJson: readsJson(args),
  };
}
