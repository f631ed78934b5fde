import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { UsageError, type Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { readDuration, readName } from './option-values.ts';
import {
  readAccessLog,
  readCidr,
  readControl,
  readUsualAdmin,
  readWorkers,
  type AccessLogChoice,
  type ControlPlace,
  accessLogOption,
  drainTimeoutOption,
  memberOptions,
  trustedProxyOption,
  usualAdminOption,
  workersOption,
} from './proxy-options.ts';
import type { Terminal } from './terminal.ts';

/** What `selvage gateway` was told. */
export interface GatewayCommandOptions {
  readonly namespace: string;
  /** Of the Gateway. */
  readonly name: string;
  readonly serviceAccount: string;
  readonly control: ControlPlace;
  /** What `selvage token create` has printed; undefined where the gateway has joined before. */
  readonly token: string | undefined;
  /** Unique among running workloads. */
  readonly id: string;
  /** Folder for the key and for what the control plane has said. */
  readonly state: string;
  /** Threads that carry traffic; 1: the main one does. */
  readonly workers: number;
  readonly accessLog: AccessLogChoice;
  /** Null where there is to be none. */
  readonly admin: { readonly address: string; readonly port: number } | null;
  /** CIDRs. */
  readonly trustedProxies: readonly string[];
  readonly drainTimeoutMs: number;
}

/** @param gateway serves until it is told to stop, and gives the exit code */
export function createGatewayCommand(
  gateway: (options: GatewayCommandOptions, terminal: Terminal) => Promise<number>,
): Command {
  return {
    name: 'gateway',
    summary: 'serves a declared Gateway at the edge of a mesh',
    description: [
      'Gets an identity from the control plane, is told what the Gateway of its name declares, binds its listeners, and brings requests to the workloads of the mesh, over mutual TLS as itself. Changes are applied as soon as they are declared; no connection is dropped for them.',
      'Who may be a gateway is told by service account: that of the name of the Gateway, or those of its annotation selvage.dev/service-accounts.',
      'The join token is needed at the first start; later ones go on with what was saved, also while the control plane is away. Rather than as an option, which other users of the machine can see, give it in the environment as SELVAGE_TOKEN.',
      'Ctrl-C (or SIGTERM) lets open requests finish, a second one does not wait. SIGHUP opens the access log anew.',
    ],
    positionals: [],
    options: [
      { name: 'name', value: '<name>', description: 'Gateway to serve' },
      { name: 'namespace', value: '<name>', description: 'namespace of the Gateway; default default' },
      { name: 'service-account', value: '<name>', description: 'who it runs as; default the name of the Gateway' },
      ...memberOptions,
      {
        name: 'id',
        value: '<id>',
        description: 'name of this instance; default made of namespace, Gateway and host',
      },
      {
        name: 'state',
        value: '<folder>',
        description: 'private folder of this instance; default one in ~/.local/state/selvage/gateway',
      },
      workersOption,
      accessLogOption,
      usualAdminOption,
      trustedProxyOption,
      drainTimeoutOption,
    ],
    examples: [
      {
        command: 'selvage gateway --name public --namespace shop --token svt_…',
        explanation: 'serves Gateway shop/public',
      },
    ],
    run: (args, terminal) => gateway(readGatewayOptions(args), terminal),
  };
}

/** @throws UsageError for the first option that cannot be used */
export function readGatewayOptions(args: Arguments): GatewayCommandOptions {
  const given = args.value('name');
  if (given === undefined) throw new UsageError('--name is missing: the Gateway to serve');
  const name = readName('--name', given);
  const namespace = readName('--namespace', args.value('namespace') ?? 'default');
  const id = args.value('id') ?? ['gateway', namespace, name, hostname()].join('.');
  return {
    namespace,
    name,
    serviceAccount: readName('--service-account', args.value('service-account') ?? name),
    control: readControl(args.value('control') ?? '127.0.0.1:15010'),
    token: args.value('token') ?? (process.env['SELVAGE_TOKEN'] || undefined),
    id,
    state: args.value('state') ?? join(defaultFolder(), id.replaceAll(/[^\w.-]/g, '_')),
    workers: readWorkers(args.value('workers') ?? '1'),
    accessLog: readAccessLog(args.value('access-log') ?? 'off'),
    admin: readUsualAdmin(args.value('admin-port')),
    trustedProxies: args.values('trusted-proxy').map(readCidr),
    drainTimeoutMs: readDuration('--drain-timeout', args.value('drain-timeout') ?? '120s'),
  };
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ */
function defaultFolder(): string {
  return join(process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'selvage', 'gateway');
}
