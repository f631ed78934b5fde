import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { readAddress, readDuration, readInteger } from './option-values.ts';
import type { Terminal } from './terminal.ts';

/** What `selvage control` was told. */
export interface ControlOptions {
  /** A folder, or one file. */
  readonly folder: string;
  /** Where the certificate authority and the join tokens are kept. */
  readonly state: string;
  /** IP address, or '' for all. */
  readonly address: string;
  readonly port: number;
  readonly trustDomain: string;
  readonly svidLifetimeMs: number;
  /** Null where there is to be none. */
  readonly admin: { readonly address: string; readonly port: number } | null;
}

/** @param control runs until it is told to stop, and gives the exit code */
export function createControlCommand(
  control: (options: ControlOptions, terminal: Terminal) => Promise<number>,
): Command {
  return {
    name: 'control',
    summary: 'runs the control plane of a mesh: identities, discovery, live workloads',
    description: [
      'Reads all documents of a folder, follows their changes, and tells every sidecar that connects what it needs to know: services, their live endpoints, routes. It certifies the identities of workloads that show a join token, and renews them.',
      'Sidecars speak to one port, over TLS with the certificate of the mesh. The key of the certificate authority lies in the state folder, which nobody but its user may read.',
      'Ctrl-C (or SIGTERM) stops it; sidecars go on with what they know.',
    ],
    positionals: [
      {
        name: 'folder',
        required: false,
        description: 'folder of documents, or one file; the current folder if not given',
      },
    ],
    options: [
      stateOption(),
      { name: 'address', value: '<ip>', description: 'address that the port is bound to; default all' },
      { name: 'port', value: '<port>', description: 'port for sidecars; 0 lets the system choose; default 15010' },
      {
        name: 'trust-domain',
        value: '<name>',
        description: 'realm of all identities, fixed when the state folder is made; default cluster.local',
      },
      {
        name: 'svid-ttl',
        value: '<duration>',
        description: 'how long certificates of workloads are valid; default 24h',
      },
      {
        name: 'admin-port',
        value: '<port|off>',
        description: 'port of health, metrics and selvage get; 0 lets the system choose; default 9900',
      },
      {
        name: 'admin-address',
        value: '<ip>',
        description: 'address that the admin port is bound to; default 127.0.0.1',
      },
    ],
    examples: [
      { command: 'selvage control', explanation: 'runs a mesh with what the current folder declares' },
      {
        command: 'selvage control /etc/selvage --state /var/lib/selvage',
        explanation: 'keeps the certificate authority where a service may write',
      },
    ],
    run: (args, terminal) => control(readOptions(args), terminal),
  };
}

function readOptions(args: Arguments): ControlOptions {
  const address = args.value('address');
  const adminPort = args.value('admin-port') ?? '9900';
  const adminAddress = readAddress('--admin-address', args.value('admin-address') ?? '127.0.0.1');
  return {
    folder: args.positional('folder') ?? '.',
    state: readState(args),
    address: address === undefined ? '' : readAddress('--address', address),
    port: readInteger('--port', args.value('port') ?? '15010', 0, 65_535),
    trustDomain: args.value('trust-domain') ?? 'cluster.local',
    svidLifetimeMs: readDuration('--svid-ttl', args.value('svid-ttl') ?? '24h'),
    admin:
      adminPort === 'off'
        ? null
        : { address: adminAddress, port: readInteger('--admin-port', adminPort, 0, 65_535, ', or off') },
  };
}

/** The option that all commands share which use the control plane's state. */
export function stateOption(): Command['options'][number] {
  return {
    name: 'state',
    value: '<folder>',
    description:
      'private folder of the certificate authority and the join tokens; default ~/.local/state/selvage/control',
  };
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ */
export function readState(args: Arguments): string {
  const base = process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state');
  return args.value('state') ?? join(base, 'selvage', 'control');
}
