import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Workspace } from './workspace.ts';

const isAlive = (pid: number): boolean => {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
};

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !condition(); tries++) await sleep(10);
  assert.ok(condition(), 'the awaited condition never came');
}

test('dispose ends processes with their children and removes the folder', async () => {
  const workspace = new Workspace();
  const folder = workspace.newFolder('x');
  const pidFile = join(folder, 'child');
  const started = workspace.start({ command: 'sh', args: ['-c', `sleep 60 & echo $! > ${pidFile}; wait`] }, folder);
  await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '');
  const child = Number(readFileSync(pidFile, 'utf8'));
  assert.ok(isAlive(started.pid) && isAlive(child));
  workspace.dispose();
  await until(() => !isAlive(started.pid) && !isAlive(child));
  assert.ok(!existsSync(workspace.folder));
});

test('stop ends a process that ignores SIGTERM after its grace', async () => {
  const workspace = new Workspace();
  const folder = workspace.newFolder('x');
  const launch = { command: 'sh', args: ['-c', 'trap "" TERM; echo up; while :; do sleep 1; done'] };
  const started = workspace.start({ ...launch, stdoutFile: join(folder, 'out') }, folder);
  await until(() => readFileSync(join(folder, 'out'), 'utf8') === 'up\n');
  await started.stop(50);
  await until(() => !isAlive(started.pid));
  workspace.dispose();
});

test('run rejects with what the process complained about', async () => {
  const workspace = new Workspace();
  const launch = { command: 'sh', args: ['-c', 'echo no such luck >&2; exit 3'] };
  await assert.rejects(workspace.run(launch, 5_000), /exited with 3: no such luck/);
  workspace.dispose();
});

test('run rejects when the command does not exist', async () => {
  const workspace = new Workspace();
  await assert.rejects(
    workspace.run({ command: 'selvage-no-such-command', args: [] }, 5_000),
    /cannot complete selvage-no-such/,
  );
  workspace.dispose();
});

test('a workspace is gone when its process is ended by SIGINT', async () => {
  const source = `const { Workspace } = await import(${JSON.stringify(join(import.meta.dirname, 'workspace.ts'))});
const workspace = new Workspace();
const started = workspace.start({ command: 'sleep', args: ['60'] }, workspace.newFolder('x'));
console.log(JSON.stringify({ folder: workspace.folder, pid: started.pid }));
setInterval(() => {}, 1_000);`;
  const bench = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = (await once(bench.stdout, 'data')) as [Buffer];
  const { folder, pid } = JSON.parse(line.toString()) as { folder: string; pid: number };
  assert.ok(existsSync(folder) && isAlive(pid));
  bench.kill('SIGINT');
  assert.deepEqual(await once(bench, 'exit'), [130, null]);
  await until(() => !isAlive(pid));
  assert.ok(!existsSync(folder));
});
