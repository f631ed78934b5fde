import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { get, getUntil } from './testing/client.ts';
import { createFolder, gatewayDocument, routeDocument } from './testing/folder.ts';
import { freePort } from './testing/free-port.ts';
import { startOrigin } from './testing/origin.ts';
import { runSelvage, startGateway, startSelvage } from './testing/program.ts';

/** Somebody else who listens on a port. */
async function occupy(t: TestContext, port: number): Promise<() => void> {
  const server = createServer().listen(port, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  return () => server.close();
}

test('selvage up serves what a folder declares and says where', async (t) => {
  const origin = await startOrigin(t);
  const port = await freePort();
  const folder = createFolder(t);
  writeFileSync(
    join(folder, 'all.yaml'),
    gatewayDocument({ port }) + routeDocument({ originPort: origin.port, path: '/app' }),
  );
  const { program, adminUrl } = await startGateway(t, folder);
  assert.match(program.stderr, new RegExp(`http://127.0.0.1:${port} .*Gateway default/edge, listener http`));
  assert.match(program.stderr, /HTTPRoute default\/app \(1 rule\)/);
  const answer = await get(`http://127.0.0.1:${port}/app/x?y=1`);
  assert.equal(answer.status, 200);
  assert.equal(answer.body, 'GET /app/x?y=1');
  assert.equal(answer.headers['x-generation'], '0');
  const missing = await get(`http://127.0.0.1:${port}/other`);
  assert.equal(missing.status, 404);
  assert.equal((await get(`${adminUrl}/readyz`)).status, 200);
  const metrics = (await get(`${adminUrl}/metrics`)).body;
  assert.match(metrics, /istio_requests_total\{[^}]*response_code="200"[^}]*\} 1/);
  assert.match(metrics, /istio_requests_total\{[^}]*response_code="404"[^}]*\} 1/);
  assert.match(metrics, /selvage_config_reloads_total\{result="applied"\} 1/);
  assert.match((await get(`${adminUrl}/status`)).body, /"kind": ?"HTTPRoute"/);
});

test('selvage up serves what is good and says what is not', async (t) => {
  const origin = await startOrigin(t);
  const port = await freePort();
  const folder = createFolder(t);
  writeFileSync(join(folder, 'all.yaml'), gatewayDocument({ port }) + routeDocument({ originPort: origin.port }));
  writeFileSync(
    join(folder, 'wrong.yaml'),
    'apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: { name: wrong }\nspec: { rulez: [] }\n',
  );
  const { program } = await startGateway(t, folder);
  assert.match(program.stderr, /wrong\.yaml:4:9: error: HTTPRoute default\/wrong: .*rulez/);
  assert.equal((await get(`http://127.0.0.1:${port}/`)).status, 200);
});

for (const workers of ['1', '2']) {
  test(`selvage up serves the other listeners when a port is taken, and that one once it is free (workers: ${workers})`, async (t) => {
    const origin = await startOrigin(t);
    const [port, takenPort] = [await freePort(), await freePort()];
    const vacate = await occupy(t, takenPort);
    const folder = createFolder(t);
    const route = routeDocument({ originPort: origin.port }).replace(
      '[{ name: edge }]',
      '[{ name: edge }, { name: second }]',
    );
    writeFileSync(
      join(folder, 'all.yaml'),
      gatewayDocument({ port }) + gatewayDocument({ port: takenPort, name: 'second' }) + route,
    );
    const { program, adminUrl } = await startGateway(t, folder, '--workers', workers);
    assert.match(
      program.stderr,
      new RegExp(`Gateway default/second, listener http: cannot bind 127.0.0.1:${takenPort}: address in use`),
    );
    assert.equal((await get(`http://127.0.0.1:${port}/`)).status, 200);
    assert.equal((await get(`${adminUrl}/readyz`)).status, 200);
    vacate();
    await program.said(/bound listener default\/second\/http/);
    assert.equal((await get(`http://127.0.0.1:${takenPort}/`)).status, 200);
  });
}

test('selvage up ends with one sentence when its only port is taken', async (t) => {
  const port = await freePort();
  await occupy(t, port);
  const folder = createFolder(t);
  writeFileSync(join(folder, 'all.yaml'), gatewayDocument({ port }));
  const { code, stderr } = await runSelvage(t, 'up', folder, '--admin-port', '0');
  assert.equal(code, 1);
  assert.match(
    stderr,
    new RegExp(`^selvage: Gateway default/edge, listener http: cannot bind 127.0.0.1:${port}: address in use`, 'm'),
  );
});

test('selvage up ends with one sentence when the admin port is taken', async (t) => {
  const [port, adminPort] = [await freePort(), await freePort()];
  await occupy(t, adminPort);
  const folder = createFolder(t);
  writeFileSync(join(folder, 'all.yaml'), gatewayDocument({ port }));
  const { code, stderr } = await runSelvage(t, 'up', folder, '--admin-port', String(adminPort));
  assert.equal(code, 1);
  assert.match(stderr, new RegExp(`^selvage: cannot bind 127.0.0.1:${adminPort}: address in use .*--admin-port`, 'm'));
});

test('selvage up ends when there is nothing to serve', async (t) => {
  const folder = createFolder(t);
  const empty = await runSelvage(t, 'up', folder, '--admin-port', '0');
  assert.equal(empty.code, 1);
  assert.match(empty.stderr, /^selvage: nothing to serve from .*: it holds no documents/m);
  const absent = await runSelvage(t, 'up', join(folder, 'absent'));
  assert.equal(absent.code, 1);
  assert.equal(
    absent.stderr,
    `selvage: cannot read ${join(folder, 'absent')}: no such file or folder (name the folder that holds your documents)\n`,
  );
});

test('selvage up is not ready before it has served anything', async (t) => {
  const [port, adminPort] = [await freePort(), await freePort()];
  const folder = createFolder(t);
  writeFileSync(join(folder, 'all.yaml'), gatewayDocument({ port }));
  const program = startSelvage(t, 'up', folder, '--admin-port', String(adminPort));
  const seen: number[] = [];
  await getUntil(`http://127.0.0.1:${adminPort}/readyz`, ({ status }) => seen.push(status) > 0 && status === 200);
  assert.deepEqual(
    [...new Set(seen)].filter((status) => status !== 503),
    [200],
  );
  await program.said(/^ready after/m);
});
