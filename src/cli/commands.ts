import type { Command } from './command.ts';
import { createControlCommand, type ControlOptions } from './control.ts';
import { explainCommand } from './explain.ts';
import { createGatewayCommand, type GatewayCommandOptions } from './gateway.ts';
import { createGetCommand, type GetOptions } from './get.ts';
import { createRunCommand, type RunOptions } from './run.ts';
import { createRootCommand, type RootRequest } from './root.ts';
import type { Terminal } from './terminal.ts';
import { createTokenCommand, type TokenRequest } from './token.ts';
import { createUpCommand, type UpOptions } from './up.ts';
import { validateCommand } from './validate.ts';
import { createVersionCommand } from './version.ts';

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
}

/** All commands, in the order of help. */
export function createCommands({
  version,
  up,
  control,
  gateway,
  run,
  token,
  root,
  get,
}: Commissions): readonly Command[] {
  return [
    createUpCommand(up),
    validateCommand,
    explainCommand,
    createControlCommand(control),
    createGatewayCommand(gateway),
    createRunCommand(run),
    createTokenCommand(token),
    createRootCommand(root),
    createGetCommand(get),
    createVersionCommand(version),
  ];
}
