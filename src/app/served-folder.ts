import type { Snapshot, SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { Diagnostic } from '#model/diagnostic.ts';
import type { ObjectStatus } from '#control/status.ts';
import type { ApplyReport } from '#proxy/listener-set.ts';
import type { ControlClient } from './control-client.ts';
import type { Reconciliation } from './control-messages.ts';
import type { DataPlane } from './data-plane.ts';
import { DeltaApplier } from './delta-applier.ts';

/** What one reading of the folder led to. */
export interface Reload {
  readonly delta: SnapshotDelta;
  /** The snapshot that was served before. */
  readonly before: Snapshot;
  readonly diagnostics: readonly Diagnostic[];
  readonly failures: ApplyReport['failures'];
  readonly fileCount: number;
  /** From the start of the reading to the end of the application. */
  readonly durationMs: number;
}

/** Who is told what happens. */
export interface ServedFolderObserver {
  reloaded(reload: Reload): void;
  /** The folder could not be compiled at all; what served before still does. */
  failed(reason: string): void;
  /** Listeners whose port has become free are bound now. */
  recovered(listeners: readonly string[]): void;
}

/** Makes the data plane serve what a folder declares. Readings and applications never overlap. */
export class ServedFolder {
  readonly #folder: string;
  readonly #control: ControlClient;
  readonly #applier: DeltaApplier;
  readonly #observer: ServedFolderObserver;
  #state: Uint8Array | null = null;
  #statuses: readonly ObjectStatus[] = [];
  #diagnostics: readonly Diagnostic[] = [];
  #applied = 0;
  #rejected = 0;
  #work: Promise<void> = Promise.resolve();
  #isReloadDue = false;
  #isClosed = false;

  constructor(folder: string, control: ControlClient, dataPlane: DataPlane, observer: ServedFolderObserver) {
    this.#folder = folder;
    this.#control = control;
    this.#applier = new DeltaApplier(dataPlane, (listeners) => observer.recovered(listeners));
    this.#observer = observer;
  }

  /** What is served. */
  get snapshot(): Snapshot {
    return this.#applier.snapshot;
  }

  /** What became of each declared object. */
  get statuses(): readonly ObjectStatus[] {
    return this.#statuses;
  }

  /** All that is wrong with what is declared. */
  get diagnostics(): readonly Diagnostic[] {
    return this.#diagnostics;
  }

  /** For whoever asks how it stands. */
  get status(): object {
    return { objects: this.#statuses, diagnostics: this.#diagnostics, unboundListeners: this.failures };
  }

  /** How many readings led to something, and how many failed as a whole. */
  get reloads(): { readonly applied: number; readonly rejected: number } {
    return { applied: this.#applied, rejected: this.#rejected };
  }

  /** Listeners that could not be bound. */
  get failures(): ApplyReport['failures'] {
    return this.#applier.failures;
  }

  /** Reads the folder and serves what it declares; calls that come meanwhile lead to one more reading. */
  reload(): Promise<void> {
    if (!this.#isReloadDue) {
      this.#isReloadDue = true;
      this.#work = this.#work.then(() => this.#reload());
    }
    return this.#work;
  }

  /** Starts nothing more. */
  close(): void {
    this.#isClosed = true;
    this.#applier.close();
    this.#control.close();
  }

  async #reload(): Promise<void> {
    this.#isReloadDue = false;
    if (this.#isClosed) return;
    const startedAt = performance.now();
    try {
      const reconciliation = await this.#control.reconcile({ folder: this.#folder, state: this.#state });
      if (!this.#isClosed) await this.#apply(reconciliation, startedAt);
    } catch (error) {
      this.#rejected += 1;
      // The state stays as it was: the next delta starts from there and brings what this one did not.
      if (!this.#isClosed) this.#observer.failed(error instanceof Error ? error.message : String(error));
    }
  }

  async #apply({ state, delta, statuses, diagnostics, fileCount }: Reconciliation, startedAt: number): Promise<void> {
    const before = this.#applier.snapshot;
    const failures = await this.#applier.apply(delta);
    this.#state = state;
    this.#statuses = statuses;
    this.#diagnostics = diagnostics;
    this.#applied += 1;
    this.#observer.reloaded({
      delta,
      before,
      diagnostics,
      failures,
      fileCount,
      durationMs: performance.now() - startedAt,
    });
  }
}
