// Two hops with mutual TLS between them: `npm run bench -- mesh [--rounds 3] [--seconds 4] [--profile folder]`. See README.md.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runOneByOne, type Waits } from './load/generators/one-by-one.ts';
import { runWrk } from './load/generators/wrk.ts';
import type { Load } from './load/jobs.ts';
import { cpuTimeBetweenNs, readCpuTimes } from './load/machine/cpu.ts';
import { freePort } from './load/machine/ports.ts';
import { Workspace, type Started } from './load/machine/workspace.ts';
import { untilAnswered } from './load/peers/running-peer.ts';
import { startUpstream } from './load/upstream/upstream.ts';
import { haproxyPair, selvagePair, type Pair } from './load/mesh/pairs.ts';

const PATH = '/r0/small';
const LOAD: Load = { resource: 'small', connections: 64, routes: 1 };

interface Running {
  readonly name: string;
  readonly port: number;
  readonly both: readonly [inbound: Started, outbound: Started];
  /** CPU time of each round, inbound and outbound. */
  readonly rounds: (readonly [inboundUs: number, outboundUs: number])[];
  /** How long requests took one after another, in each round. */
  readonly alone: Waits[];
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    profile: { type: 'string' },
  },
});
const seconds = Number(values.seconds);
const workspace = new Workspace();
const upstream = await startUpstream(workspace);
const profile = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
const pairs = [selvagePair(profile), haproxyPair('h2'), haproxyPair('http/1.1')];
const running: Running[] = [];
for (const pair of pairs) running.push(await start(pair));
for (const { port } of running) await runWrk(workspace, port, LOAD, 2);
for (let round = 0; round < Number(values.rounds); round++) {
  for (const one of running) await measure(one);
  for (const one of running) one.alone.push(await runOneByOne(one.port, PATH, seconds));
}
report();
await workspace.close();

async function start(pair: Pair): Promise<Running> {
  const folder = workspace.newFolder(pair.name);
  const port = await freePort();
  const launches = pair.prepare({ folder, port, meshPort: await freePort(), upstreamPort: upstream.port });
  const inbound = workspace.start(launches[0], folder);
  const outbound = workspace.start(launches[1], folder);
  try {
    await untilAnswered(port, PATH, outbound, 20_000);
  } catch (error) {
    throw new Error(`cannot start ${pair.name}: ${String(error)}\n${readFileSync(join(folder, 'stderr'), 'utf8')}`, {
      cause: error,
    });
  }
  return { name: pair.name, port, both: [inbound, outbound], rounds: [], alone: [] };
}

async function measure(one: Running): Promise<void> {
  const { name, port, both, rounds } = one;
  const before = both.map(({ pid }) => readCpuTimes(pid));
  const { requests, badStatuses, socketErrors } = await runWrk(workspace, port, LOAD, seconds);
  const after = both.map(({ pid }) => readCpuTimes(pid));
  if (badStatuses + socketErrors > 0)
    throw new Error(`${name}: ${badStatuses} bad statuses, ${socketErrors} socket errors`);
  const [inboundUs, outboundUs] = both.map((_, i) => cpuTimeBetweenNs(before[i]!, after[i]!) / 1e3 / requests);
  rounds.push([inboundUs!, outboundUs!]);
}

function report(): void {
  const medians = new Map(running.map(({ name, rounds }) => [name, median(rounds.map(([a, b]) => a + b))]));
  console.log(
    '| pair | inbound µs | outbound µs | both µs/request | selvage in relation | one by one, p50 µs | selvage in relation | best 5 %, µs | selvage in relation |\n|---|---|---|---|---|---|---|---|---|',
  );
  for (const { name, rounds, alone } of running) {
    const both = medians.get(name)!;
    const ratios = rounds.map(([a, b], i) => {
      const [c, d] = running[0]!.rounds[i]!;
      return (c + d) / (a + b);
    });
    const parts = [0, 1].map((i) => median(rounds.map((round) => round[i]!)).toFixed(1));
    const waits = (['p50Us', 'p5Us'] as const).flatMap((which) => [
      median(alone.map((wait) => wait[which])).toFixed(0),
      median(alone.map((wait, i) => running[0]!.alone[i]![which] / wait[which])).toFixed(2),
    ]);
    console.log(`| ${[name, ...parts, both.toFixed(1), median(ratios).toFixed(2), ...waits].join(' | ')} |`);
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
