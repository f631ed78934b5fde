import { durationText } from '#base/duration-text.ts';
import { EXIT } from '#cli/command.ts';
import type { GetOptions, Listing } from '#cli/get.ts';
import { table } from '#cli/table.ts';
import type { Terminal } from '#cli/terminal.ts';
import type { CertificateView } from './certificate-views.ts';
import type { ServiceView, WorkloadView } from './control-views.ts';

/**
 * Prints what a control plane knows.
 *
 * @returns the exit code
 */
export async function get({ listing, admin, asJson }: GetOptions, terminal: Terminal): Promise<number> {
  const answer = await ask(`${admin}/${listing}`);
  if (typeof answer === 'string') {
    terminal.say(
      `${terminal.paintSaid('bad', 'selvage:')} cannot ask ${admin}: ${answer} (is selvage control running? --admin names its admin API)`,
    );
    return EXIT.failure;
  }
  if (asJson) terminal.print(JSON.stringify(answer, undefined, 2));
  else for (const line of LINES[listing](answer as never)) terminal.print(line);
  return EXIT.ok;
}

/** @returns the reason where there is no answer */
async function ask(url: string): Promise<readonly unknown[] | string> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
    if (!response.ok) return `it answers ${response.status}`;
    const answer: unknown = await response.json();
    return Array.isArray(answer) ? answer : 'its answer is not a list';
  } catch (error) {
    const cause = (error as { readonly cause?: { readonly code?: string } }).cause?.code;
    return cause ?? (error instanceof Error ? error.message : String(error));
  }
}

const LINES: Readonly<Record<Listing, (rows: never) => readonly string[]>> = {
  workloads: (rows: readonly WorkloadView[]) => [
    ...table(
      ['id', 'namespace', 'service', 'address', 'ports', 'state', 'sync', 'principal'],
      rows.map(({ id, namespace, service, gateway, address, ports, state, sync, principal }) => [
        id,
        namespace,
        service || (gateway === '' ? '-' : `Gateway ${gateway}`),
        address,
        ports.join(',') || '-',
        state,
        sync,
        principal,
      ]),
    ),
    ...rows.flatMap(({ id, problems }) => problems.map((problem) => `${id}: ${problem}`)),
  ],
  services: (rows: readonly ServiceView[]) =>
    table(
      ['service', 'port', 'protocol', 'endpoints', 'routes'],
      rows.map(({ service, port, protocol, endpoints, routes }) => [
        service,
        String(port),
        protocol,
        endpoints.map(({ address, state }) => (state === 'ready' ? address : `${address} (${state})`)).join(', ') ||
          '-',
        routes.join(', ') || '-',
      ]),
    ),
  certificates: (rows: readonly CertificateView[]) =>
    table(
      ['identity', 'serial number', 'age', 'expires in', 'by', 'held by'],
      rows.map(({ identity, serialNumber, issuedAtMs, expiresAtMs, evidence, proxies }) => [
        identity,
        serialNumber,
        durationText(Date.now() - issuedAtMs),
        durationText(expiresAtMs - Date.now()),
        evidence,
        proxies.join(', ') || '-',
      ]),
    ),
};
