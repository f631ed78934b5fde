// `npm run bench -- http2 [--seconds N] [--rounds N] [--peers a,b] [--profile]`: HTTP/2 without TLS on both sides, by h2load.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { exchangeMessages, STREAM_MESSAGES } from './load/http2/message-stream.ts';
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

const MESSAGES: Scenario = {
  name: 'messages',
  title: `4 gRPC streams of ${STREAM_MESSAGES} messages, one at a time`,
  args: [],
};

/** @returns why the figures do not count, or them */
async function measure(
  { port, process }: Running,
  scenario: Scenario,
  forSeconds: number,
): Promise<Measurement | string> {
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

/** As {@link measure}; one round is as many messages as four streams have. */
async function measureMessages({ port, process }: Running): Promise<Measurement> {
  const before = readCpuTimes(process.pid);
  const startedMs = performance.now();
  const messages = await exchangeMessages(port);
  const cpuNs = cpuTimeBetweenNs(before, readCpuTimes(process.pid));
  return { cpuUs: cpuNs / 1e3 / messages, rate: (messages / (performance.now() - startedMs)) * 1000 };
}

async function start(peer: Http2Peer, upstreamPort: number): Promise<Running> {
  const folder = workspace.newFolder(peer.name.replace(':', '-'));
  const port = await freePort();
  const process = workspace.start(peer.prepare({ folder, port, adminPort: await freePort(), upstreamPort }), folder);
  const running = { peer, port, process };
  const probe = {
    command: 'curl',
    args: ['-sf', '--http2-prior-knowledge', '-o', '/dev/null', '-m', '2', `http://127.0.0.1:${port}/small`],
  };
  for (let attempt = 0; attempt < 100; attempt++) {
    if (
      await workspace.run(probe, 5000).then(
        () => true,
        () => false,
      )
    )
      return running;
    await sleep(100);
  }
  throw new Error(`cannot start ${peer.name}: no good answer within 10 s (see ${folder}/stderr)`);
}

async function main(): Promise<void> {
  for (const [command, option] of [
    ['h2load', '--version'],
    ['haproxy', '-v'],
    ['curl', '--version'],
  ] as const) {
    const availability = installedVersion(command, [option]);
    if (availability.kind === 'missing') return console.log(`skipped: ${availability.reason}`);
  }
  const upstreamPort = await freePort();
  workspace.start(originLaunch(workspace.folder, upstreamPort), workspace.folder);
  const echoPort = await freePort();
  const echo = fileURLToPath(new URL('./load/http2/echo-origin.ts', import.meta.url));
  workspace.start({ command: process.execPath, args: [echo, String(echoPort)] }, workspace.folder);
  const profile = values.profile ? ['--cpu-prof', `--cpu-prof-dir=${process.cwd()}`] : [];
  const peers = http2Peers(profile).filter(({ name }) => values.peers.split(',').includes(name));
  const installed = peers.filter((peer) => {
    const availability = peer.available();
    if (availability.kind === 'missing') console.log(`without ${peer.name}: ${availability.reason}`);
    return availability.kind === 'installed';
  });
  const running: Running[] = [];
  for (const peer of installed) running.push(await start(peer, upstreamPort));
  for (const scenario of SCENARIOS) await compare(running, scenario, measure);
  await stop(running);
  const streaming: Running[] = [];
  for (const peer of installed) streaming.push(await start(peer, echoPort));
  await compare(streaming, MESSAGES, measureMessages);
  await stop(streaming);
}

async function stop(running: readonly Running[]): Promise<void> {
  await Promise.all(running.map(({ process }) => process.stop(10_000)));
}

async function compare(
  running: readonly Running[],
  scenario: Scenario,
  measureOne: typeof measure | typeof measureMessages,
): Promise<void> {
  const rounds = new Map<string, Measurement[]>(running.map(({ peer }) => [peer.name, []]));
  for (const one of running) await measureOne(one, scenario, 1);
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const one of running) {
      const measured = await measureOne(one, scenario, seconds);
      if (typeof measured === 'string') console.log(`${scenario.name}, ${one.peer.name} does not count: ${measured}`);
      else rounds.get(one.peer.name)!.push(measured);
    }
  }
  const reference = rounds.get('haproxy') ?? [];
  const rows = [...rounds]
    .filter(([, measured]) => measured.length > 0)
    .map(([name, measured]) => {
      const cpu = measured.map(({ cpuUs }) => cpuUs);
      const ratio =
        reference.length === cpu.length
          ? pairedRatio(
              cpu,
              reference.map(({ cpuUs }) => cpuUs),
            ).median.toFixed(2)
          : '';
      return [name, median(cpu).toFixed(1), ratio, median(measured.map(({ rate }) => rate)).toFixed(0)];
    });
  console.log(`\n${scenario.title}\n${formatTable(['', 'CPU µs each', '× HAProxy', 'per second'], rows)}`);
}

try {
  await main();
} finally {
  await workspace.close();
}
