import assert from 'node:assert/strict';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { Load } from '../end-to-end/testing/client.ts';
import { createFolder, replaceFile } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { answersOf } from '../network/testing/answers.ts';
import { edgeDocument } from './testing/edge-document.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

/*
 * `kill -9` of the control plane under load: requests between workloads, and from outside by way of a gateway.
 */

const LOAD = join(import.meta.dirname, '../network/testing/load.mjs');

test(
  'a control plane that is killed under load costs no request, keeps nobody from starting, and forgets nobody',
  { timeout: 180_000 },
  async (t) => {
    const mesh = await MeshProcesses.start(t);
    const [one, two, edge] = [await freePort(), await freePort(), await freePort()];
    replaceFile(join(mesh.documents, 'mesh.yaml'), edgeDocument('public', edge, 'cart'));
    await mesh.runApplication('cart', one, '--id', 'cart-1');
    await mesh.runApplication('cart', two, '--id', 'cart-2');
    const [gatewayState, jobState] = [join(createFolder(t), 'gateway'), join(createFolder(t), 'job')];
    let gateway = await mesh.runGateway('public', '--id', 'public-1', '--state', gatewayState);
    await gateway.said(/^ready after/m);
    const load = ['--', process.execPath, LOAD, 'http://cart/'];
    const runJob = (...joining: string[]) =>
      mesh.run(['--service-account', 'job', '--id', 'job-1', '--state', jobState, ...joining], ...load.slice(1));
    const web = mesh.run(
      ['--service-account', 'web', '--id', 'web-1', '--token', await mesh.token('web')],
      ...load.slice(1),
    );
    let job = runJob('--token', await mesh.token('job'));
    const all = ['cart-1 ready', 'cart-2 ready', 'job-1 ready', 'public-1 ready', 'web-1 ready'];
    await mesh.workloads(...all);
    const outside = new Load(`http://127.0.0.1:${edge}/`, 4);
    t.after(() => outside.stop());
    const inMesh = async (count: number): Promise<void> => {
      const from = answersOf(web).length;
      await eventually(async () => (answersOf(web).length >= from + count ? undefined : 'few requests'));
    };
    await inMesh(200);

    for (let round = 0; round < 2; round++) {
      mesh.control.kill('SIGKILL');
      await mesh.control.ended;
      await inMesh(300);
      // Who is started anew meanwhile goes on with what it has saved.
      job.kill('SIGKILL');
      await job.ended;
      job = runJob();
      await job.printed(/^200 /m);
      assert.deepEqual(
        answersOf(job).filter(({ status }) => status !== 200),
        [],
      );
      if (round === 1) {
        await outside.stop();
        gateway.kill('SIGKILL');
        await gateway.ended;
        gateway = mesh.runGatewayWithoutToken('public', '--id', 'public-1', '--state', gatewayState);
        await gateway.said(/^ready after/m);
        const answer = await fetch(`http://127.0.0.1:${edge}/`);
        assert.match(await answer.text(), /^cart:\d+ /);
      }
      await mesh.startControl();
      // From its first word on it knows all that ran, whether or not they are back.
      let fewest = Infinity;
      await eventually(async () => {
        const [cart] = await mesh.get<{ name: string; endpoints: unknown[] }[]>('services');
        fewest = Math.min(fewest, cart?.endpoints.length ?? 0);
        const workloads = await mesh.get<{ id: string; state: string }[]>('workloads');
        const states = workloads.map(({ id, state }) => `${id} ${state}`).toSorted();
        return states.join() === all.join() ? undefined : states.join();
      }, 60_000);
      assert.equal(fewest, 2, 'a service was short of endpoints');
      await inMesh(200);
    }
    const answers = answersOf(web);
    assert.ok(answers.length > 1_000, `${answers.length} requests`);
    assert.deepEqual(
      answers.filter(({ status }) => status !== 200),
      [],
    );
    assert.ok(outside.answered > 500, `${outside.answered} requests from outside`);
    assert.deepEqual(outside.failures, []);
  },
);
