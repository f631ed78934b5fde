// What a sidecar holds, and how soon it is ready: `npm run bench -- sidecar [--rounds 5] [--services 1000]`. See README.md.

import { request } from 'node:http';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { RunningControl } from './load/control/running-control.ts';
import { backgroundShare } from './load/machine/background.ts';
import { Workspace } from './load/machine/workspace.ts';
import { median } from './load/report/statistics.ts';
import { MeasuredSidecar, type SidecarStart } from './load/sidecar/measured-sidecar.ts';
import { startUpstream } from './load/upstream/upstream.ts';

const CALLED = 10;
const MOST_TRIES = 5;

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, services: { type: 'string', default: '1000' } },
});
const rounds = Number(values.rounds);
const workspace = new Workspace();
try {
  const busyBefore = await backgroundShare();
  console.log(`others used ${(busyBefore * 100).toFixed(0)} % of the CPUs before`);
  const upstream = await startUpstream(workspace);
  const small = await startControl(CALLED, upstream.port);
  const { joins, restarts, idleMb } = await measureStarts(small);
  console.log(`ready with a join token: ${textOf(joins)}`);
  console.log(`ready with a saved identity: ${textOf(restarts)} (bar: 400 ms)`);
  console.log(`idle: ${median(idleMb).toFixed(1)} MB resident (bar: 70 MB)`);
  const few = await measureCalls(small);
  console.log(`after calls to ${CALLED} services, of ${CALLED}: ${few.toFixed(1)} MB`);
  await small.stop();
  const large = await startControl(Number(values.services), upstream.port);
  const many = await measureCalls(large);
  console.log(
    `the same, of ${values.services}: ${many.toFixed(1)} MB, ${(many - few).toFixed(1)} MB more (bar: 5 MB more)`,
  );
} finally {
  await workspace.close();
}

async function startControl(services: number, upstreamPort: number): Promise<RunningControl> {
  const documents = Array.from({ length: services }, (_, i) => documentOf(i, upstreamPort)).join('---\n');
  const control = await RunningControl.prepare(workspace, documents);
  await control.start();
  return control;
}

/** A service with one endpoint, which has no sidecar. */
function documentOf(i: number, upstreamPort: number): string {
  return `apiVersion: v1
kind: Service
metadata: { name: service-${i} }
spec: { ports: [{ name: http, port: 80, targetPort: ${upstreamPort} }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: service-${i}, labels: { kubernetes.io/service-name: service-${i} } }
addressType: IPv4
ports: [{ name: http, port: ${upstreamPort} }]
endpoints: [{ addresses: [127.0.0.1] }]
`;
}

async function measureStarts(control: RunningControl) {
  const joins: SidecarStart[] = [];
  const restarts: SidecarStart[] = [];
  const idleMb: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const state = join(workspace.newFolder('state'), 'web');
    for (const starts of [joins, restarts]) {
      const sidecar = await MeasuredSidecar.start(workspace, control, state);
      starts.push(sidecar.start);
      if (starts === restarts) idleMb.push(await sidecar.idleMb());
      await sidecar.stop();
    }
  }
  return { joins, restarts, idleMb };
}

async function measureCalls(control: RunningControl): Promise<number> {
  const heldMb: number[] = [];
  for (let round = 0; round < Math.min(rounds, 3); round++) {
    const state = join(workspace.newFolder('state'), 'web');
    const sidecar = await MeasuredSidecar.start(workspace, control, state);
    for (let i = 0; i < CALLED; i++) await untilAnswered(sidecar.proxyPort, `http://service-${i}/r0/small`);
    heldMb.push(await sidecar.idleMb());
    await sidecar.stop();
  }
  return median(heldMb);
}

/** A sidecar on a busy machine may hear of a service later than it lets the first request wait. */
async function untilAnswered(proxyPort: number, url: string): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await call(proxyPort, url);
    } catch (error) {
      if (tries === MOST_TRIES) throw error;
    }
  }
}

function call(proxyPort: number, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: proxyPort, path: url, headers: { host: new URL(url).host } };
    const sent = request(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
      response.once('end', () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`${url} was answered with ${response.statusCode}: ${text.slice(0, 300)}`));
      });
    });
    sent.once('error', reject).end();
  });
}

function textOf(starts: readonly SidecarStart[]): string {
  return `${median(starts.map(({ ms }) => ms)).toFixed(0)} ms, ${median(starts.map(({ cpuMs }) => cpuMs)).toFixed(0)} ms of CPU`;
}
