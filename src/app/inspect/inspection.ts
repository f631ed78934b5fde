import type { CertificateView } from '../control/certificate-views.ts';
import type { ServiceView, WorkloadView } from '../control/control-views.ts';
import type { ControlEvent } from '../control/event-log.ts';
import type { ObjectView } from '../control/views/object-view.ts';
import type { Overview } from '../control/views/overview.ts';
import type { ProxyView } from '../control/views/proxy-view.ts';
import { type Answered, askAdmin } from './admin-client.ts';

/** All that a control plane says of its mesh. */
export interface Inspection {
  readonly overview: Overview;
  readonly workloads: readonly WorkloadView[];
  readonly proxies: readonly ProxyView[];
  readonly services: readonly ServiceView[];
  readonly certificates: readonly CertificateView[];
  readonly objects: readonly ObjectView[];
  readonly events: readonly ControlEvent[];
}

const PAGES = ['overview', 'workloads', 'proxies', 'services', 'certificates', 'objects', 'events'] as const;

/** Asks a control plane for everything. @param admin URL of its admin API */
export async function inspect(admin: string): Promise<Answered<Inspection>> {
  const answers = await Promise.all(PAGES.map((page) => askAdmin<unknown>(`${admin}/${page}`)));
  const failed = answers.find((answered) => !answered.ok);
  if (failed !== undefined && !failed.ok) return failed;
  const pages = answers.map((answered, i) => [PAGES[i]!, answered.ok ? answered.answer : undefined]);
  return { ok: true, answer: Object.fromEntries(pages) as unknown as Inspection };
}
