// wrk: as many requests as the target answers, over a fixed number of connections.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Load } from '../jobs.ts';
import type { Workspace } from '../machine/workspace.ts';

/** What one run of wrk counted. */
export interface WrkResult {
  readonly requests: number;
  readonly seconds: number;
  readonly bytesRead: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers with a status of 400 and above. */
  readonly badStatuses: number;
  /** Failed connects, reads and writes, and answers that took more than 2 s. */
  readonly socketErrors: number;
}

/** Sends `load` to a port for some seconds. @throws {Error} when wrk fails or prints what it never did before. */
export async function runWrk(workspace: Workspace, port: number, load: Load, seconds: number): Promise<WrkResult> {
  const script = join(workspace.folder, 'requests.lua');
  writeFileSync(script, requestScript(load));
  const whole = Math.max(1, Math.round(seconds));
  const args = ['--latency', '--threads', '1', '--connections', `${load.connections}`, '--duration', `${whole}s`];
  const launch = { command: 'wrk', args: [...args, '--script', script, `http://127.0.0.1:${port}/`] };
  return parseWrk(await workspace.run(launch, (whole + 15) * 1_000));
}

/**
 * Writes the Lua script that makes wrk cycle through the routes.
 *
 * Requests are formatted once, before the load starts. Uploads use four routes only: each prebuilt request holds its body.
 */
export function requestScript(load: Load): string {
  const routes = load.upload === undefined ? load.routes : Math.min(load.routes, 4);
  return `local requests, at = {}, 0
function init()
  local body = ${load.upload === undefined ? 'nil' : `string.rep("x", ${load.upload})`}
  for route = 0, ${routes - 1} do
    requests[route + 1] = wrk.format("${load.upload === undefined ? 'GET' : 'POST'}", "/r" .. route .. "/${load.resource}", nil, body)
  end
end
function request()
  at = at % ${routes} + 1
  return requests[at]
end
`;
}

/** Parses what wrk prints with `--latency`. @throws {SyntaxError} when the summary is not in it. */
export function parseWrk(text: string): WrkResult {
  const summary = /^\s*(\d+) requests in ([\d.]+\w+), ([\d.]+\w+) read$/m.exec(text);
  if (summary === null) throw new SyntaxError(`cannot find wrk's summary in: ${text.slice(0, 300)}`);
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(text);
  const bad = /Non-2xx or 3xx responses: (\d+)/.exec(text);
  return {
    requests: Number(summary[1]),
    seconds: parseTimeUs(summary[2] ?? '') / 1e6,
    bytesRead: parseBytes(summary[3] ?? ''),
    p50Us: percentileUs(text, 50),
    p99Us: percentileUs(text, 99),
    badStatuses: Number(bad?.[1] ?? 0),
    socketErrors: errors === null ? 0 : errors.slice(1).reduce((sum, count) => sum + Number(count), 0),
  };
}

function percentileUs(text: string, percent: number): number {
  const match = new RegExp(`^\\s+${percent}%\\s+(\\S+)\\s*$`, 'm').exec(text);
  return match === null ? Number.NaN : parseTimeUs(match[1] ?? '');
}

const TIME_UNITS_US: Readonly<Record<string, number>> = { us: 1, ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9 };
// wrk prints powers of 1024.
const BYTE_UNITS: Readonly<Record<string, number>> = { B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };

function parseTimeUs(text: string): number {
  return parseUnit(text, TIME_UNITS_US);
}

function parseBytes(text: string): number {
  return parseUnit(text, BYTE_UNITS);
}

function parseUnit(text: string, units: Readonly<Record<string, number>>): number {
  const match = /^([\d.]+)([a-zA-Z]+)$/.exec(text);
  return Number(match?.[1]) * (units[match?.[2] ?? ''] ?? Number.NaN);
}
