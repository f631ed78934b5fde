import type { ListenerResource } from '#model/snapshot/listener.ts';
import { snapshotKey, type SnapshotDelta, type SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { ApplyReport, BoundAddress } from '#proxy/listener-set.ts';
import type { MetricTotals } from '#telemetry/metric-totals.ts';
import { probe } from '#transport/bind.ts';
import { TICKET_MEMORY_BYTES } from '#transport/ticket-memory.ts';
import type { DataPlane, DataPlaneOptions } from './data-plane.ts';
import { DataPlaneWorker } from './worker.ts';

/** A thread that dies at once, again and again, must not take a core with it. */
const RESTART_DELAY_MS = 200;

/** A data plane on several threads, which accept on the same ports; the kernel spreads the connections. */
export class WorkerPool implements DataPlane {
  #options: DataPlaneOptions;
  readonly #warn: (message: string) => void;
  readonly #workers = new Set<DataPlaneWorker>();
  /** What a new thread must know, by key. */
  readonly #resources = new Map<string, SnapshotResource>();
  /** Listeners on ports that are not free: the threads do not know them. */
  readonly #withheld = new Map<string, ListenerResource>();
  #version = '';
  #bound: readonly BoundAddress[] = [];
  #started = 0;
  #isStopping = false;

  /** @param warn told in one sentence when a thread has died */
  constructor(options: DataPlaneOptions, count: number, warn: (message: string) => void) {
    // A client that comes back may reach another thread.
    this.#options = { ...options, ticketMemory: new SharedArrayBuffer(TICKET_MEMORY_BYTES) };
    this.#warn = warn;
    for (let i = 0; i < count; i++) this.#start();
  }

  get bound(): readonly BoundAddress[] {
    return this.#bound;
  }

  async apply(delta: SnapshotDelta): Promise<ApplyReport> {
    const { permitted, failures } = await this.#withhold(delta);
    this.#remember(permitted);
    const answers = await Promise.all(
      [...this.#workers].map((worker) => worker.ask({ type: 'apply', delta: permitted })),
    );
    const given = answers.filter((answer) => answer !== undefined);
    this.#bound = given[0]?.bound ?? this.#bound;
    const all = [...failures, ...given.flatMap(({ report }) => report.failures)];
    // Each thread says the same of the same listener.
    return { failures: [...new Map(all.map((failure) => [failure.listener, failure])).values()] };
  }

  /** This process is somebody else in the mesh now. @param identity as of `writeSavedIdentity`; null for nobody */
  renew(identity: string | null): void {
    this.#options = { ...this.#options, identity };
    for (const worker of this.#workers) void worker.ask({ type: 'renew', identity });
  }

  async collect(totals: MetricTotals): Promise<void> {
    const collectOne = async (worker: DataPlaneWorker): Promise<void> => {
      const report = await worker.ask({ type: 'collect' });
      if (report === undefined) totals.forget(worker.name);
      else totals.absorb(worker.name, report);
    };
    await Promise.all([...this.#workers].map(collectOne));
  }

  reopenLog(): void {
    for (const worker of this.#workers) void worker.ask({ type: 'reopen-log' });
  }

  async drain(): Promise<void> {
    this.#isStopping = true;
    await Promise.all([...this.#workers].map((worker) => worker.ask({ type: 'drain' })));
  }

  async close(): Promise<void> {
    this.#isStopping = true;
    const closeOne = async (worker: DataPlaneWorker): Promise<void> => {
      await worker.ask({ type: 'close' });
      await worker.terminate();
    };
    await Promise.all([...this.#workers].map(closeOne));
  }

  #start(): void {
    const name = `worker-${this.#started++}`;
    const worker = new DataPlaneWorker(name, this.#options, (error) => this.#replace(worker, error));
    this.#workers.add(worker);
    if (this.#resources.size === 0) return;
    const upserts = [...this.#resources.values()];
    void worker.ask({ type: 'apply', delta: { version: this.#version, upserts, removals: [] } });
  }

  #replace(worker: DataPlaneWorker, error: Error | undefined): void {
    this.#workers.delete(worker);
    if (this.#isStopping) return;
    this.#warn(`${worker.name} ended unexpectedly and is replaced: ${error?.stack ?? 'no reason known'}`);
    setTimeout(() => {
      if (!this.#isStopping) this.#start();
    }, RESTART_DELAY_MS).unref();
  }

  /**
   * Takes out of a delta what cannot be bound. Ports that threads share may be shared with other programs as well,
   * unnoticed, so each new one is tried alone first.
   */
  async #withhold(delta: SnapshotDelta): Promise<{ permitted: SnapshotDelta; failures: ApplyReport['failures'] }> {
    for (const key of delta.removals) this.#withheld.delete(key);
    const declared = new Map(this.#withheld);
    for (const resource of delta.upserts)
      if (resource.type === 'listener') declared.set(snapshotKey(resource), resource);
    this.#withheld.clear();
    const failures: { listener: string; message: string }[] = [];
    for (const [key, listener] of declared) {
      const message = await this.#objectionTo(listener);
      if (message === undefined) continue;
      this.#withheld.set(key, listener);
      failures.push({ listener: listener.name, message });
    }
    const others = delta.upserts.filter(({ type }) => type !== 'listener');
    const listeners = [...declared].filter(([key]) => !this.#withheld.has(key)).map(([, listener]) => listener);
    const removals = [...delta.removals, ...this.#withheld.keys()];
    return { permitted: { version: delta.version, upserts: [...listeners, ...others], removals }, failures };
  }

  async #objectionTo({ address, port }: ListenerResource): Promise<string | undefined> {
    if (this.#bound.some((one) => one.address === address && one.port === port)) return undefined;
    try {
      await probe(address, port);
      return undefined;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #remember({ version, upserts, removals }: SnapshotDelta): void {
    if (version !== '') this.#version = version;
    for (const resource of upserts) this.#resources.set(snapshotKey(resource), resource);
    for (const key of removals) this.#resources.delete(key);
  }
}
