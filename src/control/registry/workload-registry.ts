import type { LiveWorkload } from '../compile/mesh/live-workload.ts';
import type { Clock } from '../sources/clock.ts';

/** A workload as the registry knows it. */
export interface RegisteredWorkload {
  readonly workload: LiveWorkload;
  /** Whether its proxy is connected now; if not, it counts for a grace period more. */
  readonly connected: boolean;
}

export interface WorkloadRegistryOptions {
  readonly clock: Clock;
  /** Something has changed that counts for others. */
  readonly changed: () => void;
  /** One counts no more: its id is free, also for somebody else. Called before `changed`. */
  readonly removed?: (workload: LiveWorkload) => void;
  /**
   * How long a workload counts whose proxy has gone: a control plane or a network that hiccups must not empty services.
   * @defaultValue 10 000
   */
  readonly graceMs?: number;
  /** Workloads beyond it are turned away, so that memory is bounded. @defaultValue 50 000 */
  readonly maxWorkloads?: number;
  /** The same of one account, so that none takes the place of all others. @defaultValue 5 000 */
  readonly maxOfAccount?: number;
}

interface Entry {
  workload: LiveWorkload;
  /** Streams of its proxy: while it reconnects, the old one may not be known to have ended yet. */
  streams: number;
  cancelRemoval: () => void;
}

const NOTHING = (): void => {};

/**
 * How long workloads count that ran when this control plane's last life ended: proxies look for it at least every 30 s,
 * and services must not be empty before they are back.
 */
const RETURN_MS = 60_000;

/**
 * All workloads that run now, in memory: after a restart, reconnecting proxies confirm what was saved of it.
 *
 *   absent ──connect──▶ connected ──last stream ends──▶ leaving ──grace is over──▶ absent
 *                           ▲ └──ends while draining────────│──────────────────────▲
 *                           └──────────connect──────────────┘
 */
export class WorkloadRegistry {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #changed: () => void;
  readonly #removed: (workload: LiveWorkload) => void;
  readonly #graceMs: number;
  readonly #maxWorkloads: number;
  readonly #maxOfAccount: number;
  /** How many there are of each principal. */
  readonly #counts = new Map<string, number>();

  constructor({
    clock,
    changed,
    removed = NOTHING,
    graceMs = 10_000,
    maxWorkloads = 50_000,
    maxOfAccount = 5_000,
  }: WorkloadRegistryOptions) {
    this.#clock = clock;
    this.#changed = changed;
    this.#removed = removed;
    this.#graceMs = graceMs;
    this.#maxWorkloads = maxWorkloads;
    this.#maxOfAccount = maxOfAccount;
  }

  /** All that count, those that came first in front. */
  list(): readonly RegisteredWorkload[] {
    return [...this.#entries.values()].map(({ workload, streams }) => ({ workload, connected: streams > 0 }));
  }

  /** Counts workloads of the last life until they are back, or do not come. Call it before any {@link connect}. */
  restore(workloads: readonly LiveWorkload[]): void {
    for (const workload of workloads) {
      const cancelRemoval = this.#clock.after(RETURN_MS, () => this.#remove(workload.id));
      this.#add({ workload, streams: 0, cancelRemoval });
    }
  }

  /**
   * A proxy has connected, and announces its workload.
   *
   * @returns the reason where it is turned away
   */
  connect(workload: LiveWorkload): string | undefined {
    const { id } = workload;
    const entry = this.#entries.get(id);
    if (entry === undefined) {
      if (this.#entries.size >= this.#maxWorkloads) return `there are ${this.#maxWorkloads} workloads already`;
      if (this.#countOf(workload) >= this.#maxOfAccount)
        return `there are ${this.#maxOfAccount} workloads of this service account already`;
      this.#add({ workload, streams: 1, cancelRemoval: NOTHING });
      this.#changed();
      return undefined;
    }
    // Else whoever learnt an id could take its place among the endpoints away.
    if (entry.workload.principal !== workload.principal) return `workload id ${id} belongs to another service account`;
    entry.cancelRemoval();
    entry.cancelRemoval = NOTHING;
    entry.streams += 1;
    this.#replace(entry, workload);
    return undefined;
  }

  /** A connection that {@link connect} has accepted has ended. */
  disconnect(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.streams === 0) return;
    entry.streams -= 1;
    if (entry.streams > 0) return;
    // Whoever has said goodbye does not come back.
    if (entry.workload.state === 'draining') this.#remove(id);
    else entry.cancelRemoval = this.#clock.after(this.#graceMs, () => this.#remove(id));
  }

  /**
   * A proxy reports how its workload is.
   *
   * @param principal of the proxy
   * @returns whether that workload is its own
   */
  report(id: string, principal: string, state: LiveWorkload['state']): boolean {
    const entry = this.#entries.get(id);
    if (entry === undefined || entry.workload.principal !== principal) return false;
    this.#replace(entry, { ...entry.workload, state });
    return true;
  }

  /** Forgets everything, and all that was to happen later. */
  close(): void {
    for (const { cancelRemoval } of this.#entries.values()) cancelRemoval();
    this.#entries.clear();
    this.#counts.clear();
  }

  #add(entry: Entry): void {
    const { id, principal } = entry.workload;
    this.#counts.set(principal, this.#countOf(entry.workload) + 1);
    this.#entries.set(id, entry);
  }

  #countOf({ principal }: LiveWorkload): number {
    return this.#counts.get(principal) ?? 0;
  }

  #replace(entry: Entry, workload: LiveWorkload): void {
    const isSame = JSON.stringify(entry.workload) === JSON.stringify(workload);
    entry.workload = workload;
    if (!isSame) this.#changed();
  }

  #remove(id: string): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    const left = this.#countOf(entry.workload) - 1;
    if (left > 0) this.#counts.set(entry.workload.principal, left);
    else this.#counts.delete(entry.workload.principal);
    this.#entries.delete(id);
    this.#removed(entry.workload);
    this.#changed();
  }
}
