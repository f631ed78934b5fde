import { EXIT } from '#cli/command.ts';
import { table } from '#cli/table.ts';
import type { Terminal } from '#cli/terminal.ts';
import type { TokenRequest } from '#cli/token.ts';
import { SYSTEM_NAMESPACE } from '#control/authority/control-identity.ts';
import { type JoinTokenRecord, JoinTokens } from '#control/authority/join-tokens.ts';
import { StateFolder } from '#control/authority/state-folder.ts';
import { formatJoinText } from '../member/join-text.ts';
import { readNamedRoots } from './named-roots.ts';

/**
 * Makes, lists or revokes join tokens.
 *
 * @returns the exit code
 */
export function token(request: TokenRequest, terminal: Terminal): number {
  try {
    return run(request, terminal, Date.now());
  } catch (error) {
    return fail(terminal, error instanceof Error ? error.message : String(error));
  }
}

function run(request: TokenRequest, terminal: Terminal, nowMs: number): number {
  const folder = StateFolder.open(request.state);
  const roots = readNamedRoots(folder);
  if (roots.length === 0)
    return fail(
      terminal,
      `there is no certificate authority in ${request.state} (start selvage control first, or name its --state)`,
    );
  const tokens = JoinTokens.open(folder);
  try {
    if (request.action === 'list') return list(request, tokens.list(), terminal, nowMs);
    if (request.action === 'revoke') return revoke(request.id, tokens, terminal, nowMs);
    return create(request, tokens, roots, terminal, nowMs);
  } finally {
    tokens.close();
  }
}

function create(
  { asJson, ...terms }: TokenRequest & { readonly action: 'create' },
  tokens: JoinTokens,
  rootsSha256: readonly string[],
  terminal: Terminal,
  nowMs: number,
): number {
  const { namespace, serviceAccount, lifetimeMs, maxUses } = terms;
  // Whoever had one could pose as the control plane.
  if (namespace === SYSTEM_NAMESPACE)
    return fail(terminal, `namespace ${SYSTEM_NAMESPACE} is for Selvage's own processes: no token is made for it`);
  const { token: secret, record } = tokens.create(
    { namespace, serviceAccount, lifetimeMs, ...(maxUses !== null && { maxUses }) },
    nowMs,
  );
  const text = formatJoinText({ token: secret, rootsSha256 });
  terminal.print(asJson ? JSON.stringify({ token: text, ...record }, undefined, 2) : text);
  return EXIT.ok;
}

function list(
  { asJson }: TokenRequest,
  records: readonly JoinTokenRecord[],
  terminal: Terminal,
  nowMs: number,
): number {
  if (asJson) {
    terminal.print(JSON.stringify(records, undefined, 2));
    return EXIT.ok;
  }
  const rows = records.map((record) => [
    record.id,
    record.namespace,
    record.serviceAccount,
    `${record.uses}${record.maxUses === null ? '' : ` of ${record.maxUses}`}`,
    new Date(record.expiresAtMs).toISOString(),
    stateOf(record, nowMs),
  ]);
  for (const line of table(['id', 'namespace', 'service account', 'uses', 'expires', 'state'], rows))
    terminal.print(line);
  return EXIT.ok;
}

function stateOf({ revokedAtMs, expiresAtMs, maxUses, uses }: JoinTokenRecord, nowMs: number): string {
  if (revokedAtMs !== null) return 'revoked';
  if (nowMs >= expiresAtMs) return 'expired';
  return maxUses !== null && uses >= maxUses ? 'used up' : 'usable';
}

function revoke(id: string, tokens: JoinTokens, terminal: Terminal, nowMs: number): number {
  if (!tokens.revoke(id, nowMs)) return fail(terminal, `there is no join token ${id} (selvage token list shows all)`);
  terminal.say(`revoked ${id}`);
  return EXIT.ok;
}

function fail(terminal: Terminal, message: string): number {
  terminal.say(`${terminal.paintSaid('bad', 'selvage:')} ${message}`);
  return EXIT.failure;
}
