import { createAdminServer } from '#admin/server.ts';
import type { AdminSources, ReadyReport } from '#admin/sources.ts';
import type { UpOptions } from '#cli/up.ts';
import { MetricRegistry } from '#telemetry/metric-registry.ts';
import { MetricTotals } from '#telemetry/metric-totals.ts';
import { watchProcess } from '#telemetry/process-metrics.ts';
import type { DataPlane } from './data-plane.ts';
import type { Snapshot } from '#model/snapshot/snapshot.ts';

/** Where a process is in its life. */
export type Phase = 'starting' | 'ready' | 'draining';

/** The admin API of this process. */
export interface Admin {
  readonly url: string;
  close(): Promise<void>;
}

/** What the admin API tells of. */
export interface AdminSubject {
  /** Of the build. */
  readonly version: string;
  readonly phase: () => Phase;
  readonly dataPlane: DataPlane;
  readonly served: Served;
}

/** What is served, by whatever way it came. */
export interface Served {
  readonly snapshot: Snapshot;
  /** How many changes were applied, and how many failed as a whole. */
  readonly reloads: { readonly applied: number; readonly rejected: number };
  /** For whoever asks how it stands. */
  readonly status: object;
}

/** @throws Error (rejects) where the address cannot be bound; its message says what to do */
export async function openAdmin(
  { address, port }: NonNullable<UpOptions['admin']>,
  subject: AdminSubject,
): Promise<Admin> {
  const server = createAdminServer({ sources: createSources(subject), host: address, port });
  const bound = await server.listen();
  const host = address.includes(':') ? `[${address}]` : address;
  return { url: `http://${host}:${bound.port}`, close: () => server.close() };
}

const USUAL_PORT = 15_020;

/**
 * The same, where -1 is the usual port, or any where that is taken: several proxies of one machine cannot all have it.
 */
export async function openUsualAdmin(place: NonNullable<UpOptions['admin']>, subject: AdminSubject): Promise<Admin> {
  if (place.port !== -1) return openAdmin(place, subject);
  try {
    return await openAdmin({ ...place, port: USUAL_PORT }, subject);
  } catch {
    return openAdmin({ ...place, port: 0 }, subject);
  }
}

function createSources({ version, phase, dataPlane, served }: AdminSubject): AdminSources {
  const totals = new MetricTotals();
  const registry = createProcessRegistry(version, served);
  return {
    ready: () => readiness(phase(), dataPlane),
    async metrics() {
      await dataPlane.collect(totals);
      totals.absorb('process', registry.collect());
      return totals.snapshot();
    },
    status: () => served.status,
    snapshot: () => (served.snapshot.version === '' ? null : served.snapshot),
    version: () => version,
  };
}

/** What is true of the process as a whole and not of one of its threads. */
function createProcessRegistry(version: string, served: Served): MetricRegistry {
  const registry = new MetricRegistry();
  watchProcess(registry, version);
  registry.watch('selvage_config_info', () => [{ labels: [served.snapshot.version], value: 1 }]);
  registry.watch('selvage_config_reloads_total', () => [
    { labels: ['applied'], value: served.reloads.applied },
    { labels: ['rejected'], value: served.reloads.rejected },
  ]);
  return registry;
}

/** One listener that cannot be bound takes nothing from the others: then traffic should still come. */
function readiness(phase: Phase, { bound }: DataPlane): ReadyReport {
  if (phase === 'starting') return { ready: false, reasons: ['starting: what is declared is not served yet'] };
  if (phase === 'draining') return { ready: false, reasons: ['stopping: only open requests are served'] };
  return bound.length > 0 ? { ready: true, reasons: [] } : { ready: false, reasons: ['no listener is bound'] };
}
