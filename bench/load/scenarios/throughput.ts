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

/**
 * Measures jobs, with the peers taking turns: A B C, A B C, and so on.
 *
 * Jobs with the same number of routes share the started peers; those that wait for their turn are idle.
 */
export async function measureThroughput(
  run: BenchRun,
  jobs: readonly Job[],
  failures: Failure[],
): Promise<JobResult[]> {
  const results: JobResult[] = [];
  for (const [routes, sameRoutes] of Map.groupBy(jobs, (job) => job.routes)) {
    const running = await startPeers(run, routes, failures);
    for (const job of sameRoutes) results.push({ job, rounds: await measureJob(run, running, job, failures) });
    await stopPeers(running);
  }
  return results;
}

async function measureJob(
  run: BenchRun,
  running: readonly RunningPeer[],
  job: Job,
  failures: Failure[],
): Promise<Map<PeerName, Measurement[]>> {
  const rounds = new Map<PeerName, Measurement[]>(running.map((peer) => [peer.name, []]));
  for (const peer of running) await runWrk(run.workspace, peer.port, job, WARM_UP_SECONDS);
  for (let round = 1; round <= run.rounds; round++) {
    run.say(`${job.name}, round ${round} of ${run.rounds}`);
    for (const peer of running) {
      if (!rounds.has(peer.name)) continue;
      const outcome = await measureOnce(run, peer, job);
      if (typeof outcome === 'string') {
        failures.push({ cell: job.name, peer: peer.name, reason: outcome });
        rounds.delete(peer.name);
      } else {
        rounds.get(peer.name)?.push(outcome);
      }
    }
  }
  return rounds;
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
