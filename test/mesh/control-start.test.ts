import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { replaceFile } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { runSelvage } from '../end-to-end/testing/program.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

const CALLER = join(import.meta.dirname, 'testing/caller.mjs');

test('a second control plane on a state folder is refused and told which process has it, until that one is gone', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const flags = ['--state', mesh.state, '--address', '127.0.0.1', '--port', '0', '--admin-port', '0'];
  const second = await runSelvage(t, 'control', mesh.documents, ...flags);
  assert.equal(second.code, 1);
  assert.match(second.stderr, new RegExp(`another control plane works on it, process ${mesh.control.pid} on `));
  mesh.control.kill('SIGKILL');
  await mesh.control.ended;
  await mesh.startControl();
});

test('a control plane that cannot read its documents admits nobody, and takes nothing from who comes back', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const port = await freePort();
  await mesh.runApplication('cart', port, '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  const web = mesh.run(
    ['--service-account', 'web', '--id', 'web-1', '--token', await mesh.token('web')],
    process.execPath,
    CALLER,
    'http://cart/',
  );
  await web.printed(/^200 /m);
  mesh.control.kill('SIGTERM');
  await mesh.control.ended;
  rmSync(mesh.documents, { recursive: true });
  await mesh.startControl();
  const ready = async (): Promise<number> => (await fetch(`${mesh.adminUrl}/readyz`)).status;
  assert.equal(await ready(), 503);
  // It was turned away, and says so; what it calls is still there.
  const job = mesh.run(['--service-account', 'job', '--token', await mesh.token('job')], 'true');
  await job.said(/the control plane has not read its documents yet/);
  mkdirSync(mesh.documents);
  replaceFile(join(mesh.documents, 'empty.yaml'), '');
  await eventually(async () => ((await ready()) === 200 ? undefined : 'not ready'));
  await mesh.workloads('cart-1 ready', 'web-1 ready');
  assert.equal((await job.ended).code, 0);
  assert.deepEqual(
    [
      ...new Set(
        web.stdout
          .split('\n')
          .slice(0, -1)
          .map((line) => line.slice(0, 4)),
      ),
    ],
    ['200 '],
  );
});
