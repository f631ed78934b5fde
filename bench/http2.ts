// `node bench/http2.ts [--seconds N] [--rounds N] [--peers a,b] [--profile]`: HTTP/2 without TLS on both sides, by h2load.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { http2Peers, originLaunch, type Http2Peer } from './load/http2/peers.ts';
import { cpuTimeBetweenNs, readCpuTimes } from './load/machine/cpu.ts';
import { freePort } from './load/machine/ports.ts';
import { Workspace, type Started } from './load/machine/workspace.ts';
import { installedVersion } from './load/peers/peer.ts';
import { median, pairedRatio } from './load/report/statistics.ts';
import { formatTable } from './load/report/table.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    peers: { type: 'string', default: 'selvage,haproxy,nghttpx,caddy,node:http2' },
    profile: { type: 'boolean', default: false },
  },
});
const seconds = Number(values.seconds);

interface Scenario {
  readonly name: string;
  readonly title: string;
  readonly args: readonly string[];
}

interface Running {
  readonly peer: Http2Peer;
  readonly port: number;
  readonly process: Started;
}

interface Measurement {
  readonly cpuUs: number;
  readonly rate: number;
}

const workspace = new Workspace();
const message = join(workspace.folder, 'message');
writeFileSync(message, Buffer.concat([Buffer.from([0, 0, 0, 0, 32]), Buffer.alloc(32, 1)]));
const GRPC = ['-d', message, '-H', 'content-type: application/grpc', '-H', 'te: trailers'];
const SCENARIOS: readonly Scenario[] = [
  { name: 'small', title: '32-byte answers, 8 connections × 16 streams', args: ['-c', '8', '-m', '16'] },
  { name: 'single', title: '32-byte answers, 1 connection × 1 stream', args: ['-c', '1', '-m', '1'] },
  { name: 'grpc', title: 'unary gRPC of 32 bytes, 8 connections × 16 streams', args: ['-c', '8', '-m', '16', ...GRPC] },
];

/** @returns why the figures do not count, or them */
async function measure({ port, process }: Running, scenario: Scenario, forSeconds: number): Promise<Measurement | string> {
  const before = readCpuTimes(process.pid);
  const args = [...scenario.args, '-D', String(forSeconds), `http://127.0.0.1:${port}/small`];
  const output = await workspace.run({ command: 'h2load', args }, (forSeconds + 30) * 1000);
  const cpuNs = cpuTimeBetweenNs(before, readCpuTimes(process.pid));
  const counts = /(\d+) succeeded, (\d+) failed, (\d+) errored/.exec(output);
  const succeeded = Number(counts?.[1] ?? 0);
  if (succeeded === 0) return `no request was completed: ${output.slice(-300)}`;
  if (Number(counts![2]) > 0) return `${counts![2]} of ${succeeded} requests failed`;
  return { cpuUs: cpuNs / 1e3 / succeeded, rate: succeeded / forSeconds };
}

async function start(peer: Http2Peer, upstreamPort: number): Promise<Running> {
  const folder = workspace.newFolder(peer.name.replace(':', '-'));
  const port = await freePort();
  const process = workspace.start(peer.prepare({ folder, port, adminPort: await freePort(), upstreamPort }), folder);
  const running = { peer, port, process };
  const probe = { command: 'curl', args: ['-sf', '--http2-prior-knowledge', '-o', '/dev/null', '-m', '2', `http://127.0.0.1:${port}/small`] };
  for (let attempt = 0; attempt < 100; attempt++) {
    if (await workspace.run(probe, 5000).then(() => true, () => false)) return running;
    await sleep(100);
  }
  throw new Error(`cannot start ${peer.name}: no good answer within 10 s (see ${folder}/stderr)`);
}

async function main(): Promise<void> {
  for (const [command, option] of [['h2load', '--version'], ['haproxy', '-v'], ['curl', '--version']] as const) {
    const availability = installedVersion(command, [option]);
    if (availability.kind === 'missing') return console.log(`skipped: ${availability.reason}`);
  }
  const upstreamPort = await freePort();
  workspace.start(originLaunch(workspace.folder, upstreamPort), workspace.folder);
  const profile = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${process.cwd()}`] : [];
  const running: Running[] = [];
  for (const peer of http2Peers(profile)) {
    if (!values.peers.split(',').includes(peer.name)) continue;
    const availability = peer.available();
    if (availability.kind === 'missing') console.log(`without ${peer.name}: ${availability.reason}`);
    else running.push(await start(peer, upstreamPort));
  }
  for (const scenario of SCENARIOS) await compare(running, scenario);
  await Promise.all(running.map(({ process }) => process.stop(10_000)));
}

async function compare(running: readonly Running[], scenario: Scenario): Promise<void> {
  const rounds = new Map<string, Measurement[]>(running.map(({ peer }) => [peer.name, []]));
  for (const one of running) await measure(one, scenario, 1);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const one of running) {
      const measured = await measure(one, scenario, seconds);
      if (typeof measured === 'string') console.log(`${scenario.name}, ${one.peer.name} does not count: ${measured}`);
      else rounds.get(one.peer.name)!.push(measured);
    }
  }
  const reference = rounds.get('haproxy') ?? [];
  const rows = [...rounds].filter(([, measured]) => measured.length > 0).map(([name, measured]) => {
    const cpu = measured.map(({ cpuUs }) => cpuUs);
    const ratio = reference.length === cpu.length ? pairedRatio(cpu, reference.map(({ cpuUs }) => cpuUs)).median.toFixed(2) : '';
    return [name, median(cpu).toFixed(1), ratio, median(measured.map(({ rate }) => rate)).toFixed(0)];
  });
  console.log(`\n${scenario.title}\n${formatTable(['', 'CPU µs/request', '× HAProxy', 'req/s'], rows)}`);
}

try {
  await main();
} finally {
  await workspace.close();
}
