import { durationText } from '#base/duration-text.ts';
import { CLOCK_TOLERANCE_MS } from '#control/authority/signer.ts';
import type { WorkloadIdentity } from '#identity/svid-source.ts';
import { rootCertificates } from '#identity/trust-bundle.ts';
import { leadsToRoot } from '#identity/x509/certification-path.ts';
import { learnMesh } from '../member/control-dial.ts';
import { parseJoinText } from '../member/join-text.ts';
import { reachControl, type ReachedControl } from './control-reach.ts';
import { type Finding, findingsAbout } from './finding.ts';
import type { Member } from './saved-state.ts';

/** Below, it is the way there, and that dates are whole seconds. */
const UNSEEN_SKEW_MS = 3000;

/** The way to the control plane, whether it is the right one, and what its clock says. */
export async function checkControlConnection(
  { control, token }: Member,
  saved: WorkloadIdentity | undefined,
): Promise<readonly Finding[]> {
  const { good, bad } = findingsAbout('control plane');
  const reached = await reachControl(control);
  if ('reason' in reached) return [bad(reached.reason, reached.advice), ...tokenForm(token)];
  const place = `${control.host}:${control.port}`;
  return [
    good(`${place} answers over TLS`),
    judgeClocks(reached),
    ...tokenForm(token),
    ...(await judgeRoots(reached, control, token, saved)),
  ];
}

/** Whether a token is complete; whether it is usable, only using it would tell. */
function tokenForm(token: string | undefined): readonly Finding[] {
  if (token === undefined) return [];
  const { good, bad } = findingsAbout('join token');
  return [
    parseJoinText(token) === undefined
      ? bad('it is not complete', 'give all of what selvage token create has printed')
      : good('it is complete (selvage token list tells where it was made whether it is usable)'),
  ];
}

export function judgeClocks({ timeMs, hereMs }: Pick<ReachedControl, 'timeMs' | 'hereMs'>): Finding {
  const { good, doubtful, bad } = findingsAbout('clocks');
  if (timeMs === undefined) return doubtful('the control plane does not say what time it is');
  // Its second may have just begun, or be about to end.
  const skewMs = timeMs + 500 - hereMs;
  const apart = `the clock here is ${durationText(Math.abs(skewMs))} ${skewMs > 0 ? 'behind' : 'ahead of'} that of the control plane`;
  if (Math.abs(skewMs) < UNSEEN_SKEW_MS) return good('they agree with the control plane');
  const advice = 'let both machines set their clocks (timedatectl set-ntp true)';
  return Math.abs(skewMs) < CLOCK_TOLERANCE_MS
    ? doubtful(apart, advice)
    : bad(`${apart}: certificates are not valid`, advice);
}

async function judgeRoots(
  { certificate }: ReachedControl,
  control: Member['control'],
  token: string | undefined,
  saved: WorkloadIdentity | undefined,
): Promise<readonly Finding[]> {
  const { good, doubtful, bad } = findingsAbout('root');
  const join = token === undefined ? undefined : parseJoinText(token);
  if (saved !== undefined) {
    const chain = [];
    for (let one = certificate.issuerCertificate; one !== undefined && chain.length < 8; one = one.issuerCertificate)
      chain.push(one);
    if (leadsToRoot(certificate, chain, rootCertificates(saved.bundle), Date.now()))
      return [good('the control plane is of the mesh of the saved identity')];
    if (join === undefined)
      return [
        bad(
          'the control plane shows no root that the saved identity knows',
          'is it another mesh? else it needs a new join token',
        ),
      ];
  }
  if (join === undefined)
    return [doubtful('nothing here says which root the control plane should show', 'give the join token to compare')];
  try {
    await learnMesh(control, join.rootsSha256);
    return [good('the control plane shows the root that the join token names')];
  } catch (error) {
    return [
      bad(
        error instanceof Error ? error.message : String(error),
        'make a new join token where that control plane runs',
      ),
    ];
  }
}
