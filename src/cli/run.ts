import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { UsageError, type Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { readAddress, readDuration, readInteger, readName } from './option-values.ts';
import {
  readAccessLog,
  readControl,
  readUsualAdmin,
  type AccessLogChoice,
  accessLogOption,
  drainTimeoutOption,
  memberOptions,
  usualAdminOption,
} from './proxy-options.ts';
import type { Terminal } from './terminal.ts';

/** What `selvage run` was told. */
export interface RunOptions {
  readonly namespace: string;
  /** '' for a workload that only calls others. */
  readonly service: string;
  readonly serviceAccount: string;
  readonly ports: readonly RunPort[];
  readonly control: { readonly host: string; readonly port: number };
  /** What `selvage token create` has printed; undefined where the workload has joined before. */
  readonly token: string | undefined;
  /** Unique among running workloads. */
  readonly id: string;
  readonly zone: string;
  /** Where others reach this machine; undefined: the address that leads to the control plane. */
  readonly address: string | undefined;
  /** Of the sidecar; undefined: 15008, or any where that is taken. */
  readonly meshPort: number | undefined;
  /** Of the HTTP proxy for the application; 0: any. */
  readonly proxyPort: number;
  /** Folder for the key and for what the control plane has said. */
  readonly state: string;
  readonly accessLog: AccessLogChoice;
  /** Null where there is to be none. */
  readonly admin: { readonly address: string; readonly port: number } | null;
  readonly drainTimeoutMs: number;
  readonly capture: CaptureChoice;
  /** The command with its arguments. */
  readonly command: readonly string[];
}

/** How the application's connections come to the sidecar, beside the HTTP proxy that its environment names. */
export type CaptureChoice =
  | { readonly type: 'none' }
  /** By names: `isOwn` for the application alone, `port` for whoever asks at 127.0.0.1. */
  | { readonly type: 'dns'; readonly isOwn: boolean; readonly port: number | undefined }
  /** By the packet filter. */
  | { readonly type: 'transparent' };

/** A port that the application listens on. */
export interface RunPort {
  readonly port: number;
  readonly protocol: 'http' | 'http2' | 'tcp';
}

/** @param run starts the command with its sidecar, and gives the command's exit code */
export function createRunCommand(run: (options: RunOptions, terminal: Terminal) => Promise<number>): Command {
  return {
    name: 'run',
    summary: 'starts an application with its sidecar, as a workload of a mesh',
    description: [
      'Gets an identity from the control plane, takes requests of other workloads over mutual TLS and hands them to the application on its own port, and brings what the application calls to an endpoint of the service, over mutual TLS as well. The application finds the sidecar by HTTP_PROXY and http_proxy, or need not know of it: see --dns and --transparent.',
      'The command starts when the sidecar is ready. Its exit code is that of this command (128 and the number of the signal that ended it). Ctrl-C and SIGTERM: others stop calling, open requests finish, then the command gets SIGTERM. In front of a command that serves nothing, Ctrl-C is for that command alone.',
      'The join token is needed at the first start; later ones go on with the saved identity while it is valid, also while the control plane is away. Rather than as an option, which other users of the machine can see, give it in the environment as SELVAGE_TOKEN.',
    ],
    positionals: [{ name: 'command', required: true, rest: true, description: 'what to start, with its arguments' }],
    options: [
      { name: 'service', value: '<name>', description: 'service that the application serves; default none' },
      {
        name: 'port',
        value: '<port[/protocol]>',
        repeatable: true,
        description: 'port that it listens on at 127.0.0.1, with http, http2 or tcp; default http',
      },
      ...memberOptions,
      { name: 'namespace', value: '<name>', description: 'namespace of the workload; default default' },
      { name: 'service-account', value: '<name>', description: 'who it runs as; default the name of the service' },
      {
        name: 'id',
        value: '<id>',
        description: 'name of this instance; default made of namespace, account, host and port',
      },
      { name: 'zone', value: '<zone>', description: 'topology zone; default none' },
      {
        name: 'address',
        value: '<ip>',
        description: 'where others reach this machine; default the address that leads to the control plane',
      },
      {
        name: 'mesh-port',
        value: '<port>',
        description: 'port for other sidecars; 0: any; default 15008, or any where that is taken',
      },
      { name: 'proxy-port', value: '<port>', description: 'port of the HTTP proxy for the application; default any' },
      {
        name: 'state',
        value: '<folder>',
        description: 'private folder of this instance; default one in ~/.local/state/selvage/run',
      },
      accessLogOption,
      usualAdminOption,
      {
        name: 'dns',
        description:
          'gives the application a resolver of its own, by which services have loopback addresses: for any TCP client',
      },
      {
        name: 'dns-port',
        value: '<port>',
        description: 'has such a resolver answer at this port of 127.0.0.1, for another resolver to ask',
      },
      {
        name: 'transparent',
        description:
          'captures what the application sends and what other machines send to its ports, by the packet filter; needs root and nft, and a network namespace or machine for this workload alone',
      },
      drainTimeoutOption,
    ],
    examples: [
      {
        command: 'selvage run --service cart --port 8080 --token svt_… -- node cart.js',
        explanation: 'makes cart.js, which listens on port 8080, the service cart',
      },
      {
        command: 'selvage run --service-account job -- curl http://cart/items',
        explanation: 'calls a service of the mesh',
      },
      {
        command: 'selvage run --service-account job --dns -- psql -h orders-db',
        explanation: 'calls one with a program that knows no proxy',
      },
    ],
    run: (args, terminal) => run(readRunOptions(args), terminal),
  };
}

/** @throws UsageError for the first option that cannot be used */
export function readRunOptions(args: Arguments): RunOptions {
  const service = args.value('service') ?? '';
  const serviceAccount = args.value('service-account') ?? service;
  if (serviceAccount === '')
    throw new UsageError(
      '--service is missing: the service that the application serves, or --service-account for one that only calls others',
    );
  const namespace = readName('--namespace', args.value('namespace') ?? 'default');
  const ports = args.values('port').map(readRunPort);
  const id =
    args.value('id') ?? [namespace, serviceAccount, hostname(), ...ports.slice(0, 1).map(({ port }) => port)].join('.');
  const address = args.value('address');
  const meshPort = args.value('mesh-port');
  return {
    namespace,
    service: service === '' ? '' : readName('--service', service),
    serviceAccount: readName('--service-account', serviceAccount),
    ports,
    control: readControl(args.value('control') ?? '127.0.0.1:15010'),
    token: args.value('token') ?? (process.env['SELVAGE_TOKEN'] || undefined),
    id,
    zone: args.value('zone') ?? '',
    address: address === undefined ? undefined : readAddress('--address', address),
    meshPort: meshPort === undefined ? undefined : readInteger('--mesh-port', meshPort, 0, 65_535),
    proxyPort: readInteger('--proxy-port', args.value('proxy-port') ?? '0', 0, 65_535),
    state: args.value('state') ?? join(defaultFolder(), id.replaceAll(/[^\w.-]/g, '_')),
    accessLog: readAccessLog(args.value('access-log') ?? 'off'),
    admin: readUsualAdmin(args.value('admin-port')),
    drainTimeoutMs: readDuration('--drain-timeout', args.value('drain-timeout') ?? '120s'),
    capture: readCapture(args),
    command: args.rest,
  };
}

function readCapture(args: Arguments): CaptureChoice {
  const port = args.value('dns-port');
  const isNamed = args.has('dns') || port !== undefined;
  if (args.has('transparent')) {
    if (isNamed) throw new UsageError('--transparent captures names as well: leave --dns and --dns-port out');
    return { type: 'transparent' };
  }
  if (!isNamed) return { type: 'none' };
  const readPort = port === undefined ? undefined : readInteger('--dns-port', port, 1, 65_535);
  return { type: 'dns', isOwn: args.has('dns'), port: readPort };
}

function readRunPort(text: string): RunPort {
  const [number = '', protocol = 'http', ...rest] = text.split('/');
  const isKnown = protocol === 'http' || protocol === 'http2' || protocol === 'tcp';
  if (!isKnown || rest.length > 0)
    throw new UsageError(`cannot read --port ${text}: give a port, or one with its protocol, as in 8080 or 5432/tcp`);
  return { port: readInteger('--port', number, 1, 65_535), protocol };
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ */
function defaultFolder(): string {
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'selvage', 'run');
}
