import { existsSync } from 'node:fs';
import process from 'node:process';
import { durationText } from '#base/duration-text.ts';
import { EXIT } from '#cli/command.ts';
import type { RootRequest } from '#cli/root.ts';
import { table } from '#cli/table.ts';
import type { Terminal } from '#cli/terminal.ts';
import { readAdminToken } from '#control/authority/admin-token.ts';
import { StateFolder } from '#control/authority/state-folder.ts';
import { askAdmin, type Answered, orderAdmin } from '../inspect/admin-client.ts';
import type { RootsView } from './running-authority.ts';

/**
 * Exchanges the root of a mesh, or tells how far that has got.
 *
 * @returns the exit code
 */
export async function root(request: RootRequest, terminal: Terminal): Promise<number> {
  const fail = (message: string): number => {
    terminal.say(`${terminal.paintSaid('bad', 'selvage:')} ${message}`);
    return EXIT.failure;
  };
  let answered: Answered<RootsView>;
  try {
    answered = await ask(request);
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  const wish = request.action === 'rotate' ? 'rotate the root' : 'ask for the roots';
  if (!answered.ok) return fail(`cannot ${wish} at ${request.admin}: ${answered.reason}`);
  const { answer } = answered;
  if (request.asJson) terminal.print(JSON.stringify(answer, undefined, 2));
  else for (const line of linesOf(answer, terminal, Date.now())) terminal.print(line);
  return EXIT.ok;
}

function ask(request: RootRequest): Promise<Answered<RootsView>> {
  if (request.action === 'status') return askAdmin(`${request.admin}/roots`);
  const { admin, state, promptMarginMs: marginMs } = request;
  return orderAdmin(
    `${admin}/roots/rotate`,
    findAdminToken(state),
    marginMs === undefined ? {} : { prompt: true, marginMs },
  );
}

/** @throws where there is none */
function findAdminToken(state: string): string {
  const token = process.env['SELVAGE_ADMIN_TOKEN'] || (existsSync(state) && readAdminToken(StateFolder.open(state)));
  if (token) return token;
  throw new Error(
    `there is no admin token in ${state} (name the --state of the control plane, or give the token in SELVAGE_ADMIN_TOKEN)`,
  );
}

function linesOf(view: RootsView, { paint }: Terminal, nowMs: number): readonly string[] {
  const rows = view.roots.map(({ sha256, subject, notBeforeMs, expiresAtMs, signs }) => [
    sha256.slice(0, 16),
    new Date(notBeforeMs).toISOString().slice(0, 10),
    durationText(expiresAtMs - nowMs),
    signs ? 'yes' : 'no',
    subject,
  ]);
  const { trustDomain, authority, bundleVersion, waitingFor } = view;
  return [
    `${paint('strong', trustDomain)}, ${authority} authority, bundle version ${bundleVersion}: ${phaseText(view, nowMs)}`,
    ...(waitingFor.length > 0 && view.isPrompt ? [`waiting for ${namesOf(waitingFor)}`] : []),
    '',
    ...table(['root', 'valid since', 'expires in', 'signs', 'subject'], rows),
  ];
}

function phaseText({ phase, isPrompt, nextStepAtMs }: RootsView, nowMs: number): string {
  if (phase === 'steady') return 'no exchange of roots is under way';
  const by = `${isPrompt ? 'once all connected sidecars are ready, at the latest ' : ''}in ${durationText((nextStepAtMs ?? nowMs) - nowMs)}`;
  return phase === 'announced'
    ? `both roots are trusted, and the new one signs ${by}`
    : `the new root signs, and the old one is trusted no more ${by}`;
}

function namesOf(ids: readonly string[]): string {
  return ids.length > 10 ? `${ids.slice(0, 10).join(', ')} and ${ids.length - 10} more` : ids.join(', ');
}
