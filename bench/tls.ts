// `npm run bench -- tls [--seconds N] [--rounds N] [--connections N]`: TLS at the edge beside HAProxy, and what idle
// connections cost.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openIdleConnections } from './load/generators/idle-connections.ts';
import { parseWrk } from './load/generators/wrk.ts';
import { cpuTimeBetweenNs, readCpuTimes } from './load/machine/cpu.ts';
import { memoryUse } from './load/machine/memory.ts';
import { freePort } from './load/machine/ports.ts';
import { Workspace, type Started } from './load/machine/workspace.ts';
import { installedVersion } from './load/peers/peer.ts';
import { median, pairedRatio } from './load/report/statistics.ts';
import { formatTable } from './load/report/table.ts';
import { makeHandshakes, openIdleTls } from './load/tls/clients.ts';
import { TLS_PEERS, type TlsAssignment } from './load/tls/peers.ts';
import { startUpstream } from './load/upstream/upstream.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    connections: { type: 'string', default: '10000' },
  },
});
const HANDSHAKES = 3000;
const PATH = '/r0/small';
const workspace = new Workspace();

interface Running {
  readonly name: string;
  readonly assignment: TlsAssignment;
  readonly process: Started;
}

/** @returns CPU time per request, in µs */
async function costOfRequests({ assignment, process }: Running, seconds: number): Promise<number> {
  const before = readCpuTimes(process.pid);
  const args = ['-t1', '-c64', `-d${seconds}s`, `https://127.0.0.1:${assignment.httpsPort}${PATH}`];
  const result = parseWrk(await workspace.run({ command: 'wrk', args }, (seconds + 30) * 1000));
  return cpuTimeBetweenNs(before, readCpuTimes(process.pid)) / 1e3 / result.requests;
}

/** @returns CPU time per full handshake with its close, in µs */
async function costOfHandshakes({ assignment, process }: Running): Promise<number> {
  const before = readCpuTimes(process.pid);
  await makeHandshakes(assignment.httpsPort, HANDSHAKES);
  return cpuTimeBetweenNs(before, readCpuTimes(process.pid)) / 1e3 / HANDSHAKES;
}

async function compare(
  title: string,
  running: readonly Running[],
  cost: (one: Running) => Promise<number>,
): Promise<void> {
  const rounds = new Map<string, number[]>(running.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const one of running) rounds.get(one.name)!.push(await cost(one));
  }
  const reference = rounds.get('haproxy') ?? [];
  const rows = [...rounds].map(([name, costs]) => {
    const ratio = reference.length === 0 ? '' : pairedRatio(costs, reference).median.toFixed(2);
    return [name, median(costs).toFixed(1), ratio];
  });
  console.log(`\n${title}\n${formatTable(['', 'CPU µs each', '× HAProxy'], rows)}`);
}

/** Selvage alone: HAProxy sizes its tables for its `maxconn` at the start, so that a connection shows no cost of its own. */
async function idleConnections(upstreamPort: number): Promise<void> {
  const count = Number(values.connections);
  const rows: string[][] = [];
  for (const kind of ['plain', 'TLS'] as const) {
    // A fresh process: one that has worked would put connections where its garbage was.
    const { assignment, process } = await start('selvage', TLS_PEERS[0]!.prepare, upstreamPort);
    await sleep(4000); // the compiler's process ends when nothing changes
    const beforeKiB = memoryUse(process.pid).rssKiB;
    const close =
      kind === 'plain'
        ? await openIdleConnections(assignment.httpPort, PATH, count)
        : await openIdleTls(assignment.httpsPort, PATH, count);
    await sleep(2000);
    rows.push([kind, ((memoryUse(process.pid).rssKiB - beforeKiB) / count).toFixed(1)]);
    close();
    await process.stop();
  }
  console.log(`\n${count} idle keep-alive connections, Selvage\n${formatTable(['', 'KiB each'], rows)}`);
}

async function start(
  name: string,
  prepare: (typeof TLS_PEERS)[number]['prepare'],
  upstreamPort: number,
): Promise<Running> {
  const folder = workspace.newFolder(name);
  const pem = { certificate: join(workspace.folder, 'certificate.pem'), key: join(workspace.folder, 'key.pem') };
  const assignment: TlsAssignment = {
    folder,
    httpPort: await freePort(),
    httpsPort: await freePort(),
    adminPort: await freePort(),
    upstreamPort,
    ...pem,
  };
  const process = workspace.start(prepare(assignment), folder);
  for (let attempt = 0; attempt < 100; attempt++) {
    const isUp = await makeHandshakes(assignment.httpsPort, 1).then(
      () => true,
      () => false,
    );
    if (isUp) return { name, assignment, process };
    await sleep(100);
  }
  throw new Error(`cannot start ${name}: no handshake within 10 s (see ${folder}/stderr)`);
}

async function makeCertificate(): Promise<void> {
  const files = ['-keyout', join(workspace.folder, 'key.pem'), '-out', join(workspace.folder, 'certificate.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc'];
  await workspace.run(
    { command: 'openssl', args: ['req', '-x509', ...curve, ...files, '-days', '30', '-subj', '/CN=localhost'] },
    10_000,
  );
}

async function main(): Promise<void> {
  for (const [command, option] of [
    ['wrk', '--version'],
    ['haproxy', '-v'],
    ['openssl', 'version'],
  ] as const) {
    const availability = installedVersion(command, [option]);
    if (availability.kind === 'missing') return console.log(`skipped: ${availability.reason}`);
  }
  await makeCertificate();
  const upstream = await startUpstream(workspace);
  const running: Running[] = [];
  for (const { name, prepare } of TLS_PEERS) running.push(await start(name, prepare, upstream.port));
  for (const one of running) await costOfRequests(one, 1);
  const seconds = Number(values.seconds);
  await compare('HTTP/1.1 over TLS, 64 keep-alive connections, 32-byte answers', running, (one) =>
    costOfRequests(one, seconds),
  );
  await compare('full handshakes (ECDSA P-256)', running, costOfHandshakes);
  await Promise.all(running.map(({ process }) => process.stop()));
  await idleConnections(upstream.port);
}

try {
  await main();
} finally {
  await workspace.close();
}
