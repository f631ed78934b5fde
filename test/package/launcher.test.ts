import assert from 'node:assert/strict';
import { spawn, spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import process from 'node:process';
import { after, test } from 'node:test';

const ROOT = dirname(dirname(import.meta.dirname));

/** Stands for the program: does what its first argument says, and tells how it was started once it listens to signals. */
const ENTRY = `const [what, value]: string[] = process.argv.slice(2);
if (what === 'exit') process.exitCode = Number(value);
if (what === 'abort') process.kill(process.pid, 'SIGKILL');
if (what === 'throw' || what === 'wait' || what === 'drain') setInterval(() => {}, 1000);
if (what === 'throw') throw new Error('broken');
if (what === 'drain') {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => { console.log(signal); setTimeout(() => process.exit(7), 50); });
  }
}
console.log(JSON.stringify({ node: process.versions.node, args: process.argv.slice(2) }));`;

const old = findOldNode();
const folders: string[] = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** A checkout with the real launcher and the entry above; with the pinned runtime unless told otherwise. */
function makeCheckout(modules: 'pinned' | 'none' = 'pinned'): string {
  const root = mkdtempSync(join(tmpdir(), 'selvage-launcher-'));
  folders.push(root);
  cpSync(join(ROOT, 'bin'), join(root, 'bin'), { recursive: true });
  mkdirSync(join(root, 'src', 'app'), { recursive: true });
  writeFileSync(join(root, 'src', 'app', 'main.ts'), ENTRY);
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  mkdirSync(join(root, 'node_modules', '.bin'), { recursive: true });
  if (modules === 'pinned') symlinkSync(process.execPath, join(root, 'node_modules', '.bin', 'node'));
  return root;
}

function launch(node: string, root: string, ...args: string[]): SpawnSyncReturns<string> {
  return spawnSync(node, [join(root, 'bin', 'selvage.cjs'), ...args], { encoding: 'utf8', timeout: 30_000 });
}

function keptCopy(root: string): string {
  return join(root, 'node_modules', '.cache', 'selvage', encodeURIComponent(root), 'app', 'main.ts');
}

/** A Node older than the launcher needs, as a stock Debian has it. */
function findOldNode(): string | undefined {
  const paths = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
  return paths
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .find((path) => /^v(1\d|2[0-5])\./.test(spawnSync(path, ['--version'], { encoding: 'utf8' }).stdout));
}

const needsOld = { skip: old === undefined ? 'no Node older than 26 is installed' : false };
const oldNode = old ?? '';

test('launcher runs the sources in its own process on a current Node, and keeps them without their types', () => {
  const root = makeCheckout('none');
  const run = launch(process.execPath, root, 'exit', '5', '--flag');
  assert.equal(run.stderr, '');
  assert.deepEqual(JSON.parse(run.stdout), { node: process.versions.node, args: ['exit', '5', '--flag'] });
  assert.equal(run.status, 5);
  const kept = readFileSync(keptCopy(root), 'utf8');
  assert.equal(kept.length, ENTRY.length);
  assert.doesNotMatch(kept, /string\[\]/);
});

test('launcher runs what was changed since, and what it kept where nothing was', () => {
  const root = makeCheckout('none');
  const entry = join(root, 'src', 'app', 'main.ts');
  launch(process.execPath, root, 'exit', '5');
  const { mtime } = statSync(entry);
  writeFileSync(keptCopy(root), ENTRY.replace(': string[]', '          ').replace('Number(value)', '6            '));
  utimesSync(keptCopy(root), mtime, mtime);
  assert.equal(launch(process.execPath, root, 'exit', '5').status, 6);
  writeFileSync(entry, ENTRY.replace('Number(value)', '7'));
  assert.equal(launch(process.execPath, root, 'exit', '5').status, 7);
  writeFileSync(entry, ENTRY.replace('Number(value)', '8'));
  utimesSync(entry, new Date(), new Date(mtime.getTime() + 1));
  assert.equal(launch(process.execPath, root, 'exit', '5').status, 8);
});

test('launcher starts what serves for long frugally, and ends that with the usual flags of V8', () => {
  const root = makeCheckout('none');
  cpSync(join(ROOT, 'src', 'app', 'frugal-start.ts'), join(root, 'src', 'app', 'frugal-start.ts'));
  writeFileSync(
    join(root, 'src', 'app', 'main.ts'),
    `import { cachedDataVersionTag } from 'node:v8';
    import { endFrugalStart } from './frugal-start.ts';
    const tags = [cachedDataVersionTag()];
    endFrugalStart();
    console.log(JSON.stringify([...tags, cachedDataVersionTag()]));`,
  );
  // The tag stands for all flags.
  const tagsOf = (command: string) => JSON.parse(launch(process.execPath, root, command).stdout) as number[];
  const [usual] = tagsOf('validate');
  for (const command of ['up', 'run', 'gateway']) {
    const [first, last] = tagsOf(command);
    assert.notEqual(first, usual);
    assert.equal(last, usual);
  }
});

test('launcher runs where the cache cannot be written', () => {
  const root = makeCheckout('none');
  writeFileSync(join(root, 'node_modules', '.cache'), 'a file where the folder should be');
  const run = launch(process.execPath, root, 'exit', '0');
  assert.equal(run.stderr, '');
  assert.equal(run.status, 0);
});

test('launcher ends the process when the entry throws, whatever it had opened', () => {
  const run = launch(process.execPath, makeCheckout('none'), 'throw');
  assert.match(run.stderr, /Error: broken/);
  assert.equal(run.status, 1);
});

test('launcher runs the emitted code where there are no sources', () => {
  const root = makeCheckout('none');
  rmSync(join(root, 'src'), { recursive: true });
  mkdirSync(join(root, 'dist', 'app'), { recursive: true });
  writeFileSync(join(root, 'dist', 'app', 'main.js'), `console.log('emitted');`);
  const run = launch(process.execPath, root);
  assert.equal(run.stdout, 'emitted\n');
  assert.equal(existsSync(join(root, 'node_modules', '.cache')), false);
});

test('launcher re-executes under the pinned runtime on an old Node, and mirrors its end', needsOld, () => {
  const root = makeCheckout();
  const run = launch(oldNode, root, 'exit', '5', 'a b');
  assert.deepEqual(JSON.parse(run.stdout), { node: process.versions.node, args: ['exit', '5', 'a b'] });
  assert.equal(run.status, 5);
  assert.equal(launch(oldNode, root, 'abort').signal, 'SIGKILL');
});

test('launcher says in one sentence which Node it needs where there is none', needsOld, () => {
  const run = launch(oldNode, makeCheckout('none'));
  assert.equal(run.status, 1);
  assert.match(run.stderr, /^cannot start selvage: it needs Node 26 or newer and this is v2\d\.[^\n]+\n$/);
});

test('launcher does not run itself again under a runtime that is too old as well', needsOld, () => {
  const root = makeCheckout('none');
  symlinkSync(oldNode, join(root, 'node_modules', '.bin', 'node'));
  assert.match(launch(oldNode, root).stderr, /^cannot start selvage: it needs Node 26/);
});

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  test(`launcher passes ${signal} on and waits for the drain`, needsOld, async () => {
    const { output, end } = await launchAndSignal('drain', signal);
    assert.equal(output, `${signal}\n`, 'received exactly once');
    assert.deepEqual(end, [7, null]);
  });

  test(`launcher dies of ${signal} as its child does`, needsOld, async () => {
    const { end } = await launchAndSignal('wait', signal);
    assert.deepEqual(end, [null, signal]);
  });
}

/** Starts the entry on the old Node, sends the signal once it has said how it was started, and collects the rest. */
async function launchAndSignal(what: string, signal: NodeJS.Signals): Promise<{ output: string; end: unknown[] }> {
  const args = [join(makeCheckout(), 'bin', 'selvage.cjs'), what];
  const child = spawn(oldNode, args, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'close');
  await once(child.stdout, 'data');
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.kill(signal);
  return { end: await ended, output };
}
