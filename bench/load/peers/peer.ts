// The contract of a proxy that takes part in the comparison.

import { spawnSync } from 'node:child_process';
import type { Launch } from '../machine/workspace.ts';

export type PeerName = 'selvage' | 'haproxy' | 'nginx' | 'caddy' | 'envoy';

/** Whether a peer can run on this machine. */
export type Availability =
  | { readonly kind: 'installed'; readonly version: string }
  | { readonly kind: 'missing'; readonly reason: string };

/** What every peer is asked to do. The same for all of them, so that the figures can be compared. */
export interface Assignment {
  /** Where the configuration, the log and everything else that it writes go. Exists, empty. */
  readonly folder: string;
  /** Listen here on 127.0.0.1, HTTP/1.1 without TLS. */
  readonly port: number;
  /** Serve metrics or administration here. */
  readonly adminPort: number;
  /** Forward everything here on 127.0.0.1, HTTP/1.1 over connections that are kept. */
  readonly upstreamPort: number;
  /** Know this many routes, `/r0/` and up; anything else is a 404. */
  readonly routes: number;
  /** Write one line per request into this file; no access log when absent. */
  readonly accessLog?: string;
}

/** One proxy: how to find it, and how to configure and start it with one thread of work. */
export interface Peer {
  readonly name: PeerName;
  available(): Availability;
  /** Writes the configuration and says how to start. */
  prepare(assignment: Assignment): Launch;
}

/** Runs `<command> <args>` and takes the first number with dots that it prints for the version. */
export function installedVersion(command: string, args: readonly string[]): Availability {
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 10_000 });
  if (result.error !== undefined) return { kind: 'missing', reason: `${command} is not installed` };
  const version = /\d+(\.\d+)+/.exec(result.stdout + result.stderr)?.[0];
  return { kind: 'installed', version: version ?? 'of unknown version' };
}

/** @returns the path prefixes of an assignment. */
export function routePrefixes(routes: number): string[] {
  return Array.from({ length: routes }, (_, route) => `/r${route}`);
}
