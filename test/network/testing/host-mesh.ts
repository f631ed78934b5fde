import { join } from 'node:path';
import process from 'node:process';
import type { TestContext } from 'node:test';
import { findProgram } from '../../../tools/debian-packages.ts';
import { createFolder } from '../../end-to-end/testing/folder.ts';
import { type Program, ROOT } from '../../end-to-end/testing/program.ts';
import { type Host, Network } from './namespaces.ts';

const LAUNCHER = join(ROOT, 'bin/selvage.cjs');
const APPLICATION = join(ROOT, 'test/mesh/testing/application.mjs');
const LOAD = join(import.meta.dirname, 'load.mjs');

export const CONTROL_PORT = 15_010;
export const MESH_PORT = 15_008;
export const APPLICATION_PORT = 8080;

/** Of a workload. */
interface Life {
  readonly id?: string;
  /** Its folder; by default a new one. */
  readonly state?: string;
  /** Whether it gets a token. */
  readonly joins?: boolean;
}

/** A mesh whose parts run on hosts of their own. */
export class HostMesh {
  readonly #t: TestContext;
  readonly #network: Network;
  readonly state: string;
  readonly documents: string;
  readonly controlHost: Host;
  control!: Program;

  private constructor(t: TestContext, network: Network, controlHost: Host) {
    this.#t = t;
    this.#network = network;
    this.controlHost = controlHost;
    this.state = join(createFolder(t), 'state');
    this.documents = createFolder(t);
  }

  static async start(t: TestContext): Promise<HostMesh> {
    const network = await Network.create(t);
    const mesh = new HostMesh(t, network, await network.addHost());
    await mesh.startControl();
    return mesh;
  }

  async startControl(): Promise<void> {
    this.control = this.controlHost.start(process.execPath, [
      LAUNCHER,
      'control',
      this.documents,
      '--state',
      this.state,
    ]);
    await this.control.said(/^ready after/m);
  }

  addHost(): Promise<Host> {
    return this.#network.addHost();
  }

  /** Makes a join token, on the host of the control plane. */
  token(serviceAccount: string): string {
    const words = ['token', 'create', '--service-account', serviceAccount, '--state', this.state];
    return this.controlHost.run(process.execPath, LAUNCHER, ...words).trim();
  }

  /** Starts a workload on a host. @param state folder; by default a new one */
  run(host: Host, flags: readonly string[], command: readonly string[], state = this.stateFolder()): Program {
    const control = ['--control', `${this.controlHost.address}:${CONTROL_PORT}`, '--state', state];
    return host.start(process.execPath, [LAUNCHER, 'run', ...control, ...flags, '--', ...command]);
  }

  stateFolder(): string {
    return join(createFolder(this.#t), 'run');
  }

  /** Starts an application that answers with its name, and waits until others can call it. */
  async runApplication(host: Host, service: string, name: string): Promise<Program> {
    const flags = [
      '--service',
      service,
      '--port',
      String(APPLICATION_PORT),
      '--id',
      name,
      '--token',
      this.token(service),
    ];
    const program = this.run(host, flags, [process.execPath, APPLICATION, String(APPLICATION_PORT), name]);
    await this.sees((listing) => new RegExp(`^${name} .* ready `, 'm').test(listing), `${name} is not ready`);
    return program;
  }

  /** Starts a workload that asks an URL again and again; with a new token, unless it goes on from its folder. */
  runLoad(
    host: Host,
    serviceAccount: string,
    url: string,
    { id = `${serviceAccount}-1`, state, joins = true }: Life = {},
  ): Program {
    const who = ['--service-account', serviceAccount, '--id', id];
    const joining = joins ? ['--token', this.token(serviceAccount)] : [];
    return this.run(host, [...who, ...joining], [process.execPath, LOAD, url], state);
  }

  /** Waits until the control plane lists its workloads as wished. */
  async sees(look: (listing: string) => boolean, problem: string, patienceMs = 60_000): Promise<void> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const listing = this.workloads();
      if (look(listing)) return;
      if (performance.now() > deadline) throw new Error(`${problem}:\n${listing}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  workloads(): string {
    return this.controlHost.run(process.execPath, LAUNCHER, 'get', 'workloads');
  }
}

/** Why there is no packet filter, for `skip`; undefined where there is. */
export function whyNoFilter(): string | undefined {
  return findProgram('nft') === undefined ? 'nft missing (Debian package nftables)' : undefined;
}
