import { UsageError, type Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import type { Terminal } from './terminal.ts';
import { formatOption, readsJson } from './validate.ts';

/** What can be listed. */
export const LISTINGS = ['workloads', 'services', 'certificates'] as const;

export type Listing = (typeof LISTINGS)[number];

/** What `selvage get` was told. */
export interface GetOptions {
  readonly listing: Listing;
  /** URL of the control plane's admin API. */
  readonly admin: string;
  readonly asJson: boolean;
}

/** @param get prints it, and gives the exit code */
export function createGetCommand(get: (options: GetOptions, terminal: Terminal) => Promise<number>): Command {
  return {
    name: 'get',
    summary: 'lists what a control plane knows: workloads, services, certificates',
    description: [
      'workloads: who is connected, whether it is ready, and whether its sidecar has taken all that it was sent. services: names, ports and live endpoints. certificates: identities that were issued or refused since the control plane started.',
      'It asks the admin port of a control plane on this machine.',
    ],
    positionals: [{ name: 'what', required: true, description: LISTINGS.join(', ') }],
    options: [adminOption(), formatOption()],
    examples: [
      { command: 'selvage get workloads', explanation: 'shows who is in the mesh' },
      { command: 'selvage get services --format json', explanation: 'gives services and endpoints to programs' },
    ],
    run: (args, terminal) => get(readOptions(args), terminal),
  };
}

function readOptions(args: Arguments): GetOptions {
  const what = args.positional('what') as string;
  const listing = LISTINGS.find((one) => one === what);
  if (listing === undefined) throw new UsageError(`cannot list ${what}: give ${LISTINGS.join(', ')}`);
  return { listing, admin: readAdmin(args), asJson: readsJson(args) };
}

/** The option that all commands share which ask a control plane. */
export function adminOption(): Command['options'][number] {
  return {
    name: 'admin',
    value: '<url>',
    description: 'admin API of the control plane; default http://127.0.0.1:9900',
  };
}

/** @throws UsageError where it is no URL of one */
export function readAdmin(args: Arguments): string {
  const text = args.value('admin') ?? 'http://127.0.0.1:9900';
  if (URL.canParse(text) && text.startsWith('http://')) return text.replace(/\/$/, '');
  throw new UsageError(`cannot read --admin ${text}: give a URL, as in http://127.0.0.1:9900`);
}
