import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { get, getUntil } from './testing/client.ts';
import { createFolder, gatewayDocument, routeDocument } from './testing/folder.ts';
import { freePort } from './testing/free-port.ts';
import { startOrigin } from './testing/origin.ts';
import { startGateway } from './testing/program.ts';

async function start(t: TestContext, ...flags: string[]) {
  const origin = await startOrigin(t);
  const port = await freePort();
  const folder = createFolder(t);
  writeFileSync(join(folder, 'all.yaml'), gatewayDocument({ port }) + routeDocument({ originPort: origin.port }));
  const { program, adminUrl } = await startGateway(t, folder, ...flags);
  return { origin, folder, program, adminUrl, url: `http://127.0.0.1:${port}` };
}

for (const workers of ['1', '2']) {
  test(`SIGTERM lets an open request finish and takes nothing new (workers: ${workers})`, async (t) => {
    const { origin, program, adminUrl, url } = await start(t, '--workers', workers);
    const slow = get(`${url}/held`);
    await origin.held();
    program.kill('SIGTERM');
    await program.said(/^stopping/m);
    await untilRefused(url);
    const readiness = await get(`${adminUrl}/readyz`);
    assert.equal(readiness.status, 503);
    origin.release();
    const { status, body } = await slow;
    assert.deepEqual({ status, body }, { status: 200, body: 'held' });
    const { code, signal } = await program.ended;
    assert.deepEqual({ code, signal }, { code: 0, signal: null });
  });
}

test('a second signal does not wait', async (t) => {
  const { origin, program, url } = await start(t);
  const slow = get(`${url}/held`);
  await origin.held();
  program.kill('SIGINT');
  await program.said(/^stopping/m);
  program.kill('SIGINT');
  await assert.rejects(slow);
  assert.equal((await program.ended).code, 0);
});

test('a drain ends when its time is over', async (t) => {
  const { origin, program, url } = await start(t, '--drain-timeout', '100ms');
  const slow = get(`${url}/held`);
  await origin.held();
  program.kill('SIGTERM');
  await assert.rejects(slow);
  const { code, stderr } = await program.ended;
  assert.equal(code, 0);
  assert.match(stderr, /stopped: the time to finish was over/);
});

test('SIGHUP opens the access log anew, so that it can be rotated', async (t) => {
  const log = join(createFolder(t), 'access.log');
  const { program, url } = await start(t, '--access-log', log);
  await getUntil(`${url}/first`, () => readText(log) !== '');
  renameSync(log, `${log}.1`);
  program.kill('SIGHUP');
  await getUntil(`${url}/second`, () => readText(log) !== '');
  program.kill('SIGTERM');
  await program.ended;
  const lines = (path: string): { path: string }[] =>
    readText(path)
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { path: string });
  assert.equal(lines(`${log}.1`)[0]?.path, '/first');
  assert.ok(lines(log).length > 0 && lines(log).at(-1)?.path === '/second');
});

/** What arrives in the very moment in which a worker stops to listen is reset instead. */
async function untilRefused(url: string): Promise<void> {
  for (;;) {
    const outcome = await get(url).catch((error: NodeJS.ErrnoException) => error.code);
    if (outcome === 'ECONNREFUSED') return;
    assert.equal(outcome, 'ECONNRESET');
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
