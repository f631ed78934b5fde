/*
 * Keeps compiled code, and the sources without their types, where the launcher looks for them, so that the first start from
 * a fresh checkout is as quick and as small as every later one: without, Node's type stripper comes into memory and stays
 * (30 MB). `npm ci` runs it; a failure costs nothing but that.
 */
import '../bin/own-modules.cjs';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { readGraph } from './dependencies/graph.ts';

const ROOT = join(import.meta.dirname, '..');
const LAUNCHER = join(ROOT, 'bin', 'selvage.cjs');
const SHOP = join(ROOT, 'examples', 'shop', 'config');

/** What runs when it is imported, as the program itself did before. */
const PROGRAMS = new Set(['src/app/main.ts', 'src/app/control-process.ts']);

const TIMEOUT_MS = 30_000;
const READY = /^ready after/m;

// The programs come first: what they ran is kept compiled, and not only what they loaded.
const folder = mkdtempSync(join(tmpdir(), 'selvage-warm-'));
try {
  const documents = join(folder, 'config');
  await declareShopOn(await freePort(), documents);
  await Promise.all([runLaptop(documents), runMesh(documents)]);
} finally {
  rmSync(folder, { recursive: true });
}
enableCompileCache(join(ROOT, 'node_modules', '.cache', 'selvage'));
await Promise.allSettled(loadedModules().map((path) => import(join(ROOT, path))));
flushCompileCache();
process.exit();

async function runLaptop(documents: string): Promise<void> {
  await endAfter(start('explain', SHOP, 'GET', 'http://shop.localhost:8080/'), /$^/);
  await endAfter(start('up', documents, '--admin-port', '0'), READY);
}

/** Runs one of each process of a mesh. */
async function runMesh(documents: string): Promise<void> {
  const state = join(folder, 'control');
  const port = String(await freePort());
  const control = start('control', documents, '--state', state, '--port', port, '--admin-port', '0');
  if (!(await says(control, READY))) return;
  for (const [account, ready, command, ...rest] of [
    ['edge', READY, 'gateway', '--name', 'edge'],
    ['job', /$^/, 'run', '--mesh-port', '0', '--service', 'job', '--', process.execPath, '--version'],
  ] as const) {
    const who = ['--service-account', account, '--namespace', 'shop'];
    const token = await outputOf(start('token', 'create', ...who, '--state', state));
    process.env['SELVAGE_TOKEN'] = token.trim();
    const own = ['--control', `127.0.0.1:${port}`, '--admin-port', '0', '--state', join(folder, account)];
    await endAfter(start(command, ...who, ...own, ...rest), ready);
  }
  await end(control);
}

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

/** Starts `selvage` with these words, for a while. */
function start(...words: string[]): ChildProcessByStdio<null, Readable, Readable> {
  const child = spawn(process.execPath, [LAUNCHER, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT_MS);
  child.once('close', () => clearTimeout(timer));
  return child;
}

type Started = ReturnType<typeof start>;

/** @returns whether a program has said that, on standard error, before it ended */
function says(program: Started, words: RegExp): Promise<boolean> {
  let heard = '';
  return new Promise((resolve) => {
    program.stderr.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
      if (words.test(heard)) resolve(true);
    });
    program.once('close', () => resolve(false));
  });
}

async function outputOf(program: Started): Promise<string> {
  return (await program.stdout.setEncoding('utf8').toArray()).join('');
}

/** Lets a program run until it says that, or ends by itself. */
async function endAfter(program: Started, words: RegExp): Promise<void> {
  program.stdout.resume();
  if (await says(program, words)) await end(program);
}

async function end(program: Started): Promise<void> {
  const ended = once(program, 'close');
  program.stdout.resume();
  program.kill('SIGTERM');
  await ended;
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
