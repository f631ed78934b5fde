import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import process from 'node:process';
import type { TestContext } from 'node:test';
import { findProgram } from '../../../tools/debian-packages.ts';
import { type Program, ROOT, startProgram } from '../../end-to-end/testing/program.ts';

/** Debian keeps some of these where the path of an ordinary user does not look. */
const NEEDED = ['ip', 'unshare', 'nsenter', 'setpriv'];
const ENVIRONMENT = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
/** Above what making a namespace takes on the busiest machine. */
const PATIENCE_MS = 30_000;

/** @returns why no {@link Network} can be made here, for `skip`; undefined where one can */
export function whyNoNetwork(): string | undefined {
  if (process.getuid?.() !== 0) return 'network namespaces of several hosts need root';
  const missing = NEEDED.filter((command) => findProgram(command) === undefined);
  if (missing.length > 0) return `${missing.join(', ')} missing (Debian packages iproute2 and util-linux)`;
  try {
    execFileSync('unshare', ['--net', '--mount', 'ip', 'link', 'add', 'probe', 'type', 'bridge'], {
      stdio: 'ignore',
      env: ENVIRONMENT,
    });
    return undefined;
  } catch {
    return 'this machine lets nobody make network namespaces and bridges';
  }
}

/**
 * Hosts on one bridge, each a network and a mount namespace of its own. The namespaces belong to processes that end with
 * the test, however that ends, so that nothing is left behind.
 */
export class Network {
  readonly #t: TestContext;
  readonly #bridge: Namespace;
  readonly #namespaces: Namespace[];

  private constructor(t: TestContext, bridge: Namespace) {
    this.#t = t;
    this.#bridge = bridge;
    this.#namespaces = [bridge];
    t.after(() => this.close());
  }

  static async create(t: TestContext): Promise<Network> {
    const bridge = await Namespace.open();
    bridge.run('ip', 'link', 'add', 'bridge', 'type', 'bridge');
    bridge.run('ip', 'link', 'set', 'bridge', 'up');
    return new Network(t, bridge);
  }

  /** Adds a host, which reaches all others of this network: 10.77.0.1 and fd77::1, then 10.77.0.2 … */
  async addHost(): Promise<Host> {
    const number = this.#namespaces.length;
    const namespace = await Namespace.open();
    this.#namespaces.push(namespace);
    const port = `host${number}`;
    const ends = ['netns', String(namespace.pid), 'type', 'veth', 'peer', 'name', port];
    this.#bridge.run('ip', 'link', 'add', 'eth0', ...ends);
    this.#bridge.run('ip', 'link', 'set', port, 'master', 'bridge', 'up');
    const [address, address6] = [`10.77.0.${number}`, `fd77::${number.toString(16)}`];
    namespace.run('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
    namespace.run('ip', 'link', 'set', 'eth0', 'up');
    // The last step, and without duplicate address detection, so that the address can be used at once.
    if (namespace.hasIpv6) namespace.run('ip', 'address', 'add', `${address6}/64`, 'dev', 'eth0', 'nodad');
    const setConnected = (isConnected: boolean): void => {
      this.#bridge.run('ip', 'link', 'set', port, isConnected ? 'up' : 'down');
    };
    return new Host(this.#t, namespace, { address, address6, setConnected });
  }

  close(): void {
    for (const namespace of this.#namespaces.splice(0)) namespace.close();
  }
}

interface Attachment {
  readonly address: string;
  readonly address6: string;
  readonly setConnected: (isConnected: boolean) => void;
}

/** One machine of a {@link Network}. Files are those of the test's machine, but for what is mounted here. */
export class Host {
  readonly #t: TestContext;
  readonly #namespace: Namespace;
  readonly address: string;
  readonly address6: string;
  /** Plugs the host's cable in, or out. */
  readonly setConnected: (isConnected: boolean) => void;

  constructor(t: TestContext, namespace: Namespace, { address, address6, setConnected }: Attachment) {
    this.#t = t;
    this.#namespace = namespace;
    this.address = address;
    this.address6 = address6;
    this.setConnected = setConnected;
  }

  /** Starts a program on this host; it is ended with the test. Its process id is the program's own. */
  start(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Program {
    return startProgram(this.#t, 'nsenter', [...this.#namespace.entry, command, ...args], {
      PATH: ENVIRONMENT.PATH,
      ...env,
    });
  }

  /** Runs a short command on this host. @returns its standard output @throws where it fails */
  run(command: string, ...args: string[]): string {
    return this.#namespace.run(command, ...args);
  }
}

/** A network and a mount namespace that live as long as a process of their own. */
class Namespace {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async open(): Promise<Namespace> {
    const life = 'ip link set lo up && echo up && exec sleep infinity';
    const args = ['--pdeathsig', 'KILL', 'unshare', '--net', '--mount', 'sh', '-c', life];
    const child = spawn('setpriv', args, {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: ENVIRONMENT,
    });
    await new Promise<void>((resolve, reject) => {
      const giveUp = setTimeout(() => reject(new Error('no network namespace came up')), PATIENCE_MS);
      child.stdout.once('data', () => {
        clearTimeout(giveUp);
        resolve();
      });
      child.once('exit', (code) => reject(new Error(`cannot make a network namespace (unshare ended with ${code})`)));
    });
    return new Namespace(child);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** What `nsenter` is to be told. */
  get entry(): readonly string[] {
    return [`--net=/proc/${this.pid}/ns/net`, `--mount=/proc/${this.pid}/ns/mnt`, `--wd=${ROOT}`, '--'];
  }

  get hasIpv6(): boolean {
    return this.run('sh', '-c', 'cat /proc/net/if_inet6 2>/dev/null || true') !== '';
  }

  run(command: string, ...args: string[]): string {
    return execFileSync('nsenter', [...this.entry, command, ...args], {
      encoding: 'utf8',
      timeout: PATIENCE_MS,
      env: ENVIRONMENT,
    });
  }

  close(): void {
    this.#child.kill('SIGKILL');
  }
}
