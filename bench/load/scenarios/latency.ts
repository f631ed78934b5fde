// Latency at a fixed arrival rate below saturation.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { OpenLoopLoad, OpenLoopResult } from '../generators/open-loop.ts';
import { USUAL_ROUTES } from '../jobs.ts';
import type { PeerName } from '../peers/peer.ts';
import { startPeers, stopPeers, type BenchRun, type Failure } from './bench-run.ts';

/** The rounds of every peer, and of the origin without any proxy between. */
export interface LatencyResult {
  readonly ratePerSecond: number;
  readonly rounds: ReadonlyMap<PeerName | 'direct', readonly OpenLoopResult[]>;
  /** Peers that cannot keep up with this rate: their queues would grow for as long as one measures. */
  readonly leftOut: readonly PeerName[];
}

/**
 * What is left of the machine beside the generator, which keeps one core to itself so that it is never late. Saturation
 * was measured without it: on two cores, proxy and origin together then had nearly twice as much.
 */
const LEFT_BESIDE_GENERATOR = 1 - 1 / Math.max(2, availableParallelism());

/** A peer takes part up to this share of its own saturation. */
const HIGHEST_LOAD = 0.8;

const WARM_UP_SECONDS = 1;
const CONNECTIONS = 64;
const GENERATOR = join(import.meta.dirname, '../generators/open-loop.ts');

interface Target {
  readonly name: PeerName | 'direct';
  readonly port: number;
}

/**
 * Sends the peers and the origin itself the same requests at the same rate, in turns: at half of what the slower of
 * Selvage and HAProxy can do with what the generator leaves of the machine, or of what the slowest can do where neither
 * takes part.
 *
 * @param saturation - requests per second that each peer answered at most; peers without are left out.
 * @returns nothing when no peer has a known saturation.
 */
export async function measureLatency(
  run: BenchRun,
  saturation: ReadonlyMap<PeerName, number>,
  failures: Failure[],
): Promise<LatencyResult | undefined> {
  if (saturation.size === 0) return undefined;
  const ratePerSecond = arrivalRate(saturation);
  const able = run.peers.filter(({ name }) => (saturation.get(name) ?? 0) * HIGHEST_LOAD > ratePerSecond);
  const leftOut = run.peers.filter((peer) => !able.includes(peer)).map((peer) => peer.name);
  const running = await startPeers({ ...run, peers: able }, USUAL_ROUTES, failures);
  const targets: Target[] = [{ name: 'direct', port: run.upstreamPort }, ...running];
  const rounds = new Map<PeerName | 'direct', OpenLoopResult[]>(targets.map(({ name }) => [name, []]));
  // Round 0 warms up what has just been started.
  for (let round = 0; round <= run.rounds; round++) {
    if (round > 0) run.say(`latency at ${ratePerSecond}/s, round ${round} of ${run.rounds}`);
    for (const target of targets) {
      if (!rounds.has(target.name)) continue;
      const result = await generate(run, target.port, ratePerSecond);
      if (round === 0) continue;
      if (result.failed + result.unanswered === 0) rounds.get(target.name)?.push(result);
      else {
        const reason = `${result.failed} failed and ${result.unanswered} unanswered at ${ratePerSecond}/s`;
        failures.push({ cell: 'latency', peer: target.name, reason });
        rounds.delete(target.name);
      }
    }
    for (const peer of running) peer.emptyLog();
  }
  await stopPeers(running);
  return { ratePerSecond, rounds, leftOut };
}

function arrivalRate(saturation: ReadonlyMap<PeerName, number>): number {
  const deciding = [...saturation].filter(([name]) => name === 'selvage' || name === 'haproxy');
  const rates = (deciding.length > 0 ? deciding : [...saturation]).map(([, rate]) => rate);
  return Math.max(1, Math.round((Math.min(...rates) * LEFT_BESIDE_GENERATOR) / 2));
}

async function generate(run: BenchRun, port: number, ratePerSecond: number): Promise<OpenLoopResult> {
  const paths = Array.from({ length: USUAL_ROUTES }, (_, route) => `/r${route}/small`);
  const seconds = run.seconds;
  const load: OpenLoopLoad = {
    port,
    paths,
    ratePerSecond,
    seconds,
    warmUpSeconds: WARM_UP_SECONDS,
    connections: CONNECTIONS,
  };
  const launch = { command: process.execPath, args: [GENERATOR, JSON.stringify(load)] };
  return JSON.parse(await run.workspace.run(launch, (seconds + 15) * 1_000)) as OpenLoopResult;
}
