import type { Command } from './command.ts';
import type { CheckRequest } from './check.ts';
import type { ControlOptions } from './control.ts';
import type { DescribeOptions } from './describe.ts';
import type { GatewayCommandOptions } from './gateway.ts';
import type { GetOptions } from './get.ts';
import type { RootRequest } from './root.ts';
import type { RunOptions } from './run.ts';
import type { StatusOptions } from './status.ts';
import type { Terminal } from './terminal.ts';
import type { TokenRequest } from './token.ts';
import type { UpOptions } from './up.ts';

/** What commands need that this folder cannot give. */
export interface Commissions {
  readonly version: string;
  /** Serves until it is told to stop. @returns the exit code */
  readonly up: (options: UpOptions, terminal: Terminal) => Promise<number>;
  /** Runs a control plane until it is told to stop. @returns the exit code */
  readonly control: (options: ControlOptions, terminal: Terminal) => Promise<number>;
  /** Serves a Gateway at the edge of a mesh until it is told to stop. @returns the exit code */
  readonly gateway: (options: GatewayCommandOptions, terminal: Terminal) => Promise<number>;
  /** Runs an application with its sidecar. @returns the application's exit code */
  readonly run: (options: RunOptions, terminal: Terminal) => Promise<number>;
  /** @returns the exit code */
  readonly token: (request: TokenRequest, terminal: Terminal) => Promise<number>;
  /** @returns the exit code */
  readonly root: (request: RootRequest, terminal: Terminal) => Promise<number>;
  /** @returns the exit code */
  readonly get: (options: GetOptions, terminal: Terminal) => Promise<number>;
  /** @returns the exit code */
  readonly describe: (options: DescribeOptions, terminal: Terminal) => Promise<number>;
  /** @returns the exit code */
  readonly check: (request: CheckRequest, terminal: Terminal) => Promise<number>;
  /** @returns the exit code */
  readonly status: (options: StatusOptions, terminal: Terminal) => Promise<number>;
}

/** Commands by their names, in the order of help. Each is loaded when it is asked for: a sidecar has no need of the others. */
export type Commands = ReadonlyMap<string, () => Promise<Command>>;

/** All commands. */
export function createCommands(commissions: Commissions): Commands {
  const { version, up, control, gateway, run, token, root, status, get, describe, check } = commissions;
  return new Map([
    ['up', async () => (await import('./up.ts')).createUpCommand(up)],
    ['validate', async () => (await import('./validate.ts')).validateCommand],
    ['explain', async () => (await import('./explain.ts')).explainCommand],
    ['control', async () => (await import('./control.ts')).createControlCommand(control)],
    ['gateway', async () => (await import('./gateway.ts')).createGatewayCommand(gateway)],
    ['run', async () => (await import('./run.ts')).createRunCommand(run)],
    ['token', async () => (await import('./token.ts')).createTokenCommand(token)],
    ['root', async () => (await import('./root.ts')).createRootCommand(root)],
    ['status', async () => (await import('./status.ts')).createStatusCommand(status)],
    ['get', async () => (await import('./get.ts')).createGetCommand(get)],
    ['describe', async () => (await import('./describe.ts')).createDescribeCommand(describe)],
    ['check', async () => (await import('./check.ts')).createCheckCommand(check)],
    ['version', async () => (await import('./version.ts')).createVersionCommand(version)],
  ]);
}

/** Loads all commands: for help. */
export function loadAll(commands: Commands): Promise<readonly Command[]> {
  return Promise.all([...commands.values()].map((load) => load()));
}
