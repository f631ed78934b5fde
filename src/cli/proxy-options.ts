import { availableParallelism } from 'node:os';
import { parseCidr } from '#base/cidr.ts';
import { UsageError } from './arguments.ts';
import type { Option } from './command.ts';
import { readInteger } from './option-values.ts';

/** Where the access log goes. */
export type AccessLogChoice =
  | { readonly type: 'none' }
  | { readonly type: 'stdout' }
  | { readonly type: 'file'; readonly path: string };

export function readAccessLog(text: string): AccessLogChoice {
  if (text === 'off') return { type: 'none' };
  return text === 'stdout' ? { type: 'stdout' } : { type: 'file', path: text };
}

/** As every process declares it that writes one. */
export const accessLogOption: Option = {
  name: 'access-log',
  value: '<file|stdout|off>',
  description: 'where one JSON line for each request goes; default off',
};

/** Of a process that may stand behind other proxies. */
export const trustedProxyOption: Option = {
  name: 'trusted-proxy',
  value: '<cidr>',
  repeatable: true,
  description: 'address or range of proxies in front of this one whose X-Forwarded-For is believed; default none',
};

export const drainTimeoutOption: Option = {
  name: 'drain-timeout',
  value: '<duration>',
  description: 'how long open requests may take to finish when stopping; default 120s',
};

export const workersOption: Option = {
  name: 'workers',
  value: '<n|auto>',
  description: 'threads that carry traffic; auto: one for each core; default 1',
};

/** Of a proxy of which a machine may have several. */
export const usualAdminOption: Option = {
  name: 'admin-port',
  value: '<port|off>',
  description: 'port of health, readiness and metrics; 0: any; default 15020, or any where that is taken',
};

/** Of a process that is a member of a mesh: where it joins, and by what. */
export const memberOptions: readonly Option[] = [
  { name: 'control', value: '<host:port>', description: 'control plane; default 127.0.0.1:15010' },
  { name: 'token', value: '<token>', description: 'join token; default SELVAGE_TOKEN of the environment' },
];

/** Where a control plane is. */
export interface ControlPlace {
  readonly host: string;
  readonly port: number;
}

export function readControl(text: string): ControlPlace {
  const [, bracketed, plain, port = ''] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/\s]+)):(\d+)$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined)
    throw new UsageError(`cannot read --control ${text}: give host and port, as in 10.0.0.1:15010`);
  return { host, port: readInteger('--control', port, 1, 65_535) };
}

/** The admin port of a proxy of which a machine may have several: -1 for the usual one, or any where that is taken. */
export function readUsualAdmin(text: string | undefined): { readonly address: string; readonly port: number } | null {
  if (text === 'off') return null;
  const port = text === undefined ? -1 : readInteger('--admin-port', text, 0, 65_535, ', or off');
  return { address: '127.0.0.1', port };
}

/** Beyond that threads only take turns on the cores of any machine there is. */
const MAX_WORKERS = 256;

export function readWorkers(text: string): number {
  if (text === 'auto') return Math.min(availableParallelism(), MAX_WORKERS);
  return readInteger('--workers', text, 1, MAX_WORKERS, ', or auto');
}

export function readCidr(text: string): string {
  if (parseCidr(text) !== undefined) return text;
  throw new UsageError(`cannot read --trusted-proxy ${text}: give an IP address or a range, as in 10.0.0.0/8`);
}
