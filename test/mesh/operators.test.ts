import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createFolder, replaceFile } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { type Ending, runSelvage, startGateway } from '../end-to-end/testing/program.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

const CART = 'spiffe://cluster.local/ns/default/sa/cart';

const CALLER = join(import.meta.dirname, 'testing/caller.mjs');

const ask = (t: TestContext, mesh: MeshProcesses, ...words: string[]): Promise<Ending> =>
  runSelvage(t, ...words, '--admin', mesh.adminUrl);

const SERVICE = `apiVersion: v1
kind: Service
metadata: { name: cart }
spec: { ports: [{ port: 80, targetPort: main }] }
`;

const ROUTE = `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: split }
spec:
  parentRefs: [{ group: "", kind: Service, name: cart, port: 80 }]
  rules: [{ backendRefs: [{ name: nowhere, port: 80 }] }]
`;

test('selvage status is well where all is well, and names what is not, problems first', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const port = await freePort();
  await mesh.runApplication('cart', port, '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  await eventually(async () => {
    const { code, stdout } = await ask(t, mesh, 'status');
    return code === 0 && stdout.startsWith('all is well\n') ? undefined : stdout;
  });
  const well = await ask(t, mesh, 'status');
  for (const line of [/^workloads +1 ready$/m, /^proxies +1 synced$/m, /^services +1 of 1 have an endpoint/m])
    assert.match(well.stdout, line);

  replaceFile(join(mesh.documents, 'lonely.yaml'), SERVICE.replace('cart', 'lonely'));
  replaceFile(join(mesh.documents, 'route.yaml'), ROUTE);
  await mesh.control.said(/nowhere is neither declared/);
  const thief = [
    '--service',
    'payments',
    '--service-account',
    'cart',
    '--token',
    await mesh.token('cart'),
    '--id',
    'thief',
  ];
  mesh.run(thief, process.execPath, CALLER, 'http://cart/');
  await mesh.workloads('cart-1 ready', 'thief ready');
  const wrong = await ask(t, mesh, 'status');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /^3 problems/);
  for (const line of [
    /^✗ .*route\.yaml:\d+:\d+: HTTPRoute default\/split: .*Service default\/nowhere is neither declared nor served by a workload/m,
    /^✗ workload thief: service account cart may not serve default\/payments/m,
    /^✗ service default\/lonely has no endpoint at port 80 that is ready: calls fail/m,
  ])
    assert.match(wrong.stdout, line);
  const { problems } = JSON.parse((await ask(t, mesh, 'status', '--format', 'json')).stdout) as { problems: unknown[] };
  assert.equal(problems.length, 3);
});

test('selvage get lists proxies, objects and events, by name and by namespace, and says where there is nothing', async (t) => {
  const mesh = await MeshProcesses.start(t);
  replaceFile(join(mesh.documents, 'all.yaml'), `${SERVICE}---\n${ROUTE}`);
  const port = await freePort();
  const cart = await mesh.runApplication('cart', port, '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  const proxies = await ask(t, mesh, 'get', 'proxies', 'cart-*');
  assert.match(
    proxies.stdout,
    new RegExp(`^cart-1 +\\d+\\.\\d+\\.\\d+ +\\d+ s +\\w+ +23 h +.*trust-bundle.* ${CART}$`, 'm'),
  );
  const routes = await ask(t, mesh, 'get', 'routes', '-n', 'default');
  assert.match(routes.stdout, /^HTTPRoute default\/split +wrong +.*all\.yaml:6$/m);
  assert.match(routes.stdout, /^✗ HTTPRoute default\/split at Service .*: ResolvedRefs is False \(BackendNotFound\)/m);
  const nothing = await ask(t, mesh, 'get', 'routes', '-n', 'other');
  assert.deepEqual([nothing.code, nothing.stdout, nothing.stderr], [0, '', 'there are no routes in namespace other\n']);
  const unknown = await ask(t, mesh, 'get', 'workload', 'cart-2');
  assert.deepEqual([unknown.code, /nothing called cart-2 among the workloads/.test(unknown.stderr)], [1, true]);

  cart.kill('SIGTERM');
  await cart.ended;
  await mesh.workloads();
  const events = await ask(t, mesh, 'get', 'events');
  const kinds = new Set(events.stdout.split('\n').map((line) => line.split(/ {2,}/).slice(1, 3).join(' ')));
  for (const kind of [
    `certified ${CART}`,
    'connected cart-1',
    'joined cart-1',
    'state cart-1',
    'disconnected cart-1',
    'left cart-1',
  ])
    assert.ok(kinds.has(kind), `${kind} in ${events.stdout}`);
  const own = await ask(t, mesh, 'get', 'events', 'cart-1', '--format', 'json');
  assert.ok((JSON.parse(own.stdout) as { subject: string }[]).every(({ subject }) => subject === 'cart-1'));
});

test('selvage describe tells of one thing who it is, what it has and what is wrong with it', async (t) => {
  const mesh = await MeshProcesses.start(t);
  replaceFile(
    join(mesh.documents, 'all.yaml'),
    `${SERVICE}---\n${ROUTE}---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: { name: callers }
spec:
  targetRefs: [{ group: "", kind: Service, name: cart }]
  action: ALLOW
  rules: [{ from: [{ serviceAccounts: [web] }] }]
`,
  );
  await mesh.runApplication('cart', await freePort(), '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  const workload = (await ask(t, mesh, 'describe', 'workload', 'cart-1')).stdout;
  for (const line of [
    /^Workload cart-1$/m,
    new RegExp(`^ {2}identity +${CART}$`, 'm'),
    /^ {2}certificate +[0-9a-f]{32}, expires in 23 h, issued .* ago by join-token [0-9a-f]{12}$/m,
    /^ {2}workload +all +\S+ +0 +0 +0$/m,
    /^ {2}AuthorizationPolicy default\/callers$/m,
    /^ {2}\d+ s +joined +cart-1 /m,
  ])
    assert.match(workload, line);
  const service = (await ask(t, mesh, 'describe', 'service', 'default/cart')).stdout;
  for (const line of [/all\.yaml:1$/m, new RegExp(` ready +${CART}$`, 'm'), /AuthorizationPolicy default\/callers$/m])
    assert.match(service, line);
  const route = (await ask(t, mesh, 'describe', 'route', 'split')).stdout;
  assert.match(route, /^ {2}✗ at Service .*ResolvedRefs is False \(BackendNotFound\)/m);
  const absent = await ask(t, mesh, 'describe', 'gateway', 'edge');
  assert.deepEqual([absent.code, /there is no gateway edge/.test(absent.stderr)], [1, true]);
  const json = (await ask(t, mesh, 'describe', 'proxy', 'cart-1', '--format', 'json')).stdout;
  assert.equal((JSON.parse(json) as { title: string }[])[0]?.title, 'Proxy cart-1');
  assert.doesNotMatch(workload + service + json, /svt_|PRIVATE KEY/);
});

test('selvage status tells of a sidecar that its control plane is gone, and of selvage up what it cannot serve', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const adminPort = await freePort();
  const flags = ['--service-account', 'job', '--id', 'job-1', '--token', await mesh.token('job')];
  mesh.run([...flags, '--admin-port', String(adminPort)], process.execPath, CALLER, 'http://cart/');
  await mesh.workloads('job-1 ready');
  const status = (): Promise<Ending> => runSelvage(t, 'status', '--admin', `http://127.0.0.1:${adminPort}`);
  const well = await status();
  assert.equal(well.code, 0, well.stdout + well.stderr);
  assert.match(well.stdout, /^certificate +[0-9a-f]{32}, expires in 23 h$/m);
  assert.match(well.stdout, /^control plane +connected$/m);
  mesh.control.kill('SIGKILL');
  await eventually(async () => {
    const { code, stdout } = await status();
    return code === 1 && /^✗ it goes on with what it knows: .*127\.0\.0\.1:\d+/m.test(stdout) ? undefined : stdout;
  });
  const folder = createFolder(t);
  replaceFile(join(folder, 'gateway.yaml'), gateway(await freePort()));
  const { adminUrl } = await startGateway(t, folder);
  const up = await runSelvage(t, 'status', '--admin', adminUrl);
  assert.match(up.stdout, /^phase +ready$/m);
  const nobody = await runSelvage(t, 'status', '--admin', `http://127.0.0.1:${await freePort()}`);
  assert.deepEqual([nobody.code, /nothing listens there/.test(nobody.stderr)], [1, true]);
});

const gateway = (port: number): string => `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge }
spec: { gatewayClassName: selvage, listeners: [{ name: http, port: ${port}, protocol: HTTP }] }
`;
