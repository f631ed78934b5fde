import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { get, getUntil, Load } from './testing/client.ts';
import { createFolder, gatewayDocument, replaceFile, routeDocument } from './testing/folder.ts';
import { freePort } from './testing/free-port.ts';
import { startOrigin } from './testing/origin.ts';
import { startGateway } from './testing/program.ts';

const RELOADS = 50;

for (const workers of ['1', '2']) {
  test(`${RELOADS} reloads under load fail no request (workers: ${workers})`, async (t) => {
    const origin = await startOrigin(t);
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/`;
    const folder = createFolder(t);
    writeFileSync(join(folder, 'gateway.yaml'), gatewayDocument({ port }));
    writeFileSync(join(folder, 'route.yaml'), routeDocument({ originPort: origin.port }));
    await startGateway(t, folder, '--workers', workers);
    const load = new Load(url, 4);
    for (let generation = 1; generation <= RELOADS; generation++) {
      replaceFile(join(folder, 'route.yaml'), routeDocument({ originPort: origin.port, generation }));
      await getUntil(url, ({ headers }) => headers['x-generation'] === String(generation));
    }
    await load.stop();
    assert.deepEqual(load.failures, []);
    assert.ok(load.answered > RELOADS, `only ${load.answered} requests were made meanwhile`);
  });
}

test('a document that cannot be read takes nothing down', async (t) => {
  const origin = await startOrigin(t);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const folder = createFolder(t);
  const route = join(folder, 'route.yaml');
  writeFileSync(join(folder, 'gateway.yaml'), gatewayDocument({ port }));
  writeFileSync(route, routeDocument({ originPort: origin.port }));
  const { program } = await startGateway(t, folder);
  replaceFile(route, 'kind: [\n');
  await program.said(/reloaded in \d+ ms: .*error/);
  await program.said(/route\.yaml:\d+:\d+: error: /);
  assert.equal((await get(url)).status, 200);
  // The others still follow their documents.
  writeFileSync(
    join(folder, 'other.yaml'),
    routeDocument({ originPort: origin.port, name: 'other', path: '/other', generation: 7 }),
  );
  await getUntil(`${url}other`, ({ headers }) => headers['x-generation'] === '7');
  replaceFile(route, routeDocument({ originPort: origin.port, generation: 2 }));
  await getUntil(url, ({ headers }) => headers['x-generation'] === '2');
});

test('a route whose document is deleted is gone, and so is a listener', async (t) => {
  const origin = await startOrigin(t);
  const [port, secondPort] = [await freePort(), await freePort()];
  const folder = createFolder(t);
  writeFileSync(join(folder, 'gateway.yaml'), gatewayDocument({ port }));
  writeFileSync(join(folder, 'second.yaml'), gatewayDocument({ port: secondPort, name: 'second' }));
  writeFileSync(join(folder, 'route.yaml'), routeDocument({ originPort: origin.port }));
  const { program } = await startGateway(t, folder);
  assert.equal((await get(`http://127.0.0.1:${secondPort}/`)).status, 404);
  rmSync(join(folder, 'route.yaml'));
  rmSync(join(folder, 'second.yaml'));
  await program.said(/1 listener removed.*1 route removed|1 route removed.*1 listener removed/);
  assert.equal((await get(`http://127.0.0.1:${port}/`)).status, 404);
  await assert.rejects(get(`http://127.0.0.1:${secondPort}/`), /ECONNREFUSED/);
});
