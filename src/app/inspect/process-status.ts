import { durationText } from '#base/duration-text.ts';
import { printable } from '#cli/printable.ts';
import type { Paint } from '#cli/terminal.ts';
import { formatDiagnostic, type Diagnostic } from '#model/diagnostic.ts';
import type { IdentityView } from '../member/identity-view.ts';
import { type Answered, askAdmin } from './admin-client.ts';
import type { Problem } from './problems.ts';
import { problemLines, verdict } from './status-text.ts';

/** What a sidecar, a gateway or `selvage up` says of itself: each of it as far as it has such a thing. */
interface ReportedStatus {
  readonly phase?: string;
  /** Why the control plane cannot be spoken to. */
  readonly control?: string;
  readonly identity?: IdentityView | null;
  /** Why a gateway serves nothing. */
  readonly problem?: string | null;
  readonly meshPort?: number;
  readonly proxyPort?: number;
  readonly plain?: readonly string[];
  readonly diagnostics?: readonly Diagnostic[];
  readonly unboundListeners?: readonly { readonly listener: string; readonly message: string }[];
}

/** How one process is. */
export interface ProcessStatus {
  readonly version: string;
  readonly isReady: boolean;
  /** Why it is not. */
  readonly reasons: readonly string[];
  readonly status: ReportedStatus;
}

/** Asks a process other than a control plane. @param admin URL of its admin API */
export async function askProcess(admin: string): Promise<Answered<ProcessStatus>> {
  const [version, status] = await Promise.all([
    askAdmin<{ readonly version: string }>(`${admin}/version`),
    askAdmin<ReportedStatus>(`${admin}/status`),
  ]);
  if (!version.ok) return version;
  if (!status.ok) return status;
  const reasons = await readiness(admin);
  return {
    ok: true,
    answer: { version: version.answer.version, isReady: reasons.length === 0, reasons, status: status.answer },
  };
}

/** It answers 503 with its reasons where it is not ready. */
async function readiness(admin: string): Promise<readonly string[]> {
  try {
    const response = await fetch(`${admin}/readyz`, { signal: AbortSignal.timeout(10_000) });
    const { reasons = [] } = (await response.json()) as { readonly reasons?: readonly string[] };
    return response.ok ? [] : reasons;
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

export function findProcessProblems({ isReady, reasons, status }: ProcessStatus, nowMs: number): readonly Problem[] {
  const { control = '', identity, problem, diagnostics = [], unboundListeners = [] } = status;
  const error = (text: string, advice = ''): Problem => ({ severity: 'error', text, advice });
  const found: Problem[] = [];
  if (!isReady) found.push(error(`it is not ready: ${reasons.join('; ')}`));
  if (control !== '') found.push(error(`it goes on with what it knows: ${control}`));
  if (identity === null) found.push(error('it has no valid identity: nobody speaks to it', 'give it a new join token'));
  if (identity !== undefined && identity !== null && identity.problem !== '')
    found.push({
      severity: 'warning',
      text: `it cannot renew its identity, which expires in ${durationText(identity.expiresAtMs - nowMs)}: ${identity.problem}`,
      advice: '',
    });
  if (problem !== undefined && problem !== null) found.push(error(problem));
  for (const { listener, message } of unboundListeners) found.push(error(`listener ${listener}: ${message}`));
  for (const diagnostic of diagnostics)
    found.push({ severity: diagnostic.severity, text: formatDiagnostic(diagnostic), advice: '' });
  return found;
}

/** Lines of one screen. */
export function processLines(
  { version, isReady, status }: ProcessStatus,
  problems: readonly Problem[],
  paint: Paint,
  nowMs: number,
): readonly string[] {
  const { phase, control, identity, meshPort, proxyPort, plain = [] } = status;
  const rows: [string, string][] = [
    ['process', `Selvage ${printable(version)}`],
    ['phase', phase ?? (isReady ? 'ready' : 'not ready')],
  ];
  if (identity !== undefined && identity !== null)
    rows.push(
      ['identity', identity.spiffeId],
      ['certificate', `${identity.serialNumber}, expires in ${durationText(identity.expiresAtMs - nowMs)}`],
      ['roots', `${identity.roots} at bundle version ${identity.bundleVersion}`],
    );
  if (control !== undefined) rows.push(['control plane', control === '' ? 'connected' : 'away']);
  if (meshPort !== undefined) rows.push(['mesh port', String(meshPort)]);
  if (proxyPort !== undefined) rows.push(['HTTP proxy', `127.0.0.1:${proxyPort}`]);
  if (plain.length > 0) rows.push(['plain callers', plain.join(', ')]);
  const width = Math.max(...rows.map(([name]) => name.length));
  return [
    verdict(problems, paint),
    ...problemLines(problems, paint),
    '',
    ...rows.map(([name, text]) => `${paint('faint', name)}${' '.repeat(width - name.length + 2)}${printable(text)}`),
  ];
}
