import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createFolder, replaceFile } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import type { Program } from '../end-to-end/testing/program.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';
import { grpcClient, httpClient, type SteadyClient, SteadyLoad } from './testing/steady-load.ts';

/* Services of two instances each, one of which calls another, restarted under load by real processes: what callers notice of it. */

const STEADY = fileURLToPath(new URL('testing/steady-service.ts', import.meta.url));
const IDLE = 'setInterval(() => process.ppid === 1 && process.exit(), 50)';

/** One instance of a service, which can be started again as what it was. */
class Instance {
  readonly id: string;
  readonly #mesh: MeshProcesses;
  readonly #flags: readonly string[];
  readonly #command: readonly string[];
  program!: Program;

  private constructor(mesh: MeshProcesses, id: string, flags: readonly string[], command: readonly string[]) {
    this.#mesh = mesh;
    this.id = id;
    this.#flags = flags;
    this.#command = command;
  }

  static async start(t: TestContext, mesh: MeshProcesses, id: string, kind: 'http' | 'grpc', ...behind: string[]) {
    const service = id.replace(/-\d$/, '');
    const port = await freePort();
    // Where it is found again also while no control plane can tell that it has moved.
    const place = ['--port', `${port}/${kind === 'grpc' ? 'http2' : 'http'}`, '--mesh-port', String(await freePort())];
    const own = ['--state', join(createFolder(t), 'run'), '--token', await mesh.token(service)];
    const flags = ['--service', service, '--id', id, ...place, ...own];
    const command = [process.execPath, STEADY, kind, String(port), id, ...behind];
    const instance = new Instance(mesh, id, flags, command);
    instance.start();
    return instance;
  }

  start(): void {
    this.program = this.#mesh.run(this.#flags, ...this.#command);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.program.kill(signal);
    await this.program.ended;
  }
}

/** Three services with two instances each, and a workload that calls them. */
class SteadyMesh {
  readonly processes: MeshProcesses;
  readonly instances: readonly Instance[];
  readonly proxyPort: number;

  private constructor(processes: MeshProcesses, instances: readonly Instance[], proxyPort: number) {
    this.processes = processes;
    this.instances = instances;
    this.proxyPort = proxyPort;
  }

  static async start(t: TestContext): Promise<SteadyMesh> {
    const mesh = await MeshProcesses.start(t);
    replaceFile(
      join(mesh.documents, 'mesh.yaml'),
      [serviceOf('front', 'http'), serviceOf('cart', 'http'), serviceOf('pay', 'grpc')].join('---\n'),
    );
    const instances = await Promise.all([
      Instance.start(t, mesh, 'front-1', 'http', 'http://cart/'),
      Instance.start(t, mesh, 'front-2', 'http', 'http://cart/'),
      Instance.start(t, mesh, 'cart-1', 'http'),
      Instance.start(t, mesh, 'cart-2', 'http'),
      Instance.start(t, mesh, 'pay-1', 'grpc'),
      Instance.start(t, mesh, 'pay-2', 'grpc'),
    ]);
    const proxyPort = await freePort();
    const token = await mesh.token('web');
    const flags = ['--service-account', 'web', '--id', 'web-1', '--token', token, '--proxy-port', String(proxyPort)];
    mesh.run(flags, process.execPath, '-e', IDLE);
    await mesh.workloadIs('web-1', 'ready');
    await eventually(async () => {
      const services = await mesh.get<{ endpoints: unknown[] }[]>('services');
      const count = services.flatMap(({ endpoints }) => endpoints).length;
      return count === instances.length ? undefined : `${count} endpoints`;
    });
    return new SteadyMesh(mesh, instances, proxyPort);
  }

  /** Has clients ask all services: for what may be repeated and what may not, and with answers that take their time. */
  load(): SteadyLoad {
    const call = (service: string, method: 'GET' | 'POST', waitMs: number): SteadyClient =>
      httpClient(this.proxyPort, `http://${service}/`, service, { method, waitMs });
    return new SteadyLoad([
      ...[0, 5, 400].flatMap((waitMs) => [call('cart', 'GET', waitMs), call('cart', 'POST', waitMs)]),
      ...[0, 5, 400].flatMap((waitMs) => [call('front', 'GET', waitMs), call('front', 'POST', waitMs)]),
      ...[0, 0, 5, 400].map((waitMs) => grpcClient(this.proxyPort, 'pay', waitMs)),
    ]);
  }
}

const serviceOf = (name: string, appProtocol: string): string => `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { ports: [{ port: 80, targetPort: main, appProtocol: ${appProtocol} }] }
`;

/** Starts an instance again, and waits until requests reach it. */
async function bringBack(instance: Instance, load: SteadyLoad): Promise<void> {
  const before = load.answeredBy(instance.id);
  instance.start();
  while (load.answeredBy(instance.id) === before) await load.goOn(1);
}

test('a restart of every instance, one after another, loses no request', async (t) => {
  const mesh = await SteadyMesh.start(t);
  const load = mesh.load();
  await load.goOn();
  for (const instance of mesh.instances) {
    await instance.end('SIGTERM');
    await load.goOn();
    await bringBack(instance, load);
  }
  await load.stop();
  t.diagnostic(`${load.answered} requests`);
  assert.deepEqual(load.failures, []);
});

test('an instance that is killed costs at most what it had under way', async (t) => {
  const mesh = await SteadyMesh.start(t);
  const load = mesh.load();
  await load.goOn();
  for (const instance of mesh.instances) {
    const failed = load.failures.length;
    const { underWay } = load;
    await instance.end('SIGKILL');
    await mesh.processes.workloadIs(instance.id, 'leaving');
    // It still counts as an endpoint, as a network that hiccups must not empty services.
    await load.goOn(50);
    await bringBack(instance, load);
    const lost = load.failures.slice(failed);
    t.diagnostic(`${instance.id} cost ${lost.length} of ${underWay} requests under way, and later ones none`);
    // Half of them were the other instance's, and some could be repeated.
    assert.ok(lost.length <= underWay, lost.join('\n'));
  }
  await load.stop();
});

test('neither a restart of the control plane nor its sudden end loses a request', async (t) => {
  const mesh = await SteadyMesh.start(t);
  const load = mesh.load();
  await load.goOn();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    mesh.processes.control.kill(signal);
    await mesh.processes.control.ended;
    await load.goOn(50);
    await mesh.processes.startControl();
    for (const { id } of mesh.instances) await mesh.processes.workloadIs(id, 'ready');
    await load.goOn(50);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('instances are restarted without a control plane, and no request is lost', async (t) => {
  const mesh = await SteadyMesh.start(t);
  const load = mesh.load();
  await load.goOn();
  mesh.processes.control.kill('SIGKILL');
  await mesh.processes.control.ended;
  for (const instance of mesh.instances) {
    await instance.end('SIGTERM');
    await load.goOn(20);
    await bringBack(instance, load);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
});
