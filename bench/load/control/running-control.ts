// A real `selvage control`.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../machine/ports.ts';
import type { Started, Workspace } from '../machine/workspace.ts';

const LAUNCHER = join(import.meta.dirname, '../../../bin/selvage.cjs');
const READY_LIMIT_MS = 60_000;
const LOOK_MS = 20;

export class RunningControl {
  readonly port: number;
  readonly state: string;
  readonly #workspace: Workspace;
  readonly #folder: string;
  readonly #nodeOptions: readonly string[];
  #process: Started | undefined;

  private constructor(workspace: Workspace, port: number, documents: string, nodeOptions: readonly string[]) {
    this.#workspace = workspace;
    this.port = port;
    this.#nodeOptions = nodeOptions;
    this.#folder = workspace.newFolder('control');
    mkdirSync(join(this.#folder, 'documents'));
    writeFileSync(join(this.#folder, 'documents', 'mesh.yaml'), documents);
    this.state = join(this.#folder, 'state');
  }

  /** @param nodeOptions such as `--cpu-prof` */
  static async prepare(
    workspace: Workspace,
    documents: string,
    nodeOptions: readonly string[] = [],
  ): Promise<RunningControl> {
    return new RunningControl(workspace, await freePort(), documents, nodeOptions);
  }

  get pid(): number {
    return this.#process?.pid ?? -1;
  }

  /** Starts it, for the first time or once more. @returns when it is ready */
  async start(): Promise<void> {
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
