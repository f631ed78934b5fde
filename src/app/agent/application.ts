import { type ChildProcess, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { constants } from 'node:os';
import process from 'node:process';
import { isatty } from 'node:tty';

/** How an application ended, as shells tell it: its exit code, or 128 and the signal's number. */
export type ExitCode = number;

/** As shells say for a command that is not there, and for one that cannot be run. */
const NOT_FOUND = 127;
const NOT_RUNNABLE = 126;
const SIGNALLED = 128;

export interface ApplicationOptions {
  /** The program with its arguments. */
  readonly command: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /**
   * Whether others call it. Then it is kept from Ctrl-C in a terminal, which all processes in the foreground get at once:
   * it would end before its open requests have. What serves nobody stays in the foreground, where it may read.
   */
  readonly isServing: boolean;
  /** Told why it cannot be started, before it ends. */
  readonly failed: (reason: string) => void;
}

/** The command that a sidecar stands beside. */
export class Application {
  readonly #child: ChildProcess;
  readonly #leadsGroup: boolean;
  /** Resolves with its end; never rejects. */
  readonly ended: Promise<ExitCode>;

  /** Starts it. */
  constructor({ command, environment, isServing, failed }: ApplicationOptions) {
    const [program = '', ...args] = command;
    // A terminal fails whoever reads from it and is not in its foreground.
    const stdin = isServing && isatty(0) ? 'ignore' : 'inherit';
    this.#leadsGroup = isServing;
    this.#child = spawn(program, args, {
      stdio: [stdin, 'inherit', 'inherit'],
      env: environment,
      detached: isServing,
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('error', (error: NodeJS.ErrnoException) => {
        failed(`cannot start ${program}: ${error.code ?? error.message}`);
        resolve(error.code === 'ENOENT' ? NOT_FOUND : NOT_RUNNABLE);
      });
      this.#child.once('exit', (code, signal) => {
        resolve(code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal]));
      });
    });
  }

  /** Process id of what leads a process group; undefined where that is the group of this process too, or nothing started. */
  get groupLeader(): number | undefined {
    return this.#leadsGroup ? this.#child.pid : undefined;
  }

  /** Asks it to end: it alone, which passes that on to what it has started, or not. */
  end(): void {
    this.#child.kill('SIGTERM');
  }

  /** Ends it at once, where it serves with all that it has started. */
  kill(): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (!this.#leadsGroup || pid === undefined || exitCode !== null || signalCode !== null) this.#child.kill('SIGKILL');
    else process.kill(-pid, 'SIGKILL');
  }
}

/** The environment of an application that need not find its sidecar. */
export function captiveEnvironment(base: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const { SELVAGE_TOKEN: _, ...inherited } = base;
  return inherited;
}

/** Names and ranges that are never asked for over the sidecar: the machine itself. */
const NO_PROXY = 'localhost,127.0.0.1,::1';

/**
 * The environment in which an application finds its sidecar. What it knows of other proxies is replaced; names that are
 * to go past a proxy are kept.
 */
export function applicationEnvironment(proxyPort: number, base: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const { SELVAGE_TOKEN: _, ...inherited } = base;
  const proxy = `http://127.0.0.1:${proxyPort}`;
  const known = inherited['NO_PROXY'] ?? inherited['no_proxy'] ?? '';
  const noProxy = known === '' ? NO_PROXY : `${NO_PROXY},${known}`;
  return {
    ...inherited,
    HTTP_PROXY: proxy,
    http_proxy: proxy,
    NO_PROXY: noProxy,
    no_proxy: noProxy,
    // Node's own clients go by HTTP_PROXY only where they are told to.
    NODE_USE_ENV_PROXY: '1',
  };
}

const PROBE_TIMEOUT_MS = 1000;

/** Whether something accepts connections at a port of this machine. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: PROBE_TIMEOUT_MS });
    const settle = (isOpen: boolean): void => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => settle(true));
    socket.once('timeout', () => settle(false));
    socket.once('error', () => settle(false));
  });
}
