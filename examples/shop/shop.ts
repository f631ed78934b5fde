import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CallLines } from './call-lines.ts';
import { Child, LAUNCHER } from './child.ts';
import { Voices } from './voices.ts';
import { GATEWAY, listPrograms, movePorts, NAMESPACE, PORTS, type Program } from './programs.ts';

const CONFIG = join(import.meta.dirname, 'config');
/** How often the control plane is asked whether everybody is there. */
const POLL_MS = 50;

/**
 * All processes of the shop, in the order in which they need each other:
 *
 * ```
 *  control plane ──▶ join tokens ──▶ a sidecar with its service, six times ──▶ everybody is ready
 *                               └──▶ gateway ────────────────────────────────┘
 * ```
 */
export class Shop {
  readonly #offset: number;
  /** Private, and gone with the shop: the certificate authority is in there. */
  readonly #folder = mkdtempSync(join(tmpdir(), 'selvage-shop-'));
  readonly #calls = new CallLines((line) => console.log(line));
  readonly #voices = new Voices();
  readonly #broken = Promise.withResolvers<never>();
  #control: Child | undefined;
  #gateway: Child | undefined;
  readonly #services: Child[] = [];
  #isClosing = false;

  /** @param offset added to each port */
  constructor(offset: number) {
    this.#offset = offset;
    // Whoever opens the shop hears of it; before and after that, nobody needs to.
    this.#broken.promise.catch(() => {});
  }

  /** The documents that are in effect. */
  get documents(): string {
    return this.#offset === 0 ? CONFIG : join(this.#folder, 'config');
  }

  /** Folder of the certificate authority and the join tokens. */
  get state(): string {
    return join(this.#folder, 'control');
  }

  portOf(name: keyof typeof PORTS): number {
    return PORTS[name] + this.#offset;
  }

  /** Rejects when one of the processes ends before it is told to. */
  get broken(): Promise<never> {
    return this.#broken.promise;
  }

  /** Starts everything. @returns when all of it is ready @throws (rejects) where something ends instead */
  async open(): Promise<void> {
    if (this.#offset !== 0) this.#moveDocuments();
    this.#control = this.#start('control plane', this.#controlWords(), {});
    await this.#unlessBroken(this.#control.said(/^ready after/));
    const programs = listPrograms(this.#offset);
    const services = [...Map.groupBy(programs, ({ serviceAccount }) => serviceAccount)];
    const entered = [this.#openGateway(), ...services.map(([account, ones]) => this.#openServices(account, ones))];
    await this.#unlessBroken(Promise.all([...entered, this.#everybodyReady(programs.length)]));
    this.#voices.opened();
  }

  /** Ends everything, the gateway first: it lets open requests finish, for which the services must be there. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#gateway?.end();
    await Promise.all(this.#services.map((service) => service.end()));
    await this.#control?.end();
    this.#calls.flush();
  }

  /** Ends everything without waiting for anybody, where {@link close} takes too long. */
  hurry(): void {
    for (const child of [this.#gateway, ...this.#services, this.#control]) void child?.end();
  }

  /** Takes the folder away. Processes that still run then have heard that this one ends, and end. */
  destroy(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #openGateway(): Promise<void> {
    const token = await this.#createToken(GATEWAY);
    if (this.#isClosing) return;
    this.#gateway = this.#start(GATEWAY, this.#gatewayWords(), { SELVAGE_TOKEN: token });
    await this.#gateway.said(/^ready after/);
  }

  /** Starts all programs that run as a service account. */
  async #openServices(serviceAccount: string, programs: readonly Program[]): Promise<void> {
    const token = await this.#createToken(serviceAccount);
    if (this.#isClosing) return;
    for (const program of programs) {
      const env = { ...program.env, SELVAGE_TOKEN: token };
      this.#services.push(this.#start(program.name, this.#runWords(program), env));
    }
  }

  #start(name: string, words: readonly string[], env: Readonly<Record<string, string>>): Child {
    const child = new Child(name, words, env, {
      printed: (line) => {
        if (!this.#calls.take(name, line)) this.#voices.say(name, line);
      },
      said: (line) => this.#voices.say(name, line),
    });
    void child.ended.then((outcome) => {
      if (this.#isClosing) return;
      this.#voices.speak();
      this.#broken.reject(new Error(`${name} ended (${outcome})`));
    });
    return child;
  }

  #unlessBroken<T>(what: Promise<T>): Promise<T> {
    return Promise.race([what, this.broken]);
  }

  // ── the commands ──

  #controlWords(): string[] {
    const place = ['--address', '127.0.0.1', '--port', String(this.portOf('control plane'))];
    const admin = ['--admin-port', String(this.portOf('admin of the control plane'))];
    return ['control', this.documents, '--state', this.state, ...place, ...admin];
  }

  #gatewayWords(): string[] {
    const admin = ['--admin-port', String(this.portOf('admin of the gateway'))];
    return ['gateway', '--name', GATEWAY, ...this.#memberWords(GATEWAY), ...admin];
  }

  #runWords({ name, serviceAccount, file, port }: Program): string[] {
    const who = ['--service', name, '--service-account', serviceAccount, '--port', String(port)];
    // Others are told where the sidecar is; any port will do.
    const sidecar = ['--mesh-port', '0', '--admin-port', 'off'];
    return ['run', ...who, ...this.#memberWords(name), ...sidecar, '--', process.execPath, file];
  }

  #memberWords(name: string): string[] {
    const control = ['--control', `127.0.0.1:${this.portOf('control plane')}`, '--state', join(this.#folder, name)];
    return ['--namespace', NAMESPACE, '--id', name, ...control, '--access-log', 'stdout'];
  }

  async #createToken(serviceAccount: string): Promise<string> {
    const words = ['--namespace', NAMESPACE, '--service-account', serviceAccount, '--state', this.state];
    const created = promisify(execFile)(process.execPath, [LAUNCHER, 'token', 'create', ...words, '--format', 'json']);
    return (JSON.parse((await created).stdout) as { readonly token: string }).token;
  }

  // ── what it waits for ──

  /** Whoever calls a service finds it as soon as its endpoints are published. */
  async #everybodyReady(endpointCount: number): Promise<void> {
    const url = `http://127.0.0.1:${this.portOf('admin of the control plane')}/services`;
    for (;;) {
      // Where the control plane has ended, that is told by itself.
      const services = await askForServices(url).catch(() => []);
      const ready = services.flatMap(({ endpoints }) => endpoints).filter(({ state }) => state === 'ready');
      if (ready.length >= endpointCount || this.#isClosing) return;
      await setTimeout(POLL_MS);
    }
  }

  /** The documents name the gateway's port: another one needs documents of its own. */
  #moveDocuments(): void {
    mkdirSync(this.documents);
    cpSync(CONFIG, this.documents, { recursive: true });
    for (const name of readdirSync(this.documents)) {
      const path = join(this.documents, name);
      writeFileSync(path, movePorts(readFileSync(path, 'utf8'), this.#offset));
    }
  }
}

/** As much as is used of what `selvage get services --format json` gives. */
interface ListedService {
  readonly endpoints: readonly { readonly state: string }[];
}

async function askForServices(url: string): Promise<readonly ListedService[]> {
  return (await (await fetch(url)).json()) as readonly ListedService[];
}
