import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import type { TestContext } from 'node:test';
import { createFolder, replaceFile } from '../../end-to-end/testing/folder.ts';
import { type Program, ROOT, runSelvage } from '../../end-to-end/testing/program.ts';
import { eventually } from '../../mesh/testing/mesh-processes.ts';
import { type Host, Network } from '../../network/testing/namespaces.ts';

const LAUNCHER = join(ROOT, 'bin/selvage.cjs');
const APPLICATION = join(import.meta.dirname, 'application.mjs');
const NAME_SERVER = join(import.meta.dirname, 'name-server.mjs');
const CONTROL_PORT = 15_010;
const ADMIN_PORT = 9900;

/** A mesh on several hosts: `center` has the control plane and the network's name server. */
export class CapturedMesh {
  readonly #t: TestContext;
  readonly #network: Network;
  readonly center: Host;
  readonly documents: string;
  readonly #state: string;

  private constructor(t: TestContext, network: Network, center: Host) {
    this.#t = t;
    this.#network = network;
    this.center = center;
    this.documents = createFolder(t);
    this.#state = join(createFolder(t), 'state');
  }

  /** @param documents declares the mesh */
  static async start(t: TestContext, documents = ''): Promise<CapturedMesh> {
    const network = await Network.create(t);
    const mesh = new CapturedMesh(t, network, await network.addHost());
    if (documents !== '') mesh.declare(documents);
    const { address } = mesh.center;
    const names = mesh.center.start(process.execPath, [NAME_SERVER, address, address]);
    await names.printed(/listening/);
    const ports = ['--address', address, '--port', String(CONTROL_PORT), '--admin-port', String(ADMIN_PORT)];
    const words = [LAUNCHER, 'control', mesh.documents, '--state', mesh.#state, ...ports];
    const control = mesh.center.start(process.execPath, words);
    await control.said(/^ready after/m);
    return mesh;
  }

  declare(documents: string): void {
    replaceFile(join(this.documents, 'mesh.yaml'), documents);
  }

  /** A host whose programs ask the network's name server, or another. */
  async addHost(nameserver = this.center.address): Promise<Host> {
    const host = await this.#network.addHost();
    const file = join(createFolder(this.#t), 'resolv.conf');
    writeFileSync(file, `search corp.test\nnameserver ${nameserver}\n`);
    host.run('mount', '--bind', file, '/etc/resolv.conf');
    return host;
  }

  async token(serviceAccount: string): Promise<string> {
    const words = ['token', 'create', '--service-account', serviceAccount, '--state', this.#state];
    const { code, stdout, stderr } = await runSelvage(this.#t, ...words);
    if (code !== 0) throw new Error(stderr);
    return stdout.trim();
  }

  /** Starts a workload on a host; `flags` come before `--`. */
  async run(host: Host, serviceAccount: string, flags: readonly string[], ...command: string[]): Promise<Program> {
    return this.runAs(host, [], serviceAccount, flags, ...command);
  }

  /** @param prefix a program that becomes the command line behind it, as somebody else */
  async runAs(
    host: Host,
    prefix: readonly string[],
    serviceAccount: string,
    flags: readonly string[],
    ...command: string[]
  ): Promise<Program> {
    const token = await this.token(serviceAccount);
    const control = ['--control', `${this.center.address}:${CONTROL_PORT}`, '--admin-port', 'off', '--token', token];
    const folder = createFolder(this.#t);
    chmodSync(folder, 0o777);
    const own = ['--state', join(folder, 'run'), '--service-account', serviceAccount];
    const words = [process.execPath, LAUNCHER, 'run', ...control, ...own, ...flags, '--', ...command];
    const [program = '', ...args] = [...prefix, ...words];
    return host.start(program, args);
  }

  /** Starts an application that listens at all addresses of its host. */
  async runApplication(
    host: Host,
    service: string,
    { port = 8080, protocol = 'http', flags = ['--transparent'] }: ApplicationTest = {},
  ): Promise<Program> {
    const own = ['--service', service, '--port', `${port}/${protocol}`, '--id', service, ...flags];
    const command = [process.execPath, APPLICATION, String(port), service, protocol];
    const program = await this.run(host, service, own, ...command);
    await program.printed(/listening/);
    await this.ready(service);
    return program;
  }

  /** Waits until a workload is called by others. */
  async ready(id: string): Promise<void> {
    await eventually(async () => {
      const list = this.center.run(process.execPath, '-e', GET, `http://127.0.0.1:${ADMIN_PORT}/workloads`);
      const found = (JSON.parse(list) as { id: string; state: string }[]).find((workload) => workload.id === id);
      return found?.state === 'ready' ? undefined : `${id} is ${found?.state ?? 'not there'}`;
    });
  }
}

interface ApplicationTest {
  readonly port?: number;
  readonly protocol?: 'http' | 'tcp';
  readonly flags?: readonly string[];
}

const GET = `fetch(process.argv[1]).then((answer) => answer.text()).then((text) => process.stdout.write(text))`;
