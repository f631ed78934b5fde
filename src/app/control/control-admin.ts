import type { ActionOutcome, AdminAction } from '#admin/actions.ts';
import { createAdminServer, type AdminServer } from '#admin/server.ts';
import type { ReadyReport } from '#admin/sources.ts';
import { MetricRegistry } from '#telemetry/metric-registry.ts';
import { MetricTotals } from '#telemetry/metric-totals.ts';
import { watchProcess } from '#telemetry/process-metrics.ts';
import type { ControlPlane } from './control-plane.ts';
import type { ControlSubject } from './control-subject.ts';
import { controlViews } from './control-views.ts';
import type { RunningAuthority } from './running-authority.ts';

/** Least and most that can be asked for: below, a proxy that connects anew would be missed. */
const MARGIN_MS = { least: 1000, most: 3_600_000, usual: 30_000 };

/** @returns the admin API of a control plane, not listening yet */
export function createControlAdmin(
  { address, port }: { readonly address: string; readonly port: number },
  subject: ControlSubject,
): AdminServer {
  const { version, control, authority } = subject;
  const registry = new MetricRegistry();
  const totals = new MetricTotals();
  watchProcess(registry, version);
  return createAdminServer({
    host: address,
    port,
    sources: {
      ready: () => readiness(control),
      async metrics() {
        totals.absorb('process', registry.collect());
        return totals.snapshot();
      },
      status: () => ({ proxies: control.proxies, roots: authority.view() }),
      snapshot: () => control.mesh?.shared ?? null,
      version: () => version,
      views: controlViews(subject),
      actions: {
        token: subject.adminToken,
        byPath: new Map<string, AdminAction>([['/roots/rotate', (request) => rotate(authority, request)]]),
      },
    },
  });
}

function readiness({ mesh }: ControlPlane): ReadyReport {
  if (mesh !== undefined) return { ready: true, reasons: [] };
  return { ready: false, reasons: ['no documents could be read and compiled yet: no sidecar is admitted'] };
}

function rotate(authority: RunningAuthority, request: Parameters<AdminAction>[0]): ActionOutcome {
  const { prompt = false, marginMs = MARGIN_MS.usual } = request;
  if (typeof prompt !== 'boolean') return { status: 400, refusal: 'prompt is neither true nor false' };
  if (!Number.isSafeInteger(marginMs) || Number(marginMs) < MARGIN_MS.least || Number(marginMs) > MARGIN_MS.most)
    return { status: 400, refusal: `marginMs is no whole number from ${MARGIN_MS.least} to ${MARGIN_MS.most}` };
  const refusal = authority.rotate(Date.now(), prompt ? { marginMs: Number(marginMs) } : undefined);
  return refusal === undefined ? { done: authority.view() } : { status: 409, refusal };
}
