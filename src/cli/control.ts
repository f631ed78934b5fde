import { homedir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { UsageError, type Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { readAddress, readDuration, readInteger } from './option-values.ts';
import type { Terminal } from './terminal.ts';

/** PEM files of an intermediate authority and of the roots above it. */
export interface ExternalAuthorityPaths {
  readonly certificate: string;
  readonly key: string;
  readonly roots: string;
}

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
  /** Files of a certificate authority that is not Selvage's own; null where there is none. */
  readonly externalAuthority: ExternalAuthorityPaths | null;
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
        name: 'ca-certificate',
        value: '<file>',
        description:
          'PEM: certificate of an authority of yours that signs instead of the built-in one, and those above it; read again when it changes',
      },
      { name: 'ca-key', value: '<file>', description: 'PEM: its private key, which nobody else may read' },
      { name: 'ca-roots', value: '<file>', description: 'PEM: all roots that workloads are to trust' },
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
    run: (args, terminal) => control(readControlOptions(args), terminal),
  };
}

/** @throws UsageError for the first option that cannot be used */
export function readControlOptions(args: Arguments): ControlOptions {
  const address = args.value('address');
  const adminPort = args.value('admin-port') ?? '9900';
  const adminAddress = readAddress('--admin-address', args.value('admin-address') ?? '127.0.0.1');
  return {
    folder: args.positional('folder') ?? '.',
    state: readState(args),
    address: address === undefined ? '' : readAddress('--address', address),
    port: readInteger('--port', args.value('port') ?? '15010', 0, 65_535),
    trustDomain: args.value('trust-domain') ?? 'cluster.local',
    svidLifetimeMs: readLifetime(args),
    externalAuthority: readExternalAuthority(args),
    admin:
      adminPort === 'off'
        ? null
        : { address: adminAddress, port: readInteger('--admin-port', adminPort, 0, 65_535, ', or off') },
  };
}

/** Less than a minute would end before a proxy has done anything with it. */
function readLifetime(args: Arguments): number {
  const text = args.value('svid-ttl') ?? '24h';
  const lifetimeMs = readDuration('--svid-ttl', text);
  if (lifetimeMs < 60_000) throw new UsageError(`cannot use --svid-ttl ${text}: give at least 1m`);
  return lifetimeMs;
}

function readExternalAuthority(args: Arguments): ExternalAuthorityPaths | null {
  const [certificate, key, roots] = [args.value('ca-certificate'), args.value('ca-key'), args.value('ca-roots')];
  if (certificate === undefined && key === undefined && roots === undefined) return null;
  if (certificate !== undefined && key !== undefined && roots !== undefined) return { certificate, key, roots };
  throw new UsageError('--ca-certificate, --ca-key and --ca-roots belong together: give all three, or none');
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
