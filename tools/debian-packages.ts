import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** A program that tests or benchmarks talk with, and the Debian package that has it. */
export type DebianProgram = {
  readonly command: string;
  readonly packageName: string;
  /** What is skipped where the program is missing. */
  readonly neededFor: string;
};

/** The one list of programs from outside; npm has none of them. */
export const DEBIAN_PROGRAMS: readonly DebianProgram[] = [
  { command: 'curl', packageName: 'curl', neededFor: 'end-to-end tests with a real HTTP/1.1 and HTTP/2 client' },
  { command: 'openssl', packageName: 'openssl', neededFor: 'end-to-end tests of certificates and TLS' },
  { command: 'h2load', packageName: 'nghttp2-client', neededFor: 'HTTP/2 load tests' },
  { command: 'wrk', packageName: 'wrk', neededFor: 'HTTP/1.1 load tests and benchmarks' },
  { command: 'haproxy', packageName: 'haproxy', neededFor: 'interoperability tests and benchmarks against HAProxy' },
  { command: 'ip', packageName: 'iproute2', neededFor: 'tests of several hosts, in network namespaces' },
  { command: 'nft', packageName: 'nftables', neededFor: 'tests of transparent capture' },
  { command: 'nginx', packageName: 'nginx-light', neededFor: 'interoperability tests and benchmarks against nginx' },
];

/** Debian keeps servers where the path of an ordinary user does not look. */
const EXTRA_FOLDERS = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

const POLICY_FILE = '/usr/sbin/policy-rc.d';

/**
 * Finds a program.
 *
 * @returns its path, or undefined where it is not installed
 */
export function findProgram(command: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...EXTRA_FOLDERS];
  return folders.map((folder) => join(folder, command)).find(isExecutable);
}

/**
 * Installs what is missing, quietly, where this process may (root, with apt-get).
 *
 * @param say - is told by name what is installed and what stays missing
 * @returns the programs that are still missing; that is no failure, their tests skip themselves
 */
export function installMissingPrograms(say: (line: string) => void): DebianProgram[] {
  const missing = missingPrograms();
  if (missing.length === 0) return [];
  const mayInstall = process.getuid?.() === 0 && findProgram('apt-get') !== undefined;
  if (mayInstall) {
    const names = missing.map(({ packageName }) => packageName);
    say(`installing ${names.join(', ')}`);
    withoutStartingServices(() => install(names));
  }
  const left = mayInstall ? missingPrograms() : missing;
  for (const { command, packageName, neededFor } of left) {
    say(`${command} is missing: ${neededFor} are skipped (install the Debian package ${packageName})`);
  }
  return left;
}

function missingPrograms(): DebianProgram[] {
  return DEBIAN_PROGRAMS.filter(({ command }) => findProgram(command) === undefined);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** All at once; where that fails, lists may be old; where it fails again, one by one, so that one bad name costs one. */
function install(names: readonly string[]): void {
  if (aptGet(['install', ...names])) return;
  aptGet(['update']);
  if (aptGet(['install', ...names])) return;
  for (const name of names) aptGet(['install', name]);
}

function aptGet(args: readonly string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' };
  const options = ['-qq', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=60'];
  const run = spawnSync('apt-get', [...options, ...args], { env, stdio: 'ignore', timeout: 300_000 });
  return run.status === 0;
}

/** Debian starts a server as soon as it is installed, unless this file says 101, "forbidden by policy". */
function withoutStartingServices(work: () => void): void {
  if (existsSync(POLICY_FILE)) return work();
  try {
    writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  } catch {
    // A read-only /usr: nothing can be installed there either.
  }
  try {
    work();
  } finally {
    rmSync(POLICY_FILE, { force: true });
  }
}
