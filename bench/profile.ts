// Where Selvage's time goes under load: `npm run bench -- http1 --profile`.

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runWrk } from './load/generators/wrk.ts';
import { JOBS, USUAL_JOB } from './load/jobs.ts';
import type { Workspace } from './load/machine/workspace.ts';
import { startPeer } from './load/peers/running-peer.ts';
import { selvageWith } from './load/peers/selvage.ts';
import { formatTable } from './load/report/table.ts';

/** The part of V8's `.cpuprofile` format that matters here. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  /** Ids of the nodes on top of the stack, one per sample. */
  readonly samples: readonly number[];
  /** µs since the sample before. */
  readonly timeDeltas: readonly number[];
}

export interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
}

/** The time that one function was on top of the stack. */
export interface SelfTime {
  readonly name: string;
  /** `path:line` within the checkout, Node's own module name, or nothing for native code. */
  readonly where: string;
  readonly selfMs: number;
  /** Of all time in which the thread was not idle, between 0 and 1. */
  readonly share: number;
}

const ROOT = join(import.meta.dirname, '..');
const SHOWN_FUNCTIONS = 40;
const SAMPLE_INTERVAL_US = 250;
const WARM_UP_SECONDS = 2;

/** Loads Selvage under `--cpu-prof`. @returns a table of the functions that cost most, per thread. */
export async function profileSelvage(
  workspace: Workspace,
  upstreamPort: number,
  options: { readonly seconds: number; readonly accessLog: boolean },
): Promise<string> {
  const job = JOBS.find((candidate) => candidate.name === USUAL_JOB);
  if (job === undefined) throw new Error(`cannot profile: there is no job ${USUAL_JOB}`);
  const folder = workspace.newFolder('profiles');
  const node = ['--cpu-prof', `--cpu-prof-dir=${folder}`, `--cpu-prof-interval=${SAMPLE_INTERVAL_US}`];
  const peer = await startPeer(workspace, selvageWith(node), {
    upstreamPort,
    routes: job.routes,
    accessLog: options.accessLog,
  });
  const { requests } = await runWrk(workspace, peer.port, job, WARM_UP_SECONDS + options.seconds);
  // Node writes profiles when a process ends by itself, so it must have the time to.
  await peer.stop(15_000);
  const files = readdirSync(folder).filter((name) => name.endsWith('.cpuprofile'));
  if (files.length === 0) throw new Error('cannot profile: the process was ended before it wrote a profile');
  const tables = files.map((name) => {
    const profile = JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuProfile;
    return `${name}\n${formatProfile(selfTimes(profile))}`;
  });
  return `${job.title}: ${requests} requests\n\n${tables.join('\n')}`;
}

/** Sums a profile by function. @returns the functions, most expensive first, without idle time. */
export function selfTimes(profile: CpuProfile): SelfTime[] {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const byFunction = new Map<string, { name: string; where: string; selfMs: number }>();
  let busyMs = 0;
  for (const [index, id] of profile.samples.entries()) {
    const frame = frames.get(id);
    if (frame === undefined || frame.functionName === '(idle)') continue;
    const tookMs = Math.max(0, profile.timeDeltas[index] ?? 0) / 1e3;
    busyMs += tookMs;
    const name = frame.functionName === '' ? '(anonymous)' : frame.functionName;
    const where = placeOf(frame);
    const entry = byFunction.get(`${name} ${where}`) ?? { name, where, selfMs: 0 };
    entry.selfMs += tookMs;
    byFunction.set(`${name} ${where}`, entry);
  }
  return [...byFunction.values()]
    .toSorted((a, b) => b.selfMs - a.selfMs)
    .map((entry) => ({ ...entry, share: entry.selfMs / busyMs }));
}

function placeOf({ url, lineNumber }: ProfileNode['callFrame']): string {
  if (url === '') return '';
  const path = url.startsWith('file:') ? relative(ROOT, fileURLToPath(url)) : url;
  // V8 counts lines from 0.
  return `${path}:${lineNumber + 1}`;
}

function formatProfile(times: readonly SelfTime[]): string {
  const rows = times
    .slice(0, SHOWN_FUNCTIONS)
    .map(({ name, where, selfMs, share }) => [`${name}  ${where}`, selfMs.toFixed(1), `${(share * 100).toFixed(1)} %`]);
  return formatTable(['function', 'self ms', 'of busy'], rows);
}
