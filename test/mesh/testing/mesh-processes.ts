import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TestContext } from 'node:test';
import { createFolder } from '../../end-to-end/testing/folder.ts';
import { type Program, startSelvage, startSelvageWith } from '../../end-to-end/testing/program.ts';

const APPLICATION = join(import.meta.dirname, 'application.mjs');
const CALLER = join(import.meta.dirname, 'caller.mjs');

/** A mesh of real processes: one control plane, and the sidecars that a test starts. */
export class MeshProcesses {
  readonly #t: TestContext;
  readonly state: string;
  readonly documents: string;
  /** Of whatever runs on the machine of the control plane. */
  environment: Readonly<Record<string, string>> = {};
  control!: Program;
  port = 0;
  adminUrl = '';

  private constructor(t: TestContext) {
    this.#t = t;
    this.state = join(createFolder(t), 'state');
    this.documents = createFolder(t);
  }

  static async start(t: TestContext, ...flags: string[]): Promise<MeshProcesses> {
    const mesh = new MeshProcesses(t);
    await mesh.startControl(...flags);
    return mesh;
  }

  /** One whose control plane has a clock that is off by so much. */
  static async startWithClockOff(t: TestContext, shiftMs: number, ...flags: string[]): Promise<MeshProcesses> {
    const mesh = new MeshProcesses(t);
    mesh.setClockOff(shiftMs);
    await mesh.startControl(...flags);
    return mesh;
  }

  /** From the next start of the control plane on. */
  setClockOff(shiftMs: number): void {
    const module = pathToFileURL(join(import.meta.dirname, 'shifted-clock.mjs')).href;
    this.environment = { NODE_OPTIONS: `--import=${module}`, SHIFT_CLOCK_MS: String(shiftMs) };
  }

  /** Starts the control plane, on the port that it had before. */
  async startControl(...flags: string[]): Promise<void> {
    const ports = ['--address', '127.0.0.1', '--port', String(this.port), '--admin-port', '0'];
    const program = ['control', this.documents];
    this.control = startSelvageWith(this.#t, this.environment, ...program, '--state', this.state, ...ports, ...flags);
    this.port = Number((await this.control.said(/127\.0\.0\.1:(\d+) {2}sidecars/))[1]);
    this.adminUrl = (await this.control.said(/(http:\/\/127\.0\.0\.1:\d+) {2}admin/))[1]!;
    await this.control.said(/^ready after/m);
  }

  async token(serviceAccount: string, ...flags: string[]): Promise<string> {
    const ending = await startSelvageWith(
      this.#t,
      this.environment,
      'token',
      'create',
      '--service-account',
      serviceAccount,
      '--state',
      this.state,
      ...flags,
    ).ended;
    if (ending.code !== 0) throw new Error(ending.stderr);
    return ending.stdout.trim();
  }

  /** Starts a workload; `flags` come before `--`. */
  run(flags: readonly string[], ...command: string[]): Program {
    return startSelvage(this.#t, ...this.runArguments(flags), '--', ...command);
  }

  /** The words that start a workload, as far as its command. */
  runArguments(flags: readonly string[]): readonly string[] {
    const state = ['--state', join(createFolder(this.#t), 'run')];
    const own = flags.includes('--state') ? [] : state;
    const meshPort = flags.includes('--mesh-port') ? [] : ['--mesh-port', '0'];
    const control = ['--control', `127.0.0.1:${this.port}`, ...adminOff(flags), ...meshPort];
    return ['run', ...control, ...own, ...flags];
  }

  /** Starts an application that answers with its name and with who calls. */
  async runApplication(service: string, port: number, ...flags: string[]): Promise<Program> {
    const token = await this.token(service);
    const name = ['--service', service, '--port', String(port), '--token', token];
    return this.run([...name, ...flags], process.execPath, APPLICATION, String(port), `${service}:${port}`);
  }

  /** Starts a workload that asks an URL again and again, and writes a line for each answer. */
  async runCaller(serviceAccount: string, url: string, ...flags: string[]): Promise<Program> {
    const token = await this.token(serviceAccount);
    return this.run(['--service-account', serviceAccount, '--token', token, ...flags], process.execPath, CALLER, url);
  }

  /** Starts a gateway, named as its service account is. */
  async runGateway(name: string, ...flags: string[]): Promise<Program> {
    return this.runGatewayWithoutToken(name, '--token', await this.token(name), ...flags);
  }

  /** The same of one that has joined before, or is given another token. */
  runGatewayWithoutToken(name: string, ...flags: string[]): Program {
    const state = flags.includes('--state') ? [] : ['--state', join(createFolder(this.#t), 'gateway')];
    const control = ['--control', `127.0.0.1:${this.port}`, '--admin-port', '0'];
    return startSelvage(this.#t, 'gateway', '--name', name, ...control, ...state, ...flags);
  }

  /** What `selvage get` gives to programs. */
  async get<T>(listing: string): Promise<T> {
    return (await (await fetch(`${this.adminUrl}/${listing}`)).json()) as T;
  }

  /** Waits until one workload, among whatever others, is as wished. */
  async workloadIs(id: string, wanted: string): Promise<void> {
    await eventually(async () => {
      const found = await this.get<{ id: string; state: string }[]>('workloads');
      const state = found.find((one) => one.id === id)?.state ?? 'absent';
      return state === wanted ? undefined : `${id} is ${state}`;
    });
  }

  /** Waits until the workloads are as wished, each as `id state`. */
  async workloads(...wanted: string[]): Promise<void> {
    await eventually(async () => {
      const found = await this.get<{ id: string; state: string }[]>('workloads');
      const states = found.map(({ id, state }) => `${id} ${state}`).toSorted();
      return states.join() === wanted.toSorted().join() ? undefined : `workloads are ${states.join(', ')}`;
    });
  }
}

/** @param look gives undefined, or what is not yet as it should be */
export async function eventually(look: () => Promise<string | undefined>, patienceMs = 60_000): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  for (;;) {
    const problem = await look().catch((error: unknown) => String(error));
    if (problem === undefined) return;
    if (performance.now() > deadlineMs) throw new Error(`still after ${patienceMs} ms: ${problem}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Several sidecars of a machine cannot all have the usual port, and most tests ask none. */
function adminOff(flags: readonly string[]): readonly string[] {
  return flags.includes('--admin-port') ? [] : ['--admin-port', 'off'];
}
