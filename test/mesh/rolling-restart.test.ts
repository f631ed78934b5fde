import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bringBack, type Instance, SteadyMesh } from './testing/steady-mesh.ts';

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

for (const [what, kill] of [
  ['an instance', (instance: Instance) => instance.end('SIGKILL')],
  ['an application', (instance: Instance) => instance.killApplication()],
] as const) {
  test(`${what} that is killed costs at most what it had under way`, async (t) => {
    const mesh = await SteadyMesh.start(t);
    const load = mesh.load();
    await load.goOn();
    for (const instance of mesh.instances) {
      const known = load.failures.length;
      await kill(instance);
      const { asked } = load;
      // Without its sidecar it still counts as an endpoint, as a network that hiccups must not empty services.
      await load.goOn(20);
      await bringBack(instance, load);
      const lost = load.failures.slice(known);
      t.diagnostic(`${instance.id} cost ${lost.length} requests of ${load.clientCount} clients`);
      assert.ok(lost.length <= load.clientCount, JSON.stringify(lost));
      assert.deepEqual(
        lost.filter(({ request }) => request > asked),
        [],
      );
    }
    await load.stop();
  });
}
