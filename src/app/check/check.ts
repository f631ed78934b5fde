import { EXIT } from '#cli/command.ts';
import type { CheckRequest } from '#cli/check.ts';
import type { ControlOptions } from '#cli/control.ts';
import { count } from '#cli/diagnostics.ts';
import { printable } from '#cli/printable.ts';
import type { RunOptions } from '#cli/run.ts';
import type { Paint, Terminal } from '#cli/terminal.ts';
import { checkControlConnection } from './control-connection.ts';
import { checkAuthority, checkDocuments, checkMesh, isRunning, portsOfControl } from './control-side.ts';
import type { Finding } from './finding.ts';
import { checkCapture, checkMachine } from './machine.ts';
import { checkPorts, type WantedPort } from './ports.ts';
import { checkPrivateFolder } from './private-folder.ts';
import { checkSavedCopy, judgeIdentity, type Member, readIdentity } from './saved-state.ts';

/**
 * Finds out what is wrong with an installation, and prints it.
 *
 * @returns the exit code
 */
export async function check(request: CheckRequest, terminal: Terminal): Promise<number> {
  const findings = await findAll(request, Date.now());
  if (request.asJson) terminal.print(JSON.stringify(findings, undefined, 2));
  else for (const line of linesOf(findings, terminal.paint)) terminal.print(line);
  return findings.some(({ level }) => level === 'bad') ? EXIT.failure : EXIT.ok;
}

function findAll(request: CheckRequest, nowMs: number): Promise<readonly Finding[]> {
  switch (request.role) {
    case 'run': {
      const { run } = request;
      return checkMember(run, run.id, portsOfRun(run), checkCapture(run), nowMs);
    }
    case 'gateway': {
      const { gateway } = request;
      const owner = `${gateway.id} Gateway ${gateway.namespace}/${gateway.name}`;
      return checkMember(gateway, owner, portsOfAdmin(gateway.admin), [], nowMs);
    }
    case 'control':
      return checkControl(request.control, nowMs);
  }
}

/** @param owner of its saved copy, behind its identity */
async function checkMember(
  member: Member,
  owner: string,
  ports: readonly WantedPort[],
  others: readonly Finding[],
  nowMs: number,
): Promise<readonly Finding[]> {
  const saved = readIdentity(member.state, nowMs);
  const usable = typeof saved === 'object' ? saved : undefined;
  const copy =
    usable === undefined ? [] : [await checkSavedCopy(member.state, `${usable.svid.spiffeId.uri} ${owner}`, nowMs)];
  return [
    ...checkMachine(),
    ...checkPrivateFolder(member.state),
    judgeIdentity(saved, member, nowMs),
    ...copy,
    ...(await checkPorts(ports)),
    ...others,
    ...(await checkControlConnection(member, usable)),
  ];
}

function portsOfRun({ meshPort, proxyPort, admin, capture }: RunOptions): readonly WantedPort[] {
  const wanted: WantedPort[] = [];
  const want = (use: string, port: number, option: string, address = '127.0.0.1', otherwise = ''): void => {
    if (port > 0) wanted.push({ use, address, port, option, otherwise });
  };
  want('mesh port', meshPort ?? 15_008, '--mesh-port', '', meshPort === undefined ? 'the sidecar takes any other' : '');
  want('HTTP proxy', proxyPort, '--proxy-port');
  if (capture.type === 'dns') want('resolver', capture.port ?? 0, '--dns-port');
  return [...wanted, ...portsOfAdmin(admin)];
}

function portsOfAdmin(admin: RunOptions['admin']): readonly WantedPort[] {
  if (admin === null || admin.port === 0) return [];
  const usual = admin.port === -1;
  const otherwise = usual ? 'any other is taken then' : '';
  return [
    { use: 'admin port', address: admin.address, port: usual ? 15_020 : admin.port, option: '--admin-port', otherwise },
  ];
}

async function checkControl(control: ControlOptions, nowMs: number): Promise<readonly Finding[]> {
  const runs = isRunning(control);
  return [
    ...checkMachine(),
    ...checkPrivateFolder(control.state),
    ...checkAuthority(control, nowMs),
    // One that runs tells of its documents itself.
    ...(runs
      ? await checkMesh(control, nowMs)
      : [...checkDocuments(control, nowMs), ...(await checkPorts(portsOfControl(control)))]),
  ];
}

const MARKS = { good: ['good', '✓'], doubtful: ['doubtful', '!'], bad: ['bad', '✗'] } as const;

function* linesOf(findings: readonly Finding[], paint: Paint): Iterable<string> {
  const width = Math.max(...findings.map(({ about }) => about.length));
  for (const { level, about, text, advice } of findings) {
    const [tone, mark] = MARKS[level];
    yield `${paint(tone, mark)} ${paint('faint', about)}${' '.repeat(width - about.length + 2)}${printable(text)}`;
    if (advice !== '') yield `${' '.repeat(width + 4)}→ ${printable(advice)}`;
  }
  const [bad, doubtful] = (['bad', 'doubtful'] as const).map(
    (one) => findings.filter(({ level }) => level === one).length,
  );
  yield '';
  if (bad === 0) yield paint('good', 'nothing is wrong') + (doubtful === 0 ? '' : `, ${count(doubtful ?? 0, 'doubt')}`);
  else
    yield (
      paint('bad', `${count(bad ?? 0, 'thing')} to mend`) + (doubtful === 0 ? '' : `, ${count(doubtful ?? 0, 'doubt')}`)
    );
}
