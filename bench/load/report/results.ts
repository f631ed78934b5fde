// Everything that one run measured, and how later steps look it up.

import type { PeerName } from '../peers/peer.ts';
import type { Failure } from '../scenarios/bench-run.ts';
import type { LatencyResult } from '../scenarios/latency.ts';
import type { MemoryResult } from '../scenarios/memory.ts';
import type { JobResult, Measurement } from '../scenarios/throughput.ts';
import { median, pairedRatio, type Summary } from './statistics.ts';

/** The results of one run; what `--only` left out is empty or absent. */
export interface Results {
  readonly machine: Readonly<Record<string, string>>;
  readonly jobs: readonly JobResult[];
  readonly latency?: LatencyResult;
  readonly memory: ReadonlyMap<PeerName, MemoryResult>;
  /** In ms, by peer; the example shop is a row of its own. */
  readonly startUp: ReadonlyMap<string, readonly number[]>;
  readonly failures: readonly Failure[];
}

/** @returns one quantity of one peer in each round of a job; `undefined` where it was not measured or failed. */
export function seriesOf(
  results: Results,
  job: string,
  peer: PeerName,
  quantity: keyof Measurement,
): readonly number[] | undefined {
  const rounds = results.jobs.find((result) => result.job.name === job)?.rounds.get(peer);
  return rounds?.map((round) => round[quantity]);
}

/** @returns `ours / theirs`, paired by rounds; `undefined` where either is missing. */
export function ratioOf(
  ours: readonly number[] | undefined,
  theirs: readonly number[] | undefined,
): Summary | undefined {
  return ours === undefined || theirs === undefined ? undefined : pairedRatio(ours, theirs);
}

/** @returns what a peer adds to the origin's own latency in each round, in µs. */
export function addedLatencyUs(
  latency: LatencyResult | undefined,
  peer: PeerName,
  quantile: 'p50Us' | 'p99Us',
): readonly number[] | undefined {
  const direct = latency?.rounds.get('direct');
  const through = latency?.rounds.get(peer);
  if (direct === undefined || through === undefined) return undefined;
  return through.map((round, index) => round[quantile] - (direct[index]?.[quantile] ?? Number.NaN));
}

/** @returns the median requests per second that each peer answered in a job; empty when the job was not measured. */
export function saturations(jobs: readonly JobResult[], job: string): Map<PeerName, number> {
  const rounds = jobs.find((result) => result.job.name === job)?.rounds ?? new Map<PeerName, Measurement[]>();
  return new Map(
    [...rounds].map(([peer, measured]) => [peer, median(measured.map((round) => round.requestsPerSecond))]),
  );
}
