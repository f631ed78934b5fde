import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bringBack, SteadyMesh } from './testing/steady-mesh.ts';

/* The control plane goes and comes back under load, and so do instances while it is away: what callers notice. */

test('neither a restart of the control plane nor its sudden end loses a request', async (t) => {
  const mesh = await SteadyMesh.start(t);
  const load = mesh.load();
  await load.goOn();
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    mesh.processes.control.kill(signal);
    await mesh.processes.control.ended;
    await load.goOn(20);
    await mesh.processes.startControl();
    for (const { id } of mesh.instances) await mesh.processes.workloadIs(id, 'ready');
    await load.goOn(20);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('instances are restarted without a control plane, and no request is lost', async (t) => {
  const mesh = await SteadyMesh.start(t);
  const load = mesh.load();
  await load.goOn();
  mesh.processes.control.kill('SIGKILL');
  await mesh.processes.control.ended;
  for (const instance of mesh.instances) {
    await instance.end('SIGTERM');
    await load.goOn(10);
    await bringBack(instance, load);
  }
  await load.stop();
  assert.deepEqual(load.failures, []);
});
