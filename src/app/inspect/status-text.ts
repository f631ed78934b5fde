import { durationText } from '#base/duration-text.ts';
import { count } from '#cli/diagnostics.ts';
import { printable } from '#cli/printable.ts';
import type { Paint, Tone } from '#cli/terminal.ts';
import type { Inspection } from './inspection.ts';
import type { Problem } from './problems.ts';

/** More would push the rest from the screen. */
const MAX_PROBLEMS = 20;

/** Lines of one screen: the verdict, the problems, then how everything is. */
export function statusLines(
  inspection: Inspection,
  problems: readonly Problem[],
  paint: Paint,
  nowMs: number,
): string[] {
  const rows = rowsOf(inspection, paint, nowMs);
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    verdict(problems, paint),
    ...problemLines(problems, paint),
    '',
    ...rows.map(([name, text]) => `${paint('faint', name)}${' '.repeat(width - name.length + 2)}${text}`),
  ];
}

export function verdict(problems: readonly Problem[], paint: Paint): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  if (problems.length === 0) return paint('good', 'all is well');
  const parts = [
    ...(errors > 0 ? [paint('bad', count(errors, 'problem'))] : []),
    ...(warnings > 0 ? [paint('doubtful', count(warnings, 'doubt'))] : []),
  ];
  return parts.join(' and ');
}

export function problemLines(problems: readonly Problem[], paint: Paint): string[] {
  const lines = problems.slice(0, MAX_PROBLEMS).map(({ severity, text, advice }) => {
    const mark = severity === 'error' ? paint('bad', '✗') : paint('doubtful', '!');
    return `${mark} ${printable(text)}${advice === '' ? '' : paint('faint', ` (${printable(advice)})`)}`;
  });
  const more = problems.length - MAX_PROBLEMS;
  return more > 0 ? [...lines, paint('faint', `and ${more} more (--format json has all)`)] : lines;
}

type Row = readonly [name: string, text: string];

function rowsOf(inspection: Inspection, paint: Paint, nowMs: number): readonly Row[] {
  const { overview, workloads, proxies, services, objects } = inspection;
  const ofService = Map.groupBy(services, ({ service }) => service);
  const served = [...ofService.values()].filter((ports) =>
    ports.every(({ endpoints }) => endpoints.some(({ state }) => state === 'ready')),
  );
  return [
    ['control plane', `Selvage ${printable(overview.version)}, up for ${durationText(nowMs - overview.startedAtMs)}`],
    ['trust domain', `${overview.roots.trustDomain}, ${authorityText(overview.roots, nowMs)}`],
    [
      'workloads',
      tally(
        workloads.map(({ state }) => state),
        STATES,
        paint,
      ),
    ],
    [
      'proxies',
      tally(
        proxies.map(({ sync }) => sync),
        SYNCS,
        paint,
      ),
    ],
    [
      'services',
      services.length === 0 ? 'none' : `${served.length} of ${ofService.size} have an endpoint at each port`,
    ],
    ['documents', documentsText(inspection, objects.length)],
  ];
}

function authorityText(
  { authority, phase, isPrompt, nextStepAtMs, signerExpiresAtMs }: Inspection['overview']['roots'],
  nowMs: number,
): string {
  const expiry = `${authority} authority expires in ${durationText(signerExpiresAtMs - nowMs)}`;
  if (phase === 'steady') return expiry;
  const pace = isPrompt ? 'promptly, at the latest' : 'next step';
  return `${expiry}; its root is being exchanged (${phase}, ${pace} in ${durationText((nextStepAtMs ?? nowMs) - nowMs)})`;
}

const STATES: readonly (readonly [string, Tone])[] = [
  ['ready', 'good'],
  ['unready', 'doubtful'],
  ['draining', 'doubtful'],
  ['leaving', 'doubtful'],
];

const SYNCS: readonly (readonly [string, Tone])[] = [
  ['synced', 'good'],
  ['pending', 'doubtful'],
  ['refused', 'bad'],
];

/** @returns for example `3 ready, 1 leaving` */
function tally(found: readonly string[], kinds: readonly (readonly [string, Tone])[], paint: Paint): string {
  const parts = kinds.flatMap(([kind, tone]) => {
    const number = found.filter((one) => one === kind).length;
    return number === 0 ? [] : [paint(tone, `${number} ${kind}`)];
  });
  return parts.join(', ') || 'none';
}

function documentsText({ overview: { diagnostics } }: Inspection, declared: number): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  const faults =
    diagnostics.length === 0 ? '' : `, ${count(errors, 'error')}, ${count(diagnostics.length - errors, 'warning')}`;
  return `${count(declared, 'object')}${faults}`;
}
