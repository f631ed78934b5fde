import { existsSync } from 'node:fs';
import { durationText } from '#base/duration-text.ts';
import type { ControlOptions } from '#cli/control.ts';
import { count, countDiagnostics } from '#cli/diagnostics.ts';
import { loadAuthorityState } from '#control/authority/authority-state.ts';
import { signingRoot } from '#control/authority/root-rotation.ts';
import { readSigner } from '#control/authority/signer.ts';
import { StateFolder } from '#control/authority/state-folder.ts';
import { StateLock } from '#control/authority/state-lock.ts';
import { GatewaysCompiler } from '#control/compile/edge/gateways-compiler.ts';
import { MeshCompiler } from '#control/compile/mesh/mesh-compiler.ts';
import { DeclaredObjects } from '#control/declared-objects.ts';
import { readDirectory } from '#control/sources/directory.ts';
import { formatDiagnostic } from '#model/diagnostic.ts';
import { inspect } from '../inspect/inspection.ts';
import { findProblems } from '../inspect/problems.ts';
import { type Finding, findingsAbout } from './finding.ts';
import type { WantedPort } from './ports.ts';

/** Roots are exchanged in days, so it is told in good time. */
const ROOT_EXPIRY_MS = 90 * 86_400_000;
const MAX_TOLD = 10;

/** What the documents declare, as a control plane would read them that no workload has joined yet. */
export function checkDocuments({ folder }: ControlOptions, nowMs: number): readonly Finding[] {
  const { good, doubtful, bad } = findingsAbout('documents');
  const content = readDirectory(folder);
  const { loaded, rejected, diagnostics: complaints } = new DeclaredObjects().update(content);
  const compiler = new MeshCompiler();
  const mesh = compiler.compile(loaded, [], rejected);
  const gateways = new GatewaysCompiler().compile(compiler.population, [], rejected, nowMs);
  const found = [...complaints, ...mesh.diagnostics, ...gateways.diagnostics];
  const diagnostics = [...new Map(found.map((one) => [formatDiagnostic(one), one])).values()];
  const extent = `${count(content.files.length, 'file')} with ${count(loaded.length, 'object')} in ${folder}`;
  if (diagnostics.length === 0) return [good(extent)];
  const told = diagnostics.slice(0, MAX_TOLD).map((diagnostic) => {
    const make = diagnostic.severity === 'error' ? bad : doubtful;
    return make(formatDiagnostic(diagnostic));
  });
  const left = diagnostics.length - told.length;
  return left === 0
    ? told
    : [...told, doubtful(`${countDiagnostics(diagnostics)} in all`, 'selvage validate tells all')];
}

/** The authority in the state folder, which need not be there before the first start. */
export function checkAuthority(
  { state, trustDomain, externalAuthority }: ControlOptions,
  nowMs: number,
): readonly Finding[] {
  const { good, doubtful, bad } = findingsAbout('authority');
  if (!existsSync(state)) return [];
  if (externalAuthority !== null) return [];
  try {
    const authority = loadAuthorityState(StateFolder.open(state));
    if (authority === undefined) return [good('there is none yet, and it will be made')];
    if (authority.trustDomain !== trustDomain)
      return [bad(`it is of trust domain ${authority.trustDomain}`, `give --trust-domain ${authority.trustDomain}`)];
    const { certificate, privateKey } = signingRoot(authority);
    const signer = readSigner(certificate, privateKey, '');
    if (typeof signer === 'string') return [bad(signer, 'restore the state folder from a backup')];
    const left = signer.expiresAtMs - nowMs;
    const phase =
      authority.rotation.phase === 'steady' ? '' : `; its root is being exchanged (${authority.rotation.phase})`;
    const text = `${trustDomain}, its root expires in ${durationText(left)}${phase}`;
    return [left < ROOT_EXPIRY_MS ? doubtful(text, 'run selvage root rotate') : good(text)];
  } catch (error) {
    return [bad(error instanceof Error ? error.message : String(error))];
  }
}

/** Whether a control plane has the state folder now. */
export function isRunning({ state }: ControlOptions): boolean {
  if (!existsSync(state)) return false;
  try {
    return StateLock.isHeld(StateFolder.open(state));
  } catch {
    // Its permissions are told of elsewhere.
    return false;
  }
}

/** Those of a control plane that does not run yet. */
export function portsOfControl({ address, port, admin }: ControlOptions): readonly WantedPort[] {
  const wanted: WantedPort[] = [];
  if (port !== 0) wanted.push({ use: 'port for sidecars', address, port, option: '--port', otherwise: '' });
  if (admin !== null && admin.port !== 0)
    wanted.push({ use: 'admin port', address: admin.address, port: admin.port, option: '--admin-port', otherwise: '' });
  return wanted;
}

/** What a control plane that runs says of its mesh. */
export async function checkMesh({ admin }: ControlOptions, nowMs: number): Promise<readonly Finding[]> {
  const { good, doubtful, bad } = findingsAbout('mesh');
  if (admin === null || admin.port === 0) return [doubtful('the control plane runs; give its --admin-port to ask it')];
  const host = admin.address.includes(':') ? `[${admin.address}]` : admin.address;
  const url = `http://${host}:${admin.port}`;
  const inspected = await inspect(url);
  if (!inspected.ok) return [bad(`the control plane runs, and ${url} does not answer: ${inspected.reason}`)];
  const { workloads, proxies } = inspected.answer;
  const problems = findProblems(inspected.answer, nowMs).map(({ severity, text, advice }) =>
    severity === 'error' ? bad(text, advice) : doubtful(text, advice),
  );
  const extent = `the control plane runs, with ${count(workloads.length, 'workload')} and ${proxies.length} connected`;
  return [good(extent), ...problems];
}
