// A control plane with a large mesh: `npm run bench -- control [--services 1000] [--proxies 2000] [--changes 20] [--profile folder]`.
// See README.md.

import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { callControl } from '#app/member/control-call.ts';
import { dialControl } from '#app/member/control-dial.ts';
import { REPORT_PATH, type WorkloadReport } from '#control/publish/workload-report.ts';
import { Clock } from '#transport/clock.ts';
import { Fleet } from './load/control/fleet.ts';
import { sharedNowNs } from './load/control/fleet-messages.ts';
import { identityOf, issueIdentities } from './load/control/identities.ts';
import { clusterName, documentsOf, POPULAR, servedBy, workloadOf, type Size } from './load/control/population.ts';
import { RunningControl } from './load/control/running-control.ts';
import { backgroundShare } from './load/machine/background.ts';
import { cpuTimeBetweenNs, readCpuTimes } from './load/machine/cpu.ts';
import { memoryUse } from './load/machine/memory.ts';
import { Workspace } from './load/machine/workspace.ts';

const LIMIT_MS = 1000;

/** What one change led to. */
interface Change {
  /** From before the report was made until each subscriber had the endpoints. */
  readonly ms: readonly number[];
  readonly octets: number;
}

const { values } = parseArgs({
  options: {
    services: { type: 'string', default: '1000' },
    proxies: { type: 'string', default: '2000' },
    called: { type: 'string', default: '10' },
    changes: { type: 'string', default: '20' },
    profile: { type: 'string' },
  },
});
const size: Size = {
  services: Number(values.services),
  proxies: Number(values.proxies),
  called: Number(values.called),
};
const workspace = new Workspace();
const clock = new Clock();
const busyBefore = await backgroundShare();
const profile = values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`];
const control = await RunningControl.prepare(workspace, documentsOf(size), profile);
// Before it runs: there is one authority at a time.
const identities = issueIdentities(control.state, size);
await control.start();
const fleet = new Fleet(availableParallelism());
const downs = new Set<number>();
try {
  await measure();
  if (profile.length > 0) await control.stop();
} finally {
  fleet.close();
  clock.stop();
  await workspace.close();
}
process.exit();

async function measure(): Promise<void> {
  print(
    `${size.services} services, ${size.proxies} proxies that call ${size.called} each, ${fleet.pids.length} processes of them`,
  );
  print(`others used ${(busyBefore * 100).toFixed(0)} % of the CPUs before`);
  print(`control plane without proxies: ${memoryText()}`);
  await connectAll();
  await changeEndpoints('endpoints of a service', (change) => 1 + ((change * 37) % (size.services - 1)));
  await changeEndpoints('endpoints of the service that all call', () => POPULAR);
  if (profile.length === 0) await loseControl();
  print(`control plane at the end: ${memoryText()}`);
}

async function connectAll(): Promise<void> {
  const before = readCpuTimes(control.pid);
  const fromNs = sharedNowNs();
  const { octets } = await fleet.start(control.port, size, identities);
  const seconds = (sharedNowNs() - fromNs) / 1e9;
  const perProxy = `${(octets / size.proxies / 1024).toFixed(1)} KiB a proxy`;
  print(`all join: ${seconds.toFixed(1)} s, ${cpuText(before, 1)} of the control plane, ${perProxy}; ${memoryText()}`);
  await quiet();
}

async function changeEndpoints(what: string, serviceOf: (change: number) => number): Promise<void> {
  const changes: Change[] = [];
  const before = readCpuTimes(control.pid);
  for (let change = 0; change < Number(values.changes); change++) changes.push(await changeOne(serviceOf(change)));
  const ms = changes.flatMap((change) => change.ms).toSorted((a, b) => a - b);
  const subscribers = ms.length / changes.length;
  const octets = changes.reduce((sum, change) => sum + change.octets, 0) / ms.length;
  const p99 = quantile(ms, 0.99);
  print(
    `${what}, ${subscribers.toFixed(0)} subscribers: p50 ${quantile(ms, 0.5).toFixed(0)} ms, p99 ${p99.toFixed(0)} ms, ` +
      `max ${ms.at(-1)!.toFixed(0)} ms (${p99 <= LIMIT_MS ? 'pass' : 'miss'}: at most ${LIMIT_MS} ms); ` +
      `${octets.toFixed(0)} octets a subscriber, nothing else to anybody; ${cpuText(before, changes.length)} a change`,
  );
}

/** One workload of a service reports that it has become unready, or ready again. */
async function changeOne(service: number): Promise<Change> {
  const seen = fleet.seen();
  const subscribers = await fleet.watch(service);
  const state = downs.has(service) ? 'ready' : 'unready';
  if (state === 'unready') downs.add(service);
  else downs.delete(service);
  const fromNs = sharedNowNs();
  await report(service, state);
  const atNs = await seen;
  if (atNs.length !== subscribers)
    throw new Error(`${atNs.length} of ${subscribers} subscribers saw ${clusterName(service)}`);
  await quiet();
  const { octets, others } = await fleet.tally();
  if (others.length > 0) throw new Error(`something else was sent as well: ${others.slice(0, 5).join(', ')}`);
  return { ms: atNs.map((ns) => (ns - fromNs) / 1e6), octets };
}

/** As the sidecar of the workload does it, over a connection of its own. */
async function report(workload: number, state: WorkloadReport['state']): Promise<void> {
  const identity = identityOf(identities, servedBy(workload, size));
  const dial = dialControl({ host: '127.0.0.1', port: control.port }, () => ({ bundle: identity.bundle, identity }));
  const message: WorkloadReport = { id: workloadOf(workload, size).id, state };
  const outcome = await callControl(dial, `127.0.0.1:${control.port}`, REPORT_PATH, message, clock);
  if (!outcome.ok) throw new Error(`the report was refused: ${outcome.status.message}`);
}

async function loseControl(): Promise<void> {
  const { lost, back } = await fleet.lose();
  control.kill();
  await lost;
  const fromNs = sharedNowNs();
  await control.start();
  const readyNs = sharedNowNs();
  const before = readCpuTimes(control.pid);
  const { atNs, octets } = await back;
  const seconds = atNs.map((ns) => (ns - readyNs) / 1e9).toSorted((a, b) => a - b);
  print(
    `after kill -9: ready again in ${((readyNs - fromNs) / 1e6).toFixed(0)} ms; from then on half of the proxies are back after ` +
      `${quantile(seconds, 0.5).toFixed(1)} s, 99 % after ${quantile(seconds, 0.99).toFixed(1)} s, all after ${seconds.at(-1)!.toFixed(1)} s; ` +
      `${cpuText(before, 1)}, ${(octets / size.proxies / 1024).toFixed(1)} KiB a proxy`,
  );
}

/** Waits until the control plane has done what it does after a change. */
async function quiet(): Promise<void> {
  for (let idle = 0; idle < 3;) {
    const before = readCpuTimes(control.pid);
    await new Promise((resolve) => setTimeout(resolve, 50));
    idle = cpuTimeBetweenNs(before, readCpuTimes(control.pid)) < 5e6 ? idle + 1 : 0;
  }
}

function cpuText(before: ReturnType<typeof readCpuTimes>, times: number): string {
  return `${(cpuTimeBetweenNs(before, readCpuTimes(control.pid)) / 1e6 / times).toFixed(0)} ms of CPU`;
}

function memoryText(): string {
  return `${(memoryUse(control.pid).rssKiB / 1024).toFixed(0)} MB resident`;
}

function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
