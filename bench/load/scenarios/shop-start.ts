// The start of Selvage with the example shop's declarations: more kinds and features than a job's, as people write them.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseAllDocuments } from 'yaml';
import { freePort } from '../machine/ports.ts';
import { askOnce } from '../peers/running-peer.ts';
import { selvageLaunch } from '../peers/selvage.ts';
import type { BenchRun, Failure } from './bench-run.ts';

const SHOP = join(import.meta.dirname, '../../../examples/shop/config');
const LIMIT_MS = 20_000;

/** @returns whether this checkout has the example shop. */
export function hasShop(): boolean {
  return existsSync(SHOP);
}

/**
 * Starts Selvage on the shop's own ports.
 *
 * @returns ms until its first answer, of whatever status: the shop's services do not run here. `undefined` when it failed.
 */
export async function timeShopStart(run: BenchRun, failures: Failure[]): Promise<number | undefined> {
  const folder = run.workspace.newFolder('shop');
  const port = firstHttpPort(SHOP);
  const startedAt = performance.now();
  const shop = run.workspace.start(selvageLaunch(SHOP, folder, await freePort()), folder);
  let answer = '';
  while (answer === '' && !shop.hasEnded() && performance.now() - startedAt < LIMIT_MS) {
    answer = await askOnce(port, '/');
    if (answer === '') await sleep(2);
  }
  const tookMs = performance.now() - startedAt;
  await shop.stop();
  if (answer.startsWith('HTTP/1.1 ')) return tookMs;
  failures.push({
    cell: 'start with the shop',
    peer: 'selvage',
    reason: readFileSync(join(folder, 'stderr'), 'utf8').trim(),
  });
  return undefined;
}

/** @returns the port of the first plain HTTP listener of any Gateway in a folder. @throws {Error} when there is none. */
export function firstHttpPort(folder: string): number {
  for (const file of readdirSync(folder).filter((name) => /\.ya?ml$/.test(name))) {
    for (const document of parseAllDocuments(readFileSync(join(folder, file), 'utf8'))) {
      const port = httpPortOf(document.toJS() as GatewayLike | null);
      if (port !== undefined) return port;
    }
  }
  throw new Error(`cannot time a start with ${folder}: no Gateway there has an HTTP listener`);
}

interface GatewayLike {
  readonly kind?: string;
  readonly spec?: { readonly listeners?: readonly { readonly protocol?: string; readonly port?: number }[] };
}

function httpPortOf(document: GatewayLike | null): number | undefined {
  if (document?.kind !== 'Gateway') return undefined;
  return document.spec?.listeners?.find((listener) => listener.protocol === 'HTTP')?.port;
}
