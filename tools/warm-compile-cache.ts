/*
 * Fills the compile cache that the launcher reads, so that the first start from a fresh checkout is as quick and as
 * small as every later one: without it, Node's type stripper comes into memory and stays (30 MB). `npm ci` runs it; a
 * failure costs nothing but that.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { readGraph } from './dependencies/graph.ts';

const ROOT = join(import.meta.dirname, '..');
const LAUNCHER = join(ROOT, 'bin', 'selvage.cjs');
const SHOP = join(ROOT, 'examples', 'shop', 'config');

/** What runs when it is imported, as the program itself did before. */
const PROGRAMS = new Set(['src/app/main.ts', 'src/app/control-process.ts']);

const TIMEOUT_MS = 30_000;

// The programs come first: what they ran is kept compiled, and not only what they loaded.
const folder = mkdtempSync(join(tmpdir(), 'selvage-warm-'));
try {
  await declareShopOn(await freePort(), folder);
  await runUntil(/^ready after/m, 'up', folder, '--admin-port', '0');
  await runUntil(/$^/, 'explain', SHOP, 'GET', 'http://shop.localhost:8080/');
} finally {
  rmSync(folder, { recursive: true });
}
enableCompileCache(join(ROOT, 'node_modules', '.cache', 'selvage'));
await Promise.allSettled(loadedModules().map((path) => import(join(ROOT, path))));
flushCompileCache();
process.exit();

/** Copies the example, whose own port may be taken. */
async function declareShopOn(port: number, to: string): Promise<void> {
  cpSync(SHOP, to, { recursive: true });
  const gateway = join(to, 'gateway.yaml');
  writeFileSync(gateway, readFileSync(gateway, 'utf8').replace('port: 8080', `port: ${port}`));
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
      .on('error', reject)
      .listen(0, '127.0.0.1', () => {
        const { port } = server.address() as AddressInfo;
        server.close(() => resolve(port));
      });
  });
}

/** Runs `selvage` until it says that, or ends. @returns when it has ended, with the process that it started */
function runUntil(said: RegExp, ...words: string[]): Promise<void> {
  const child = spawn(process.execPath, [LAUNCHER, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  let heard = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    heard += text;
    if (said.test(heard)) child.kill('SIGTERM');
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** What the program loads now or later, as by a listener with TLS. */
function loadedModules(): string[] {
  const graph = readGraph(ROOT);
  const reached = new Set(PROGRAMS);
  for (const path of reached) {
    for (const { target, isTypeOnly } of graph.get(path)?.edges ?? []) {
      if (!isTypeOnly && target.kind === 'file' && graph.has(target.path)) reached.add(target.path);
    }
  }
  return [...reached.difference(PROGRAMS)];
}
