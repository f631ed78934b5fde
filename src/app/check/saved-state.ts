import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { durationText } from '#base/duration-text.ts';
import type { RunOptions } from '#cli/run.ts';
import { readSavedIdentity } from '#identity/saved-identity.ts';
import type { WorkloadIdentity } from '#identity/svid-source.ts';
import { readSavedCopy } from '#xds/saved-copy-file.ts';
import { type Finding, findingsAbout } from './finding.ts';

/** A proxy renews at half of the lifetime; with less than this share left, it could not. */
const OVERDUE_SHARE = 1 / 3;

/** The identity of the last life, as far as it is of use. @returns undefined where there is none */
export function readIdentity(state: string, nowMs: number): WorkloadIdentity | string | undefined {
  try {
    return readSavedIdentity(readFileSync(join(state, 'identity'), 'utf8'), nowMs);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? undefined : `it cannot be read: ${code ?? message}`;
  }
}

export function judgeIdentity(saved: WorkloadIdentity | string | undefined, run: RunOptions, nowMs: number): Finding {
  const { good, doubtful, bad } = findingsAbout('identity');
  const hasToken = run.token !== undefined;
  const advice = 'give a join token: --token or SELVAGE_TOKEN';
  if (saved === undefined)
    return hasToken ? good('none is saved yet; the join token gets one') : bad('none is saved yet', advice);
  if (typeof saved === 'string')
    return hasToken
      ? doubtful(`the saved one is of no use: ${saved}`, 'the join token gets another')
      : bad(`the saved one is of no use: ${saved}`, advice);
  const { spiffeId, obtainedAtMs, expiresAtMs } = saved.svid;
  if (spiffeId.namespace !== run.namespace || spiffeId.serviceAccount !== run.serviceAccount)
    return bad(`the saved one is ${spiffeId.uri}`, 'name another folder with --state, or another --service-account');
  const left = durationText(expiresAtMs - nowMs);
  return expiresAtMs - nowMs > (expiresAtMs - obtainedAtMs) * OVERDUE_SHARE
    ? good(`${spiffeId.uri}, expires in ${left}`)
    : doubtful(
        `${spiffeId.uri} expires in ${left}, and was not renewed`,
        'start it while the control plane can be reached',
      );
}

/** What the sidecar was told in its last life, to start from while the control plane is away. */
export async function checkSavedCopy(
  { state, id }: RunOptions,
  saved: WorkloadIdentity,
  nowMs: number,
): Promise<Finding> {
  const { good, doubtful } = findingsAbout('saved copy');
  const path = join(state, 'discovery');
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return doubtful('there is none: without the control plane it could not start');
  const copy = await readSavedCopy(path, `${saved.svid.spiffeId.uri} ${id}`);
  const age = durationText(nowMs - stat.mtimeMs);
  return copy.usable
    ? good(`${copy.resources.length} resources, written ${age} ago`)
    : doubtful(`it is of no use: ${copy.reason}`, 'it is written anew once the control plane is reached');
}
