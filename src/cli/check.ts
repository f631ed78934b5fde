import { UsageError, type Arguments } from './arguments.ts';
import type { Command, Option } from './command.ts';
import { createControlCommand, readControlOptions, type ControlOptions } from './control.ts';
import { createGatewayCommand, readGatewayOptions, type GatewayCommandOptions } from './gateway.ts';
import { createRunCommand, readRunOptions, type RunOptions } from './run.ts';
import type { Terminal } from './terminal.ts';
import { formatOption, readsJson } from './validate.ts';

/** What `selvage check` was told: what is to be started, or runs already, with its options. */
export type CheckRequest = { readonly asJson: boolean } & (
  | { readonly role: 'run'; readonly run: RunOptions }
  | { readonly role: 'gateway'; readonly gateway: GatewayCommandOptions }
  | { readonly role: 'control'; readonly control: ControlOptions }
);

/** @param check does it, and gives the exit code */
export function createCheckCommand(check: (request: CheckRequest, terminal: Terminal) => Promise<number>): Command {
  return {
    name: 'check',
    summary: 'finds out what is wrong with an installation, and what to do about it',
    description: [
      'check run is for the machine of a workload, before and after its start, check gateway for that of a gateway, check control for that of the control plane. Give the options that you start it with: they are what is checked. Nothing is changed, and no join token is used.',
      'It looks at Node, limits, folders and their permissions, ports and who has them, the way to the control plane, whether that is the one that the join token or the saved identity names, how far the clocks are apart, the identity and the saved copy; and for the control plane at documents, authority, workloads, proxies and services.',
      'Exit code 0: nothing is wrong (there may be doubts); 1: something is.',
    ],
    positionals: [
      { name: 'role', required: true, description: 'run, gateway or control' },
      {
        name: 'folder',
        required: false,
        description: 'for control: folder of documents; the current folder if not given',
      },
    ],
    options: [...OPTIONS, formatOption()],
    examples: [
      {
        command: 'selvage check run --service cart --port 8080 --control 10.0.0.1:15010 --token svt_…',
        explanation: 'checks whether the service cart could start here',
      },
      { command: 'selvage check control /etc/selvage', explanation: 'checks the control plane and its mesh' },
    ],
    run: (args, terminal) => check(readRequest(args), terminal),
  };
}

/** What the three commands take; of one name, the description of the first. */
const OPTIONS: readonly Option[] = [
  ...new Map(
    [createRunCommand, createGatewayCommand, createControlCommand]
      .flatMap((create) => create(async () => 0).options)
      .toReversed()
      .map((option) => [option.name, option]),
  ).values(),
].toReversed();

function readRequest(args: Arguments): CheckRequest {
  const asJson = readsJson(args);
  const role = args.positional('role') as string;
  if (role === 'run') return { asJson, role, run: readRunOptions(args) };
  if (role === 'gateway') return { asJson, role, gateway: readGatewayOptions(args) };
  if (role === 'control') return { asJson, role, control: readControlOptions(args) };
  throw new UsageError(`cannot check ${role}: give run, gateway or control`);
}
