import type { SnapshotDelta } from '#model/snapshot/snapshot.ts';
import { Gateway, type GatewayOptions } from '#proxy/gateway.ts';
import type { ApplyReport, BoundAddress } from '#proxy/listener-set.ts';
import { AccessLog } from '#telemetry/access-log.ts';
import { MetricRegistry } from '#telemetry/metric-registry.ts';
import type { MetricSnapshot } from '#telemetry/metric-snapshot.ts';
import type { MetricTotals } from '#telemetry/metric-totals.ts';
import { watchEventLoop } from '#telemetry/process-metrics.ts';
import { RequestMetrics } from '#telemetry/request-metrics.ts';
import type { DataPlane, DataPlaneOptions } from './data-plane.ts';

/** A data plane on the thread that makes it: the main one, or a worker. */
export class ThreadDataPlane implements DataPlane {
  readonly #metrics = new RequestMetrics();
  /** What is counted of the thread and not of its requests. */
  readonly #threadMetrics = new MetricRegistry();
  readonly #unwatch: () => void;
  readonly #accessLog: AccessLog;
  readonly #gateway: Gateway;

  /**
   * @param shared whether other threads accept on the same ports
   * @param joinMesh makes this a member of a mesh
   */
  constructor(
    { accessLog, trustedProxies, ticketMemory }: DataPlaneOptions,
    shared: boolean,
    joinMesh?: GatewayOptions['joinMesh'],
  ) {
    this.#accessLog = new AccessLog(accessLog);
    this.#threadMetrics.watch('selvage_access_log_dropped_lines_total', () => [
      { labels: [], value: this.#accessLog.dropped },
    ]);
    this.#unwatch = watchEventLoop(this.#threadMetrics);
    this.#gateway = new Gateway({
      shared,
      metrics: this.#metrics,
      accessLog: this.#accessLog,
      trustedProxies,
      ...(ticketMemory === undefined ? {} : { ticketMemory }),
      ...(joinMesh === undefined ? {} : { joinMesh }),
    });
  }

  get bound(): readonly BoundAddress[] {
    return this.#gateway.bound;
  }

  apply(delta: SnapshotDelta): Promise<ApplyReport> {
    return this.#gateway.apply(delta);
  }

  /** What this thread counted since the last call. */
  report(): MetricSnapshot {
    return { families: [...this.#metrics.collect().families, ...this.#threadMetrics.collect().families] };
  }

  async collect(totals: MetricTotals): Promise<void> {
    totals.absorb('main', this.report());
  }

  reopenLog(): void {
    this.#accessLog.reopen();
  }

  drain(): Promise<void> {
    return this.#gateway.drain();
  }

  async close(): Promise<void> {
    this.#unwatch();
    this.#gateway.destroy();
    await this.#accessLog.close();
  }
}
