import type { Command } from './command.ts';
import { explainCommand } from './explain.ts';
import type { Terminal } from './terminal.ts';
import { createUpCommand, type UpOptions } from './up.ts';
import { validateCommand } from './validate.ts';
import { createVersionCommand } from './version.ts';

/** What commands need that this folder cannot give. */
export interface Commissions {
  readonly version: string;
  /** Serves until it is told to stop. @returns the exit code */
  readonly up: (options: UpOptions, terminal: Terminal) => Promise<number>;
}

/** All commands, in the order of help. */
export function createCommands({ version, up }: Commissions): readonly Command[] {
  return [createUpCommand(up), validateCommand, explainCommand, createVersionCommand(version)];
}
