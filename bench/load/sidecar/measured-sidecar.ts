// A real `selvage run` beside an application that does nothing.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningControl } from '../control/running-control.ts';
import { cpuTimeBetweenNs, readCpuTimes } from '../machine/cpu.ts';
import { residentKiB } from '../machine/memory.ts';
import { freePort } from '../machine/ports.ts';
import type { Started, Workspace } from '../machine/workspace.ts';

const LAUNCHER = join(import.meta.dirname, '../../../bin/selvage.cjs');
const READY_LIMIT_MS = 30_000;
const LOOK_MS = 2;
const IDLE_MS = 5_000;

/** Of one start, until the application was started. */
export interface SidecarStart {
  readonly ms: number;
  readonly cpuMs: number;
}

export class MeasuredSidecar {
  readonly proxyPort: number;
  readonly start: SidecarStart;
  readonly #process: Started;

  private constructor(process: Started, proxyPort: number, start: SidecarStart) {
    this.#process = process;
    this.proxyPort = proxyPort;
    this.start = start;
  }

  /** @param state folder of the sidecar: with an identity in it, or new */
  static async start(workspace: Workspace, control: RunningControl, state: string): Promise<MeasuredSidecar> {
    const folder = workspace.newFolder('sidecar');
    const proxyPort = await freePort();
    const token = await tokenFor(workspace, control);
    const ports = ['--proxy-port', String(proxyPort), '--mesh-port', '0', '--admin-port', '0'];
    const who = ['--service-account', 'web', '--id', 'web-1', '--control', `127.0.0.1:${control.port}`];
    const application = ['--', 'sh', '-c', 'echo started; exec sleep 600'];
    const stdoutFile = join(folder, 'stdout');
    const fromMs = performance.now();
    const started = workspace.start(
      {
        command: process.execPath,
        args: [LAUNCHER, 'run', ...who, ...ports, '--state', state, '--access-log', 'off', ...application],
        env: { SELVAGE_TOKEN: token },
        stdoutFile,
      },
      folder,
    );
    while (!readFileSync(stdoutFile, 'latin1').includes('started')) {
      if (started.hasEnded() || performance.now() > fromMs + READY_LIMIT_MS)
        throw new Error(`cannot start a sidecar: ${readFileSync(join(folder, 'stderr'), 'utf8')}`);
      await sleep(LOOK_MS);
    }
    const ms = performance.now() - fromMs;
    const cpuMs = cpuTimeBetweenNs(new Map(), readCpuTimes(started.pid)) / 1e6;
    return new MeasuredSidecar(started, proxyPort, { ms, cpuMs });
  }

  /** @returns what it holds when nothing has happened for some seconds, in MB */
  async idleMb(): Promise<number> {
    await sleep(IDLE_MS);
    return residentKiB(this.#process.pid) / 1024;
  }

  stop(): Promise<void> {
    return this.#process.stop();
  }
}

async function tokenFor(workspace: Workspace, { state }: RunningControl): Promise<string> {
  const args = [LAUNCHER, 'token', 'create', '--service-account', 'web', '--state', state];
  return (await workspace.run({ command: process.execPath, args }, READY_LIMIT_MS)).trim();
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
