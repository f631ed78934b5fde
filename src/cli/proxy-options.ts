import { availableParallelism } from 'node:os';
import { parseCidr } from '#base/cidr.ts';
import { UsageError } from './arguments.ts';
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
