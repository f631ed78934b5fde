import { createAdminServer } from '#admin/server.ts';
import type { AdminSources, ReadyReport } from '#admin/sources.ts';
import type { UpOptions } from '#cli/up.ts';
import { MetricRegistry } from '#telemetry/metric-registry.ts';
import { MetricTotals } from '#telemetry/metric-totals.ts';
import { watchProcess } from '#telemetry/process-metrics.ts';
import type { DataPlane } from './data-plane.ts';
import type { ServedFolder } from './served-folder.ts';

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
  readonly folder: ServedFolder;
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

function createSources({ version, phase, dataPlane, folder }: AdminSubject): AdminSources {
  const totals = new MetricTotals();
  const registry = createProcessRegistry(version, folder);
  return {
    ready: () => readiness(phase(), dataPlane),
    async metrics() {
      await dataPlane.collect(totals);
      totals.absorb('process', registry.collect());
      return totals.snapshot();
    },
    status: () => ({ objects: folder.statuses, diagnostics: folder.diagnostics, unboundListeners: folder.failures }),
    snapshot: () => (folder.snapshot.version === '' ? null : folder.snapshot),
    version: () => version,
  };
}

/** What is true of the process as a whole and not of one of its threads. */
function createProcessRegistry(version: string, folder: ServedFolder): MetricRegistry {
  const registry = new MetricRegistry();
  watchProcess(registry, version);
  registry.watch('selvage_config_info', () => [{ labels: [folder.snapshot.version], value: 1 }]);
  registry.watch('selvage_config_reloads_total', () => [
    { labels: ['applied'], value: folder.reloads.applied },
    { labels: ['rejected'], value: folder.reloads.rejected },
  ]);
  return registry;
}

/** One listener that cannot be bound takes nothing from the others: then traffic should still come. */
function readiness(phase: Phase, { bound }: DataPlane): ReadyReport {
  if (phase === 'starting') return { ready: false, reasons: ['starting: what the folder declares is not served yet'] };
  if (phase === 'draining') return { ready: false, reasons: ['stopping: only open requests are served'] };
  return bound.length > 0 ? { ready: true, reasons: [] } : { ready: false, reasons: ['no listener is bound'] };
}
