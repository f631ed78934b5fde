import { EMPTY_SNAPSHOT, snapshotKey, type Snapshot, type SnapshotDelta } from '#model/snapshot/snapshot.ts';
import type { ApplyReport } from '#proxy/listener-set.ts';
import type { DataPlane } from './data-plane.ts';

/** How soon a port that was taken is tried again. */
const BIND_RETRY_MS = 1000;

/** Has a data plane apply one delta after another, and tries again what could not be bound. */
export class DeltaApplier {
  readonly #dataPlane: DataPlane;
  readonly #recovered: (listeners: readonly string[]) => void;
  #snapshot: Snapshot = EMPTY_SNAPSHOT;
  #failures: ApplyReport['failures'] = [];
  #work: Promise<unknown> = Promise.resolve();
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param recovered told of listeners whose port has become free, and that are bound now */
  constructor(dataPlane: DataPlane, recovered: (listeners: readonly string[]) => void) {
    this.#dataPlane = dataPlane;
    this.#recovered = recovered;
  }

  /** What was applied. */
  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  /** Listeners that could not be bound. */
  get failures(): ApplyReport['failures'] {
    return this.#failures;
  }

  /** @throws (rejects) where the data plane fails: what was applied before still is */
  apply(delta: SnapshotDelta): Promise<ApplyReport['failures']> {
    return this.#inTurn(async () => {
      const { failures } = await this.#dataPlane.apply(delta);
      this.#snapshot = advance(this.#snapshot, delta);
      this.#noteFailures(failures);
      return failures;
    });
  }

  /** Begins nothing more. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#work.then(task);
    this.#work = done.catch(() => {});
    return done;
  }

  #noteFailures(failures: ApplyReport['failures']): void {
    this.#failures = failures;
    clearTimeout(this.#retry);
    if (failures.length === 0 || this.#isClosed) return;
    this.#retry = setTimeout(() => void this.#inTurn(() => this.#bindAgain()), BIND_RETRY_MS).unref();
  }

  /** An empty delta makes the data plane try again what it could not bind. */
  async #bindAgain(): Promise<void> {
    if (this.#isClosed) return;
    const before = this.#failures;
    const { failures } = await this.#dataPlane.apply({ version: this.#snapshot.version, upserts: [], removals: [] });
    this.#noteFailures(failures);
    const recovered = before
      .map(({ listener }) => listener)
      .filter((name) => !failures.some(({ listener }) => listener === name));
    if (recovered.length > 0) this.#recovered(recovered);
  }
}

function advance(from: Snapshot, delta: SnapshotDelta): Snapshot {
  const resources = new Map(from.resources);
  for (const resource of delta.upserts) resources.set(snapshotKey(resource), resource);
  for (const key of delta.removals) resources.delete(key);
  return { version: delta.version, resources };
}
