import type { RequestHead } from '#http/head.ts';
import { chooseFormat, encodeMetrics } from '#telemetry/exposition.ts';
import { answerAction } from './actions.ts';
import { jsonAnswer, problemAnswer, textAnswer, type AdminAnswer } from './answer.ts';
import { isLocalHost } from './local-host.ts';
import { dumpSnapshot } from './snapshot-dump.ts';
import type { AdminSources } from './sources.ts';

type Page = (sources: AdminSources, request: RequestHead) => AdminAnswer | Promise<AdminAnswer>;

const readiness: Page = (sources) => {
  const report = sources.ready();
  return jsonAnswer(report, report.ready ? 200 : 503);
};

const metrics: Page = async (sources, request) => {
  const format = chooseFormat(request.fields.get('accept'));
  return { status: 200, contentType: format.contentType, body: encodeMetrics(await sources.metrics(), format) };
};

const snapshot: Page = (sources) => {
  const current = sources.snapshot();
  return jsonAnswer(current === null ? null : dumpSnapshot(current));
};

const PAGES = new Map<string, Page>([
  ['/healthz', () => textAnswer('ok\n')],
  ['/readyz', readiness],
  ['/metrics', metrics],
  ['/status', (sources) => jsonAnswer(sources.status())],
  ['/snapshot', snapshot],
  ['/version', (sources) => jsonAnswer({ name: 'selvage', version: sources.version(), node: process.versions.node })],
]);

/** @param localAddress that the request came in on */
export const answerRequest = (
  sources: AdminSources,
  request: RequestHead,
  content: Uint8Array,
  localAddress: string,
): AdminAnswer | Promise<AdminAnswer> => {
  if (!isLocalHost(request.authority, localAddress)) {
    return problemAnswer(421, 'Misdirected request', 'This API answers under localhost and its own address alone');
  }
  const { actions } = sources;
  if (actions?.byPath.has(request.path) === true) return answerAction(actions, request, content);
  const view = sources.views?.get(request.path);
  const page = view === undefined ? PAGES.get(request.path) : () => jsonAnswer(view());
  if (page === undefined) {
    const known = [...PAGES.keys(), ...(sources.views?.keys() ?? [])].join(', ');
    return problemAnswer(404, 'Not found', `There is no such page; there are ${known}`);
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return problemAnswer(405, 'Method not allowed', 'This API is for reading: GET and HEAD', ['allow', 'GET, HEAD']);
  }
  return page(sources, request);
};
