import { X509Certificate } from 'node:crypto';
import type { Path } from '#model/field-path.ts';
import { certificatesIn } from '#model/tls-key-pair.ts';
import { warning, type Finding } from '../finding.ts';

/** When a certificate is valid; milliseconds since 1970. */
export interface Validity {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Long enough to renew by hand, and shorter than what automatic renewal leaves of the usual 90 days. */
const noticeMs = 14 * 24 * 3600 * 1000;

/** Reads when each certificate of a PEM text is valid, in their order. */
export function readValidities(pem: string): readonly Validity[] {
  return certificatesIn(pem).map((certificate) => {
    const { validFromDate, validToDate } = new X509Certificate(certificate);
    return { fromMs: validFromDate.getTime(), toMs: validToDate.getTime() };
  });
}

/**
 * Says which certificates are not valid, or soon will not be. All are used as they are: peers may see it otherwise, and
 * to stop serving helps nobody.
 */
export function judgeValidities(validities: readonly Validity[], path: Path, nowMs: number): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [i, { fromMs, toMs }] of validities.entries()) {
    const title = validities.length === 1 ? 'the certificate' : `certificate ${i + 1} of ${validities.length}`;
    const state = stateOf(fromMs, toMs, nowMs);
    if (state !== undefined) findings.push(warning(path, `${title} ${state}`, 'a renewed certificate'));
  }
  return findings;
}

function stateOf(fromMs: number, toMs: number, nowMs: number): string | undefined {
  if (nowMs > toMs) return `expired on ${dateOf(toMs)}: peers refuse it`;
  if (nowMs < fromMs) return `is not valid before ${dateOf(fromMs)}: peers refuse it`;
  if (toMs - nowMs > noticeMs) return undefined;
  const days = Math.floor((toMs - nowMs) / (24 * 3600 * 1000));
  return `expires on ${dateOf(toMs)}, in ${days === 0 ? 'less than a day' : days === 1 ? '1 day' : `${days} days`}`;
}

function dateOf(timeMs: number): string {
  return new Date(timeMs).toISOString().replace('.000Z', 'Z');
}
