import { UsageError, type Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import type { Terminal } from './terminal.ts';
import { formatOption, readsJson } from './validate.ts';

/** What can be listed. */
export const LISTINGS = [
  'workloads',
  'services',
  'certificates',
  'proxies',
  'gateways',
  'routes',
  'policies',
  'objects',
  'events',
] as const;

export type Listing = (typeof LISTINGS)[number];

/** What `selvage get` was told. */
export interface GetOptions {
  readonly listing: Listing;
  /** Of what is listed; '' for all. */
  readonly name: string;
  /** '' for all. */
  readonly namespace: string;
  /** URL of the control plane's admin API. */
  readonly admin: string;
  readonly asJson: boolean;
}

/** @param get prints it, and gives the exit code */
export function createGetCommand(get: (options: GetOptions, terminal: Terminal) => Promise<number>): Command {
  return {
    name: 'get',
    summary: 'lists what a control plane knows: workloads, services, certificates, proxies, routes, policies, events',
    description: [
      'workloads: who is there, and whether it is ready. services: names, ports and live endpoints. certificates: identities that are valid and in use. proxies: who is connected, and whether it has taken all that it was sent. gateways, routes, policies: what is declared and what became of it; objects: all of that. events: what has happened lately.',
      'A name, or its beginning and "*", and a namespace show only what is called so. It asks the admin port of a control plane on this machine.',
    ],
    positionals: [
      { name: 'what', required: true, description: LISTINGS.join(', ') },
      { name: 'name', required: false, description: 'what of it; all if not given' },
    ],
    options: [namespaceOption(), adminOption(), formatOption()],
    examples: [
      { command: 'selvage get workloads', explanation: 'shows who is in the mesh' },
      { command: 'selvage get routes -n shop', explanation: 'shows what became of the routes of a namespace' },
      { command: 'selvage get services --format json', explanation: 'gives services and endpoints to programs' },
    ],
    run: (args, terminal) => get(readOptions(args), terminal),
  };
}

function readOptions(args: Arguments): GetOptions {
  const what = args.positional('what') as string;
  const listing = LISTINGS.find((one) => one === what || one === `${what}s` || one === what.replace(/y$/, 'ies'));
  if (listing === undefined) throw new UsageError(`cannot list ${what}: give ${LISTINGS.join(', ')}`);
  const [name, namespace] = [args.positional('name') ?? '', args.value('namespace') ?? ''];
  return { listing, name, namespace, admin: readAdmin(args), asJson: readsJson(args) };
}

/** The option that all commands share which show what has a namespace. */
export function namespaceOption(): Command['options'][number] {
  return { name: 'namespace', short: 'n', value: '<name>', description: 'only what is of this namespace; default all' };
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
