// A real `selvage control` of a simulated mesh.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../machine/ports.ts';
import type { Started, Workspace } from '../machine/workspace.ts';
import { issueIdentities, type Identities } from './identities.ts';
import { documentsOf, type Size } from './population.ts';

const LAUNCHER = join(import.meta.dirname, '../../../bin/selvage.cjs');
const READY_LIMIT_MS = 60_000;
const LOOK_MS = 20;

export class RunningControl {
  readonly port: number;
  readonly identities: Identities;
  readonly #workspace: Workspace;
  readonly #folder: string;
  readonly #nodeOptions: readonly string[];
  #process: Started | undefined;

  private constructor(workspace: Workspace, port: number, size: Size, nodeOptions: readonly string[]) {
    this.#workspace = workspace;
    this.port = port;
    this.#nodeOptions = nodeOptions;
    this.#folder = workspace.newFolder('control');
    mkdirSync(join(this.#folder, 'documents'));
    writeFileSync(join(this.#folder, 'documents', 'mesh.yaml'), documentsOf(size));
    this.identities = issueIdentities(join(this.#folder, 'state'), size);
  }

  /** @param nodeOptions such as `--cpu-prof` */
  static async start(workspace: Workspace, size: Size, nodeOptions: readonly string[] = []): Promise<RunningControl> {
    const control = new RunningControl(workspace, await freePort(), size, nodeOptions);
    await control.restart();
    return control;
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  /** @returns when it was ready, in nanoseconds of the shared clock */
  async restart(): Promise<void> {
    const stdoutFile = join(this.#folder, 'stdout');
    const from = this.#said().length;
    const args = ['documents', '--state', 'state', '--address', '127.0.0.1', '--port', String(this.port)];
    this.#process = this.#workspace.start(
      {
        command: process.execPath,
        args: [...this.#nodeOptions, LAUNCHER, 'control', ...args, '--admin-port', 'off'],
        stdoutFile,
      },
      this.#folder,
    );
    const deadlineMs = performance.now() + READY_LIMIT_MS;
    while (!/^ready after/m.test(this.#said().slice(from))) {
      if (this.#process.hasEnded() || performance.now() > deadlineMs)
        throw new Error(`cannot start the control plane: ${this.#said()}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** As a machine that loses power. */
  kill(): void {
    process.kill(this.pid, 'SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#process?.stop(10_000);
  }

  #said(): string {
    try {
      return readFileSync(join(this.#folder, 'stderr'), 'utf8');
    } catch {
      return '';
    }
  }
}
