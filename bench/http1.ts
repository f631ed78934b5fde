// `npm run bench -- http1`: measures Selvage over HTTP/1.1 beside its peers and compares the results with the bars.

import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus, release } from 'node:os';
import { JOBS, USUAL_JOB, type Group } from './load/jobs.ts';
import { backgroundShare } from './load/machine/background.ts';
import { Workspace } from './load/machine/workspace.ts';
import { installedVersion, type Peer, type PeerName } from './load/peers/peer.ts';
import { PEERS } from './load/peers/peers.ts';
import { evaluateBars, verdictOf } from './load/report/bars.ts';
import { formatReport } from './load/report/report.ts';
import { saturations, type Results } from './load/report/results.ts';
import type { BenchRun, Failure } from './load/scenarios/bench-run.ts';
import { measureLatency, type LatencyResult } from './load/scenarios/latency.ts';
import { measureMemory } from './load/scenarios/memory.ts';
import { measureStartUp } from './load/scenarios/start-up.ts';
import { measureThroughput, type JobResult } from './load/scenarios/throughput.ts';
import { startUpstream, type Upstream } from './load/upstream/upstream.ts';
import { HELP, parseOptions, type BenchOptions } from './options.ts';
import { profileSelvage } from './profile.ts';

/** Above this share of background work, latencies are those of the scheduler. */
const QUIET_SHARE = 0.1;

process.exitCode = await main(process.argv.slice(2));

/** @returns the exit status: 1 when any cell failed, 2 for a wrong command line. */
async function main(args: readonly string[]): Promise<number> {
  let options: BenchOptions;
  try {
    options = parseOptions(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const workspace = new Workspace();
  try {
    const upstream = await startUpstream(workspace);
    if (options.profile) {
      process.stdout.write(await profileSelvage(workspace, upstream.port, options));
      return 0;
    }
    return await compare(workspace, upstream, options);
  } finally {
    await workspace.close();
  }
}

async function compare(workspace: Workspace, upstream: Upstream, options: BenchOptions): Promise<number> {
  const { peers, machine } = choosePeers(options.peers, upstream);
  const busyBefore = await backgroundShare();
  const run: BenchRun = {
    workspace,
    upstreamPort: upstream.port,
    peers,
    rounds: options.rounds,
    seconds: options.seconds,
    accessLog: options.accessLog,
    say: (message) => process.stderr.write(`${message}\n`),
  };
  const measured = await measure(run, options.groups, machine);
  const background = describeBackground(busyBefore, await backgroundShare());
  const results = { ...measured, machine: { ...machine, background } };
  process.stdout.write(formatReport(results));
  if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, toJson(results));
  return results.failures.length === 0 ? 0 : 1;
}

function describeBackground(before: number, after: number): string {
  const shares = `others used ${(before * 100).toFixed(0)} % of the CPUs before and ${(after * 100).toFixed(0)} % after`;
  return Math.max(before, after) > QUIET_SHARE
    ? `${shares}: TOO BUSY, trust the ratios a little and the rest not`
    : shares;
}

function choosePeers(
  names: readonly PeerName[],
  upstream: Upstream,
): { peers: Peer[]; machine: Record<string, string> } {
  const wrk = installedVersion('wrk', ['-v']);
  if (wrk.kind === 'missing') throw new Error('cannot make load: wrk is not installed (install the package wrk)');
  const machine: Record<string, string> = {
    machine: `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown CPU'}, Linux ${release()}`,
    origin: upstream.description,
  };
  const peers = PEERS.filter((peer) => {
    if (!names.includes(peer.name)) return false;
    const found = peer.available();
    machine[peer.name] = found.kind === 'installed' ? found.version : `left out: ${found.reason}`;
    return found.kind === 'installed';
  });
  if (peers.length === 0) throw new Error('cannot compare: none of the chosen peers is installed');
  return { peers, machine };
}

async function measure(run: BenchRun, groups: readonly Group[], machine: Record<string, string>): Promise<Results> {
  const failures: Failure[] = [];
  const jobs = await measureThroughput(
    run,
    JOBS.filter((job) => groups.includes(job.group)),
    failures,
  );
  const latency = groups.includes('latency') ? await latencyBelowSaturation(run, jobs, failures) : undefined;
  return {
    machine,
    jobs,
    ...(latency === undefined ? {} : { latency }),
    memory: groups.includes('memory') ? await measureMemory(run, failures) : new Map(),
    startUp: groups.includes('startup') ? await measureStartUp(run, failures) : new Map(),
    failures,
  };
}

/** Measures what each peer can do at most first, unless that was measured already. */
async function latencyBelowSaturation(
  run: BenchRun,
  measured: readonly JobResult[],
  failures: Failure[],
): Promise<LatencyResult | undefined> {
  const usual = JOBS.filter((job) => job.name === USUAL_JOB);
  const isMeasured = measured.some(({ job }) => job.name === USUAL_JOB);
  const jobs = isMeasured ? measured : await measureThroughput(run, usual, failures);
  return measureLatency(run, saturations(jobs, USUAL_JOB), failures);
}

function toJson(results: Results): string {
  const bars = evaluateBars(results).map((bar) => ({ ...bar, verdict: verdictOf(bar) }));
  const plain = (_key: string, value: unknown): unknown => (value instanceof Map ? Object.fromEntries(value) : value);
  return `${JSON.stringify({ ...results, bars }, plain, 2)}\n`;
}
