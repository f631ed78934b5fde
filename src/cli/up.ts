import type { Arguments } from './arguments.ts';
import type { Command } from './command.ts';
import { readAddress, readDuration, readInteger } from './option-values.ts';
import {
  readAccessLog,
  readCidr,
  readWorkers,
  type AccessLogChoice,
  accessLogOption,
  drainTimeoutOption,
  trustedProxyOption,
  workersOption,
} from './proxy-options.ts';
import type { Terminal } from './terminal.ts';

/** What `selvage up` was told. */
export interface UpOptions {
  /** A folder, or one file. */
  readonly folder: string;
  /** Threads that carry traffic; 1: the main one does. */
  readonly workers: number;
  /** Null where there is to be none. */
  readonly admin: { readonly address: string; readonly port: number } | null;
  readonly accessLog: AccessLogChoice;
  /** CIDRs. */
  readonly trustedProxies: readonly string[];
  readonly drainTimeoutMs: number;
}

/** @param up serves until it is told to stop, and gives the exit code */
export function createUpCommand(up: (options: UpOptions, terminal: Terminal) => Promise<number>): Command {
  return {
    name: 'up',
    summary: 'serves what a folder of documents declares, and follows its changes',
    description: [
      'Reads all documents (*.yaml, *.yml, *.json) of a folder and serves the Gateways and routes that they declare. A change of the folder is applied as soon as it is saved; no connection is dropped for it.',
      'What is wrong is printed with file, line and column, and the rest is served: an object that was good before keeps its last good form. It ends at once, with exit code 1, only where there is nothing at all to serve or the admin port is taken.',
      'Ctrl-C (or SIGTERM) lets open requests finish, a second one does not wait. SIGHUP opens the access log anew.',
    ],
    positionals: [
      {
        name: 'folder',
        required: false,
        description: 'folder of documents, or one file; the current folder if not given',
      },
    ],
    options: [
      workersOption,
      {
        name: 'admin-port',
        value: '<port|off>',
        description: 'port of health, readiness, metrics and status; 0 lets the system choose; default 15020',
      },
      {
        name: 'admin-address',
        value: '<ip>',
        description: 'address that the admin port is bound to; default 127.0.0.1',
      },
      accessLogOption,
      trustedProxyOption,
      drainTimeoutOption,
    ],
    examples: [
      { command: 'selvage up examples/shop/config', explanation: 'serves the example shop' },
      { command: 'selvage up . --access-log stdout', explanation: 'serves the current folder and shows each request' },
      {
        command: 'selvage up /etc/selvage --workers auto --access-log /var/log/selvage.log',
        explanation: 'uses all cores and logs to a file',
      },
    ],
    run: (args, terminal) => up(readOptions(args), terminal),
  };
}

function readOptions(args: Arguments): UpOptions {
  return {
    folder: args.positional('folder') ?? '.',
    workers: readWorkers(args.value('workers') ?? '1'),
    admin: readAdmin(args.value('admin-port') ?? '15020', args.value('admin-address') ?? '127.0.0.1'),
    accessLog: readAccessLog(args.value('access-log') ?? 'off'),
    trustedProxies: args.values('trusted-proxy').map(readCidr),
    drainTimeoutMs: readDuration('--drain-timeout', args.value('drain-timeout') ?? '120s'),
  };
}

function readAdmin(port: string, address: string): UpOptions['admin'] {
  if (port === 'off') return null;
  return {
    address: readAddress('--admin-address', address),
    port: readInteger('--admin-port', port, 0, 65_535, ', or off'),
  };
}
