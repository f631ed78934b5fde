import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import type { RunOptions } from '#cli/run.ts';
import { whyNoOwnResolverFile } from '../agent/capture/own-resolver-file.ts';
import { type Finding, findingsAbout } from './finding.ts';

const NEEDED_NODE = 26;
/** Each connection takes one, and a proxy has two for each request that is under way. */
const ENOUGH_FILES = 4096;
const LIMITS = '/proc/self/limits';
const PACKET_FILTER = 'nft';

/** Node itself, and what the kernel lets this process have. */
export function checkMachine(): readonly Finding[] {
  return [judgeNode(process.versions.node), judgeFileLimit(readText(LIMITS))];
}

export function judgeNode(version: string): Finding {
  const { good, bad } = findingsAbout('node');
  return Number.parseInt(version, 10) >= NEEDED_NODE
    ? good(`Node ${version}`)
    : bad(`Node ${version} is too old`, `install Node ${NEEDED_NODE} or newer`);
}

/** @param limits content of `/proc/self/limits`; '' where there is none */
export function judgeFileLimit(limits: string): Finding {
  const { good, doubtful } = findingsAbout('open files');
  const soft = /^Max open files\s+(\d+|unlimited)/m.exec(limits)?.[1];
  if (soft === undefined) return doubtful('how many files may be open is not known here');
  if (soft === 'unlimited' || Number(soft) >= ENOUGH_FILES) return good(`${soft} may be open at a time`);
  return doubtful(
    `only ${soft} may be open at a time, and each connection takes one`,
    'run ulimit -n 65536 before the start, or set LimitNOFILE=65536 in the systemd unit',
  );
}

/** What captures need beside an HTTP proxy. */
export function checkCapture({ capture }: RunOptions): readonly Finding[] {
  if (capture.type === 'transparent') return [judgePacketFilter(process.getuid?.() === 0, tryPacketFilter())];
  if (capture.type !== 'dns' || !capture.isOwn) return [];
  const { good, bad } = findingsAbout('own resolver');
  const reason = whyNoOwnResolverFile('/etc/resolv.conf');
  return [reason === undefined ? good('the application can have a resolver of its own') : bad(reason)];
}

/** @param said what nft says against a ruleset; '' where nothing, undefined where it is not installed */
export function judgePacketFilter(isRoot: boolean, said: string | undefined): Finding {
  const { good, bad } = findingsAbout('packet filter');
  if (said === undefined) return bad('nft is not installed', 'install the package nftables, or use --dns');
  if (!isRoot) return bad('--transparent needs root', 'run it as root, or use --dns');
  return said === ''
    ? good('nft takes rules')
    : bad(`nft takes no rules: ${said}`, 'use --dns, or a kernel with nf_tables');
}

/** Has rules judged without making any. */
function tryPacketFilter(): string | undefined {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  const input = 'table inet selvage_check { chain out { type nat hook output priority -100; }; }\n';
  const { error, status, stderr } = spawnSync(PACKET_FILTER, ['--check', '--file', '-'], {
    input,
    env,
    timeout: 10_000,
  });
  if (error !== undefined && 'code' in error && error.code === 'ENOENT') return undefined;
  return status === 0 ? '' : (stderr?.toString().split('\n')[0] ?? 'it does not answer');
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
