// CPU per request and throughput, at as many requests as each peer answers.

import { runWrk, type WrkResult } from '../generators/wrk.ts';
import type { Job } from '../jobs.ts';
import { cpuTimeBetweenNs, readCpuTimes } from '../machine/cpu.ts';
import type { PeerName } from '../peers/peer.ts';
import type { RunningPeer } from '../peers/running-peer.ts';
import { startPeers, stopPeers, type BenchRun, type Failure } from './bench-run.ts';

/** One peer in one round of one job. */
export interface Measurement {
  readonly cpuUsPerRequest: number;
  readonly requestsPerSecond: number;
  /** Bodies moved, in whichever direction the job moves them. */
  readonly bytesPerSecond: number;
  /** CPU time of the peer per time passed: 1 means that its thread never waited. */
  readonly cores: number;
  readonly p99Us: number;
}

/** The rounds of one job, for each peer that completed them all without an error. */
export interface JobResult {
  readonly job: Job;
  readonly rounds: ReadonlyMap<PeerName, readonly Measurement[]>;
}

/** Before the first measured round of a job, so that just-in-time compilers and connection pools have settled. */
const WARM_UP_SECONDS = 1;

/** A job with the started peers that it is measured with. */
interface Setup {
  readonly job: Job;
  readonly running: readonly RunningPeer[];
  readonly rounds: Map<PeerName, Measurement[]>;
}

/**
 * Measures jobs, with the peers taking turns: A B C, A B C, and so on. Those that wait for their turn are idle.
 *
 * Jobs about routes are compared with each other too, so they take turns as well.
 */
export async function measureThroughput(
  run: BenchRun,
  jobs: readonly Job[],
  failures: Failure[],
): Promise<JobResult[]> {
  const aboutRoutes = jobs.filter((job) => job.group === 'routes');
  const others = jobs.filter((job) => job.group !== 'routes');
  const results: JobResult[] = [];
  for (const [routes, sameRoutes] of Map.groupBy(others, (job) => job.routes)) {
    const running = await startPeers(run, routes, failures);
    for (const job of sameRoutes) results.push(...(await measureInTurns(run, [setUp(job, running)], failures)));
    await stopPeers(running);
  }
  const setups: Setup[] = [];
  for (const job of aboutRoutes) setups.push(setUp(job, await startPeers(run, job.routes, failures)));
  results.push(...(await measureInTurns(run, setups, failures)));
  await stopPeers(setups.flatMap((setup) => setup.running));
  return results;
}

function setUp(job: Job, running: readonly RunningPeer[]): Setup {
  return { job, running, rounds: new Map(running.map((peer) => [peer.name, []])) };
}

async function measureInTurns(
  run: BenchRun,
  setups: readonly Setup[],
  failures: Failure[],
): Promise<readonly JobResult[]> {
  for (const { job, running } of setups) {
    for (const peer of running) await runWrk(run.workspace, peer.port, job, WARM_UP_SECONDS);
  }
  for (let round = 1; round <= run.rounds; round++) {
    for (const setup of setups) {
      run.say(`${setup.job.name}, round ${round} of ${run.rounds}`);
      await measureRound(run, setup, failures);
    }
  }
  return setups;
}

async function measureRound(run: BenchRun, { job, running, rounds }: Setup, failures: Failure[]): Promise<void> {
  for (const peer of running) {
    const measured = rounds.get(peer.name);
    if (measured === undefined) continue;
    const outcome = await measureOnce(run, peer, job);
    if (typeof outcome !== 'string') {
      measured.push(outcome);
      continue;
    }
    failures.push({ cell: job.name, peer: peer.name, reason: outcome });
    rounds.delete(peer.name);
  }
}

/** @returns the measurement, or why it does not count. */
async function measureOnce(run: BenchRun, peer: RunningPeer, job: Job): Promise<Measurement | string> {
  peer.emptyLog();
  const before = readCpuTimes(peer.pid);
  const result = await runWrk(run.workspace, peer.port, job, run.seconds);
  const cpuNs = cpuTimeBetweenNs(before, readCpuTimes(peer.pid));
  const problem = problemOf(result);
  if (problem !== undefined) return problem;
  const requestsPerSecond = result.requests / result.seconds;
  return {
    cpuUsPerRequest: cpuNs / 1e3 / result.requests,
    requestsPerSecond,
    bytesPerSecond: job.upload === undefined ? result.bytesRead / result.seconds : requestsPerSecond * job.upload,
    cores: cpuNs / 1e9 / result.seconds,
    p99Us: result.p99Us,
  };
}

function problemOf(result: WrkResult): string | undefined {
  if (result.requests === 0) return 'no request was completed';
  if (result.badStatuses + result.socketErrors === 0) return undefined;
  return `${result.badStatuses} bad statuses and ${result.socketErrors} socket errors in ${result.requests} requests`;
}
