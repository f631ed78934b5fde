import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bringBack, SteadyMesh } from './testing/steady-mesh.ts';

/* Services of two instances each, one of which calls another, restarted under load by real processes: what callers notice. */

test('a restart of every instance, one after another, loses no request', async (t) => {
  const mesh = await SteadyMesh.start(t);
  const load = mesh.load();
  await load.goOn();
  for (const instance of mesh.instances) {
    await instance.end('SIGTERM');
    await load.goOn();
    await bringBack(instance, load);
  }
  await load.stop();
  t.diagnostic(`${load.answered} requests`);
  assert.deepEqual(load.failures, []);
});

test('an instance that is killed costs at most what it had under way', async (t) => {
  const mesh = await SteadyMesh.start(t);
  const load = mesh.load();
  await load.goOn();
  for (const instance of mesh.instances) {
    const failed = load.failures.length;
    const { underWay } = load;
    await instance.end('SIGKILL');
    await mesh.processes.workloadIs(instance.id, 'leaving');
    // It still counts as an endpoint, as a network that hiccups must not empty services.
    await load.goOn(20);
    await bringBack(instance, load);
    const lost = load.failures.slice(failed);
    t.diagnostic(`${instance.id} cost ${lost.length} of ${underWay} requests under way, and later ones none`);
    // Half of them were the other instance's, and some could be repeated.
    assert.ok(lost.length <= underWay, lost.join('\n'));
  }
  await load.stop();
});
