import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findProgram } from '../../tools/debian-packages.ts';
import { createFolder } from '../end-to-end/testing/folder.ts';
import { LAUNCHER } from '../end-to-end/testing/program.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { ask } from './testing/client.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

/* Signals to `selvage run`, and what becomes of the command. */

const STEADY = fileURLToPath(new URL('./testing/steady-service.ts', import.meta.url));
/** Makes a terminal. */
const SCRIPT = findProgram('script');
const IN_TERMINAL = { skip: SCRIPT === undefined && 'script is missing' };
const CTRL_C = '\x03';

/** Runs a command of the shell as a job. @returns when it has said `ready` */
async function startJob(t: TestContext, script: string) {
  const mesh = await MeshProcesses.start(t);
  const job = mesh.run(['--service-account', 'job', '--token', await mesh.token('job')], 'sh', '-c', script);
  await job.printed(/ready/);
  return job;
}

/** In small steps, since a shell acts on signals between its commands; and until its sidecar is gone. */
const WAIT = 'echo ready; while kill -0 $PPID; do sleep 0.05; done';

test('SIGTERM reaches the command, whose exit code counts', async (t) => {
  const job = await startJob(t, `trap 'exit 9' TERM; ${WAIT}`);
  job.kill('SIGTERM');
  assert.equal((await job.ended).code, 9);
});

test('a second signal ends a command that does not end by itself', async (t) => {
  const job = await startJob(t, `trap 'echo asked' TERM; ${WAIT}`);
  job.kill('SIGTERM');
  await job.printed(/asked/);
  job.kill('SIGINT');
  assert.equal((await job.ended).code, 137);
});

test('SIGHUP opens the access log anew, and the command hears nothing of it', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const [proxyPort, port] = [await freePort(), await freePort()];
  await mesh.runApplication('cart', port, '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  const log = join(createFolder(t), 'access.log');
  const token = await mesh.token('job');
  const flags = ['--token', token, '--proxy-port', String(proxyPort), '--access-log', log];
  const job = mesh.run(['--service-account', 'job', ...flags], 'sh', '-c', `trap 'echo hung-up' HUP; ${WAIT}`);
  await job.printed(/ready/);
  const isWritten = (path: string) => eventually(async () => (readFileSync(path, 'utf8') === '' ? 'empty' : undefined));
  await ask(proxyPort, 'http://cart/first');
  await isWritten(log);
  renameSync(log, `${log}.1`);
  job.kill('SIGHUP');
  await eventually(async () => {
    await ask(proxyPort, 'http://cart/second');
    return readFileSync(log, 'utf8').includes('/second') ? undefined : 'nothing is written there';
  });
  assert.match(readFileSync(`${log}.1`, 'utf8'), /\/first/);
  assert.doesNotMatch(job.stdout, /hung-up/);
});

/** Starts `selvage run` in a terminal of its own. */
async function runInTerminal(t: TestContext, mesh: MeshProcesses, flags: readonly string[], ...command: string[]) {
  const words = [process.execPath, LAUNCHER, ...mesh.runArguments(flags), '--', ...command].map(
    (word) => `'${word.replaceAll("'", `'\\''`)}'`,
  );
  // Some shells stay in front of what they start, and Ctrl-C would end them first.
  const line = `exec ${words.join(' ')}`;
  const terminal = spawn(SCRIPT ?? '', ['-qec', line, '/dev/null'], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => terminal.kill('SIGKILL'));
  let shown = '';
  terminal.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text));
  return {
    type: (text: string) => terminal.stdin.write(text),
    showed: (words: RegExp) => eventually(async () => (words.test(shown) ? undefined : `it showed ${shown}`)),
    ended: once(terminal, 'exit').then(([code]) => code as number | null),
  };
}

test('Ctrl-C in a terminal lets a service finish its open requests first', IN_TERMINAL, async (t) => {
  const mesh = await MeshProcesses.start(t);
  const [proxyPort, port] = [await freePort(), await freePort()];
  const token = await mesh.token('web');
  const idle = ['sh', '-c', WAIT];
  mesh.run(['--service-account', 'web', '--token', token, '--proxy-port', String(proxyPort)], ...idle);
  const name = ['--service', 'cart', '--port', String(port), '--id', 'cart-1', '--token', await mesh.token('cart')];
  const command = [process.execPath, STEADY, 'http', String(port), 'cart'];
  const terminal = await runInTerminal(t, mesh, name, ...command);
  await mesh.workloadIs('cart-1', 'ready');
  await eventually(async () =>
    (await ask(proxyPort, 'http://cart/?wait=0')).status === 200 ? undefined : 'no answer',
  );
  const open = ask(proxyPort, 'http://cart/?wait=1500');
  const isOpen = eventually(async () => {
    const { body } = await ask(proxyPort, 'http://cart/?wait=0');
    return body.startsWith('cart') ? undefined : body;
  });
  await isOpen;
  terminal.type(CTRL_C);
  assert.deepEqual([(await open).status, (await open).body], [200, 'cart ']);
  assert.equal(await terminal.ended, 143);
});

test('Ctrl-C in a terminal is for a job alone', IN_TERMINAL, async (t) => {
  const mesh = await MeshProcesses.start(t);
  const name = ['--service-account', 'job', '--token', await mesh.token('job')];
  const script = `trap 'echo caught' INT; echo ready; read line || read line; echo "read $line"; exit 4`;
  const terminal = await runInTerminal(t, mesh, name, 'sh', '-c', script);
  await terminal.showed(/ready/);
  terminal.type(CTRL_C);
  await terminal.showed(/caught/);
  terminal.type('words\n');
  await terminal.showed(/read words/);
  assert.equal(await terminal.ended, 4);
});
