import { durationText } from '#base/duration-text.ts';
import { formatDiagnostic } from '#model/diagnostic.ts';
import type { Inspection } from './inspection.ts';
import { conditionsOf, conditionText, isBad, titleOf } from './object-text.ts';

/** Something that is not as it should be. */
export interface Problem {
  /** `error`: something does not work; `warning`: it may not work soon, or not as meant. */
  readonly severity: 'error' | 'warning';
  readonly text: string;
  /** What to do; '' where the text says it. */
  readonly advice: string;
}

/** Roots and intermediates are exchanged in days, so it is told in good time. */
const SIGNER_EXPIRY_MS = 30 * 86_400_000;
/** Proxies renew at half of the lifetime; who has less than this share left, could not. */
const OVERDUE_SHARE = 1 / 3;

type Finder = (inspection: Inspection, nowMs: number) => readonly Problem[];

/** All that is wrong with a mesh, what does not work in front. */
export function findProblems(inspection: Inspection, nowMs: number): readonly Problem[] {
  const found = FINDERS.flatMap((find) => find(inspection, nowMs));
  return [
    ...found.filter(({ severity }) => severity === 'error'),
    ...found.filter(({ severity }) => severity !== 'error'),
  ];
}

const error = (text: string, advice = ''): Problem => ({ severity: 'error', text, advice });
const warning = (text: string, advice = ''): Problem => ({ severity: 'warning', text, advice });

const controlPlane: Finder = ({ overview: { isReady, roots } }, nowMs) => {
  const problems: Problem[] = [];
  const left = roots.signerExpiresAtMs - nowMs;
  const renew = roots.authority === 'external' ? 'exchange the files of the authority' : 'run selvage root rotate';
  if (!isReady) problems.push(error('the control plane admits no proxy: no documents could be read and compiled yet'));
  if (left <= 0) problems.push(error("the authority's certificate has expired: no identity can be issued", renew));
  else if (left < SIGNER_EXPIRY_MS)
    problems.push(warning(`the authority's certificate expires in ${durationText(left)}`, renew));
  return problems;
};

const documents: Finder = ({ overview }) =>
  overview.diagnostics.map((diagnostic) =>
    diagnostic.severity === 'error' ? error(formatDiagnostic(diagnostic)) : warning(formatDiagnostic(diagnostic)),
  );

/** What a diagnostic has told already is not told again. */
const objects: Finder = ({ objects: all, overview }) => {
  const told = new Set(overview.diagnostics.map(({ resource }) => resource));
  return all
    .filter((object) => !told.has(titleOf(object)))
    .flatMap((object) =>
      conditionsOf(object)
        .filter(isBad)
        .map((condition) => error(`${titleOf(object)} ${conditionText(condition)}`)),
    );
};

const workloads: Finder = ({ workloads: all }) =>
  all.flatMap(({ id, state, sync, problems }) => {
    const found = problems.map((problem) => error(`workload ${id}: ${problem}`));
    if (state === 'unready')
      found.push(warning(`workload ${id} is not ready: nobody calls it`, 'does it listen on its --port?'));
    if (state === 'leaving') found.push(warning(`workload ${id} is gone without a word, and is soon forgotten`));
    if (state !== 'leaving' && sync === 'away') found.push(warning(`the proxy of workload ${id} is not connected`));
    return found;
  });

const certificates: Finder = ({ proxies, certificates: all }, nowMs) =>
  proxies.flatMap(({ id, certificate }) => {
    const issued = all.find(({ serialNumber }) => serialNumber === certificate?.serialNumber);
    if (issued === undefined) return [];
    const left = issued.expiresAtMs - nowMs;
    if (left > (issued.expiresAtMs - issued.issuedAtMs) * OVERDUE_SHARE) return [];
    return [
      warning(`proxy ${id} has not renewed its certificate, which expires in ${durationText(left)}`, 'see its log'),
    ];
  });

const services: Finder = ({ services: all }) =>
  all
    .filter(({ endpoints }) => !endpoints.some(({ state }) => state === 'ready'))
    .map(({ service, port }) =>
      error(
        `service ${service} has no endpoint at port ${port} that is ready: calls fail`,
        `start one with selvage run --service ${service.slice(service.indexOf('/') + 1)}`,
      ),
    );

const FINDERS: readonly Finder[] = [controlPlane, documents, objects, workloads, services, certificates];
