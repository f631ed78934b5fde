import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { durationText } from '#base/duration-text.ts';
import { readSavedIdentity } from '#identity/saved-identity.ts';
import type { WorkloadIdentity } from '#identity/svid-source.ts';
import { readSavedCopy } from '#xds/saved-copy-file.ts';
import { type Finding, findingsAbout } from './finding.ts';

/** What sidecars and gateways have in common as members of a mesh. */
export interface Member {
  readonly control: { readonly host: string; readonly port: number };
  readonly token: string | undefined;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Its private folder. */
  readonly state: string;
}

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

export function judgeIdentity(saved: WorkloadIdentity | string | undefined, member: Member, nowMs: number): Finding {
  const { good, doubtful, bad } = findingsAbout('identity');
  const hasToken = member.token !== undefined;
  const advice = 'give a join token: --token or SELVAGE_TOKEN';
  if (saved === undefined)
    return hasToken ? good('none is saved yet; the join token gets one') : bad('none is saved yet', advice);
  if (typeof saved === 'string')
    return hasToken
      ? doubtful(`the saved one is of no use: ${saved}`, 'the join token gets another')
      : bad(`the saved one is of no use: ${saved}`, advice);
  const { spiffeId, obtainedAtMs, expiresAtMs } = saved.svid;
  if (spiffeId.namespace !== member.namespace || spiffeId.serviceAccount !== member.serviceAccount)
    return bad(`the saved one is ${spiffeId.uri}`, 'name another folder with --state, or another --service-account');
  const left = durationText(expiresAtMs - nowMs);
  return expiresAtMs - nowMs > (expiresAtMs - obtainedAtMs) * OVERDUE_SHARE
    ? good(`${spiffeId.uri}, expires in ${left}`)
    : doubtful(
        `${spiffeId.uri} expires in ${left}, and was not renewed`,
        'start it while the control plane can be reached',
      );
}

/**
 * What the proxy was told in its last life, to start from while the control plane is away.
 *
 * @param owner who must have saved it
 */
export async function checkSavedCopy(state: string, owner: string, nowMs: number): Promise<Finding> {
  const { good, doubtful } = findingsAbout('saved copy');
  const path = join(state, 'discovery');
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return doubtful('there is none: without the control plane it could not start');
  const copy = await readSavedCopy(path, owner);
  const age = durationText(nowMs - stat.mtimeMs);
  return copy.usable
    ? good(`${copy.resources.length} resources, written ${age} ago`)
    : doubtful(`it is of no use: ${copy.reason}`, 'it is written anew once the control plane is reached');
}
