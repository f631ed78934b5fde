import { EXIT } from '#cli/command.ts';
import type { Terminal } from '#cli/terminal.ts';
import type { UpOptions } from '#cli/up.ts';
import { DirectoryWatcher } from '#control/sources/directory-watcher.ts';
import { openAdmin, type Admin, type Phase } from './admin.ts';
import type { ControlClient } from './control-client.ts';
import type { DataPlane } from './data-plane.ts';
import { drainWithin } from './drain-within.ts';
import { endFrugalStart } from './frugal-start.ts';
import { ServedFolder } from './served-folder.ts';
import type { StopSignals } from './stop-signals.ts';
import { UpNarrator } from './up-narrator.ts';

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
export async function up(options: UpOptions, start: UpStart, terminal: Terminal): Promise<number> {
  const narrator = new UpNarrator(options, terminal);
  const run = new UpRun(options, start, narrator, await createDataPlane(options, narrator));
  try {
    if (!(await run.start())) return EXIT.failure;
    endFrugalStart();
    await start.signals.first;
    await run.drain();
    return EXIT.ok;
  } finally {
    await run.close();
  }
}

/** One life of `selvage up`: starting → ready → draining → closed. */
class UpRun {
  readonly #options: UpOptions;
  readonly #version: string;
  readonly #signals: StopSignals;
  readonly #narrator: UpNarrator;
  readonly #dataPlane: DataPlane;
  readonly #folder: ServedFolder;
  readonly #watcher: DirectoryWatcher;
  #phase: Phase = 'starting';
  #admin: Admin | undefined;

  constructor(options: UpOptions, { version, control, signals }: UpStart, narrator: UpNarrator, dataPlane: DataPlane) {
    this.#options = options;
    this.#version = version;
    this.#signals = signals;
    this.#narrator = narrator;
    this.#dataPlane = dataPlane;
    this.#folder = new ServedFolder(options.folder, control, this.#dataPlane, this.#narrator);
    // Before the first reading, so that no change falls between the two.
    this.#watcher = new DirectoryWatcher(options.folder, () => void this.#folder.reload());
    signals.onHangUp(() => this.#dataPlane.reopenLog());
  }

  /** @returns whether it serves; if not, it has said why */
  async start(): Promise<boolean> {
    const opened = this.#openAdmin();
    const isStopped = this.#signals.first.then(() => true);
    const isInterrupted = await Promise.race([this.#folder.reload().then(() => false), isStopped]);
    const canAdminister = await opened;
    if (isInterrupted) return true;
    const canServe = this.#dataPlane.bound.length > 0;
    if (!canServe) this.#narrator.nothingServed(this.#folder.snapshot, this.#folder.failures);
    if (!canServe || !canAdminister) return false;
    this.#phase = 'ready';
    this.#narrator.ready(this.#folder.snapshot, this.#folder.failures, this.#admin?.url);
    return true;
  }

  /** Lets open requests finish, for as long as that may take. */
  async drain(): Promise<void> {
    this.#phase = 'draining';
    this.#unfollow();
    const { drainTimeoutMs } = this.#options;
    this.#narrator.draining(drainTimeoutMs);
    this.#narrator.drained(await drainWithin(this.#dataPlane, drainTimeoutMs, this.#signals.second));
  }

  async close(): Promise<void> {
    this.#unfollow();
    await Promise.all([this.#dataPlane.close(), this.#admin?.close()]);
  }

  #unfollow(): void {
    this.#watcher.close();
    this.#folder.close();
  }

  /** @returns false where its port is not to be had */
  async #openAdmin(): Promise<boolean> {
    const { admin } = this.#options;
    if (admin === null) return true;
    const subject = {
      version: this.#version,
      phase: () => this.#phase,
      dataPlane: this.#dataPlane,
      served: this.#folder,
    };
    try {
      this.#admin = await openAdmin(admin, subject);
      return true;
    } catch (error) {
      this.#narrator.complain(error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}

/** Loads what carries the traffic: with workers, the main thread needs none of it itself. */
async function createDataPlane(
  { workers, accessLog, trustedProxies }: UpOptions,
  narrator: UpNarrator,
): Promise<DataPlane> {
  const options = { accessLog, trustedProxies };
  if (workers === 1) {
    const { ThreadDataPlane } = await import('./thread-data-plane.ts');
    return new ThreadDataPlane(options, false);
  }
  const { WorkerPool } = await import('./worker-pool.ts');
  return new WorkerPool(options, workers, (message) => narrator.complain(message));
}
