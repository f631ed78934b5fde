import { flushCompileCache } from 'node:module';
import { EXIT } from '#cli/command.ts';
import type { Terminal } from '#cli/terminal.ts';
import type { UpOptions } from '#cli/up.ts';
import { DirectoryWatcher } from '#control/sources/directory-watcher.ts';
import { openAdmin, type Admin, type Phase } from './admin.ts';
import type { ControlClient } from './control-client.ts';
import type { DataPlane } from './data-plane.ts';
import { ServedFolder } from './served-folder.ts';
import type { StopSignals } from './stop-signals.ts';
import { ThreadDataPlane } from './thread-data-plane.ts';
import { UpNarrator } from './up-narrator.ts';
import { WorkerPool } from './worker-pool.ts';

/** What was begun before this module, with all that it imports, was loaded. */
export interface UpStart {
  /** Of the build. */
  readonly version: string;
  readonly control: ControlClient;
  readonly signals: StopSignals;
}

/**
 * Serves a folder until the process is told to stop.
 *
 * ```
 *  folder ─ DirectoryWatcher ─► ServedFolder ── delta ─► DataPlane (this thread, or workers)
 *                                  │   ▲
 *                                  ▼   │
 *                              ControlClient ⇄ control process, while there is something to compile
 * ```
 * Nothing here may load what parses and validates documents: that is what the control process is for.
 *
 * @returns the exit code
 */
export async function up(options: UpOptions, { version, control, signals }: UpStart, terminal: Terminal): Promise<number> {
  const narrator = new UpNarrator(options, terminal);
  const dataPlane = createDataPlane(options, narrator);
  const folder = new ServedFolder(options.folder, control, dataPlane, narrator);
  const run = new UpRun(options, version, dataPlane, folder, narrator);
  // Before the first reading, so that no change falls between the two.
  const watcher = new DirectoryWatcher(options.folder, () => void folder.reload());
  signals.onHangUp(() => dataPlane.reopenLog());
  try {
    if (!(await run.start(signals))) return EXIT.failure;
    // At once: a process that is killed does not get to it, and its next start would be slow again.
    flushCompileCache();
    await signals.first;
    watcher.close();
    folder.close();
    await run.drain(signals);
    return EXIT.ok;
  } finally {
    watcher.close();
    folder.close();
    await run.close();
  }
}

function createDataPlane({ workers, accessLog, trustedProxies }: UpOptions, narrator: UpNarrator): DataPlane {
  const options = { accessLog, trustedProxies };
  if (workers === 1) return new ThreadDataPlane(options, false);
  return new WorkerPool(options, workers, (message) => narrator.complain(message));
}

/** One life of `selvage up`: starting → ready → draining → closed. */
class UpRun {
  readonly #options: UpOptions;
  readonly #version: string;
  readonly #dataPlane: DataPlane;
  readonly #folder: ServedFolder;
  readonly #narrator: UpNarrator;
  #phase: Phase = 'starting';
  #admin: Admin | undefined;

  constructor(options: UpOptions, version: string, dataPlane: DataPlane, folder: ServedFolder, narrator: UpNarrator) {
    this.#options = options;
    this.#version = version;
    this.#dataPlane = dataPlane;
    this.#folder = folder;
    this.#narrator = narrator;
  }

  /** @returns whether it serves; if not, it has said why */
  async start(signals: StopSignals): Promise<boolean> {
    const opened = this.#openAdmin();
    const loaded = await Promise.race([this.#folder.reload().then(() => true), signals.first.then(() => false)]);
    const canAdminister = await opened;
    if (!loaded) return true;
    const canServe = this.#dataPlane.bound.length > 0;
    if (!canServe) this.#narrator.nothingServed(this.#folder.snapshot, this.#folder.failures);
    if (!canServe || !canAdminister) return false;
    this.#phase = 'ready';
    this.#narrator.ready(this.#folder.snapshot, this.#folder.failures, this.#admin?.url);
    return true;
  }

  async drain(signals: StopSignals): Promise<void> {
    this.#phase = 'draining';
    const { drainTimeoutMs } = this.#options;
    this.#narrator.draining(drainTimeoutMs);
    const { promise: timeout, resolve } = Promise.withResolvers<'timeout'>();
    const timer = setTimeout(() => resolve('timeout'), drainTimeoutMs);
    const finished = this.#dataPlane.drain().then(() => 'finished' as const);
    const outcome = await Promise.race([finished, timeout, signals.second.then(() => 'interrupted' as const)]);
    clearTimeout(timer);
    this.#narrator.drained(outcome);
  }

  async close(): Promise<void> {
    await Promise.all([this.#dataPlane.close(), this.#admin?.close()]);
  }

  /** @returns false where its port is not to be had */
  async #openAdmin(): Promise<boolean> {
    const { admin } = this.#options;
    if (admin === null) return true;
    try {
      this.#admin = await openAdmin(admin, {
        version: this.#version,
        phase: () => this.#phase,
        dataPlane: this.#dataPlane,
        folder: this.#folder,
      });
      return true;
    } catch (error) {
      this.#narrator.complain(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
