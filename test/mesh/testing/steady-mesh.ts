import { join } from 'node:path';
import process from 'node:process';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createFolder, gatewayDocument, replaceFile } from '../../end-to-end/testing/folder.ts';
import { freePort } from '../../end-to-end/testing/free-port.ts';
import type { Program } from '../../end-to-end/testing/program.ts';
import { eventually, MeshProcesses } from './mesh-processes.ts';
import { grpcClient, httpClient, type SteadyClient, SteadyLoad } from './steady-load.ts';

const STEADY = fileURLToPath(new URL('./steady-service.ts', import.meta.url));
const IDLE = 'setInterval(() => process.ppid === 1 && process.exit(), 50)';

/** One instance of a service, which can be started again as what it was. */
export class Instance {
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

  /** Kills the application, and waits until its sidecar has ended as well. */
  async killApplication(): Promise<void> {
    const [, pid] = await this.program.printed(/^application (\d+)$/m);
    process.kill(Number(pid), 'SIGKILL');
    await this.program.ended;
  }
}

/** Three services with two instances each, a workload that calls them, and a gateway that does. */
export class SteadyMesh {
  readonly processes: MeshProcesses;
  readonly instances: readonly Instance[];
  /** Of a sidecar, as an HTTP proxy. */
  readonly #proxyPort: number;
  readonly #gatewayPort: number;

  private constructor(
    processes: MeshProcesses,
    instances: readonly Instance[],
    proxyPort: number,
    gatewayPort: number,
  ) {
    this.processes = processes;
    this.instances = instances;
    this.#proxyPort = proxyPort;
    this.#gatewayPort = gatewayPort;
  }

  static async start(t: TestContext): Promise<SteadyMesh> {
    const mesh = await MeshProcesses.start(t);
    const [proxyPort, gatewayPort] = [await freePort(), await freePort()];
    const services = [serviceOf('front', 'http'), serviceOf('cart', 'http'), serviceOf('pay', 'kubernetes.io/h2c')];
    const edge = [gatewayDocument({ port: gatewayPort }), routeTo('front'), routeTo('pay')];
    replaceFile(join(mesh.documents, 'mesh.yaml'), [...services, ...edge].join('---\n'));
    const instances = await Promise.all([
      Instance.start(t, mesh, 'front-1', 'http', 'http://cart/'),
      Instance.start(t, mesh, 'front-2', 'http', 'http://cart/'),
      Instance.start(t, mesh, 'cart-1', 'http'),
      Instance.start(t, mesh, 'cart-2', 'http'),
      Instance.start(t, mesh, 'pay-1', 'grpc'),
      Instance.start(t, mesh, 'pay-2', 'grpc'),
    ]);
    const gateway = await mesh.runGateway('edge', '--id', 'edge-1');
    const token = await mesh.token('web');
    const flags = ['--service-account', 'web', '--id', 'web-1', '--token', token, '--proxy-port', String(proxyPort)];
    mesh.run(flags, process.execPath, '-e', IDLE);
    await gateway.said(/^ready after/m);
    await mesh.workloadIs('web-1', 'ready');
    await eventually(async () => {
      const services = await mesh.get<{ endpoints: unknown[] }[]>('services');
      const count = services.flatMap(({ endpoints }) => endpoints).length;
      return count === instances.length ? undefined : `${count} endpoints`;
    });
    return new SteadyMesh(mesh, instances, proxyPort, gatewayPort);
  }

  /** Has clients ask all services: for what may be repeated and what may not, and with answers that take their time. */
  load(): SteadyLoad {
    const call = (service: string, method: 'GET' | 'POST', waitMs: number): SteadyClient =>
      httpClient(this.#proxyPort, `http://${service}/`, service, { method, waitMs });
    const enter = (method: 'GET' | 'POST', waitMs: number): SteadyClient =>
      httpClient(this.#gatewayPort, '/', 'front.example', { method, waitMs });
    return new SteadyLoad([
      ...[0, 5, 400].flatMap((waitMs) => [call('cart', 'GET', waitMs), call('cart', 'POST', waitMs)]),
      ...[0, 5, 400].flatMap((waitMs) => [call('front', 'GET', waitMs), call('front', 'POST', waitMs)]),
      ...[0, 5, 400].map((waitMs) => grpcClient(this.#proxyPort, 'tunnel', 'pay', waitMs)),
      ...[0, 5, 400].flatMap((waitMs) => [enter('GET', waitMs), enter('POST', waitMs)]),
      ...[0, 5, 400].map((waitMs) => grpcClient(this.#gatewayPort, 'gateway', 'pay.example', waitMs)),
    ]);
  }
}

const serviceOf = (name: string, appProtocol: string): string => `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { ports: [{ port: 80, targetPort: main, appProtocol: ${appProtocol} }] }
`;

/** A route of the gateway, by host. */
const routeTo = (service: string): string => `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${service} }
spec:
  parentRefs: [{ name: edge }]
  hostnames: [${service}.example]
  rules: [{ backendRefs: [{ name: ${service}, port: 80 }] }]
`;

/** Starts an instance again, and waits until requests reach it. */
export async function bringBack(instance: Instance, load: SteadyLoad): Promise<void> {
  const before = load.answeredBy(instance.id);
  instance.start();
  while (load.answeredBy(instance.id) === before) await load.goOn(1);
}
