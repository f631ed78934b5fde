import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { authorityCertificate, leafCertificate, leafKey } from '#model/testing/key-pair.ts';
import { get, getUntil, Load } from '../end-to-end/testing/client.ts';
import { createFolder, replaceFile } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { runSelvage } from '../end-to-end/testing/program.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { declareCluster, declareListener, declareRoute } from '../data-plane/testing/declarations.ts';
import { dialPort } from './testing/client.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';
import { ScriptedControlPlane } from './testing/scripted-control-plane.ts';
import { CATALOG, declareWorkload, issueIdentity, startApplication, startInbound } from './testing/sidecars.ts';

const run = promisify(execFile);
const ECHO = join(import.meta.dirname, 'testing/echo.mjs');
const PUBLIC = 'spiffe://cluster.local/ns/default/sa/public';

interface Row {
  readonly id: string;
  readonly gateway: string;
  readonly state: string;
  readonly sync: string;
  readonly problems: readonly string[];
}

/** A Gateway with one listener of HTTP. */
const gatewayDocument = (port: number, annotations = '{}', name = 'public'): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, annotations: ${annotations} }
spec:
  gatewayClassName: selvage
  addresses: [{ type: IPAddress, value: 127.0.0.1 }]
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
`;

/** A route that leads all to a Service. */
const routeDocument = (service: string, gateway = 'public', mine = '1'): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${gateway} }
spec:
  parentRefs: [{ name: ${gateway} }]
  rules:
    - filters:
        - { type: RequestHeaderModifier, requestHeaderModifier: { set: [{ name: x-mine, value: "${mine}" }] } }
      backendRefs: [{ name: ${service}, port: 80 }]
`;

const declare = (mesh: MeshProcesses, name: string, ...texts: string[]): void =>
  replaceFile(join(mesh.documents, name), texts.join(''));

/** Clients that ask without pause until they are stopped, or the test has ended. */
function startLoad(t: TestContext, url: string, clientCount: number): Load {
  const load = new Load(url, clientCount);
  t.after(() => load.stop());
  return load;
}

/** The application of a service that nobody has declared, and a gateway that leads all to it. */
async function startAll(mesh: MeshProcesses, ...flags: string[]) {
  const [port, edge] = [await freePort(), await freePort()];
  declare(mesh, 'edge.yaml', gatewayDocument(edge), routeDocument('cart'));
  const cart = await mesh.runApplication('cart', port, '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  const gateway = await mesh.runGateway('public', '--id', 'public-1', ...flags);
  await gateway.said(/^ready after \d+ ms/m);
  return { port, edge, cart, gateway, url: `http://127.0.0.1:${edge}/items` };
}

test('a gateway calls workloads over mutual TLS as itself', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const log = join(createFolder(t), 'access.log');
  const { port, edge, gateway, url } = await startAll(mesh, '--access-log', log);
  const { stdout } = await run('curl', ['-s', '-H', 'X-Forwarded-Client-Cert: URI=spiffe://a/ns/b/sa/admin', url]);
  assert.equal(stdout, `cart:${port} /items ${PUBLIC} 1`);
  assert.match(gateway.stderr, new RegExp(`serves Gateway default/public as ${PUBLIC}`));
  assert.match(gateway.stderr, new RegExp(`http://127\\.0\\.0\\.1:${edge}`));

  const cart = 'spiffe://cluster.local/ns/default/sa/cart';
  await eventually(async () => (readFileSync(log, 'utf8').includes(cart) ? undefined : 'the log is not written'));
  const line = JSON.parse(readFileSync(log, 'utf8').trim()) as Record<string, unknown>;
  assert.deepEqual([line['sourcePrincipal'], line['destinationPrincipal']], [PUBLIC, cart]);
  const [, adminUrl = ''] = await gateway.said(/(http:\/\/127\.0\.0\.1:\d+) {2}admin/);
  const { body: metrics } = await get(`${adminUrl}/metrics`);
  const series = metrics.split('\n').find((one) => one.startsWith('istio_requests_total')) ?? '';
  for (const label of [
    'reporter="source"',
    `source_principal="${PUBLIC}"`,
    `destination_principal="${cart}"`,
    'destination_service="cart.default.svc.cluster.local"',
    'connection_security_policy="mutual_tls"',
  ])
    assert.ok(series.includes(label), `${label} is not in ${series}`);
  assert.equal((await get(`${adminUrl}/readyz`)).status, 200);

  await mesh.workloads('cart-1 ready', 'public-1 ready');
  const listed = await runSelvage(t, 'get', 'workloads', '--admin', mesh.adminUrl);
  assert.match(listed.stdout, /^public-1 +default +Gateway public +127\.0\.0\.1 +- +ready +synced /m);
});

test('a policy for a Service judges the gateway, beside the workloads, and no other hop does', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const { url, port } = await startAll(mesh);
  await getUntil(url, ({ status }) => status === 200);
  const policy = (account: string): string => `---
apiVersion: v1
kind: Service
metadata: { name: cart }
spec: { ports: [{ port: 80, targetPort: ${port} }] }
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: { name: cart }
spec:
  targetRefs: [{ group: "", kind: Service, name: cart }]
  action: ALLOW
  rules: [{ from: [{ serviceAccounts: [${account}] }] }]
`;
  declare(mesh, 'policy.yaml', policy('web'));
  const denied = await getUntil(url, ({ status }) => status === 403);
  assert.match(denied.body, /AuthorizationPolicy\/default\/cart/);
  declare(mesh, 'policy.yaml', policy('public'));
  const { body } = await getUntil(url, ({ status }) => status === 200);
  assert.equal(body, `cart:${port} /items ${PUBLIC} 1`);
});

test('a gateway brings byte streams to workloads as itself, where a policy lets it', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const [port, edge] = [await freePort(), await freePort()];
  const token = await mesh.token('cache');
  const service = ['--service', 'cache', '--port', `${port}/tcp`, '--token', token, '--id', 'cache-1'];
  mesh.run(service, process.execPath, ECHO, String(port));
  const document = (account: string): string =>
    `${gatewayDocument(edge).replace('{ name: http, protocol: HTTP,', '{ name: bytes, protocol: TCP,')}---
apiVersion: gateway.networking.k8s.io/v1
kind: TCPRoute
metadata: { name: cache }
spec: { parentRefs: [{ name: public }], rules: [{ backendRefs: [{ name: cache, port: ${port} }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: cache }
spec: { ports: [{ port: ${port}, appProtocol: tcp }] }
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: { name: cache }
spec:
  targetRefs: [{ group: "", kind: Service, name: cache }]
  action: ALLOW
  rules: [{ from: [{ serviceAccounts: [${account}] }] }]
`;
  declare(mesh, 'edge.yaml', document('public'));
  await mesh.workloads('cache-1 ready');
  const gateway = await mesh.runGateway('public', '--id', 'public-1');
  await gateway.said(/^ready after/m);
  const echoed = async (text: string): Promise<string> => {
    const socket = await dialPort(edge);
    socket.end(text);
    let heard = '';
    for await (const piece of socket.setEncoding('utf8')) heard += String(piece);
    return heard;
  };
  assert.equal(await echoed('to the cache'), 'to the cache');
  declare(mesh, 'edge.yaml', document('web'));
  await eventually(async () => ((await echoed('x').catch(() => '')) === '' ? undefined : 'it still gets through'));
  declare(mesh, 'edge.yaml', document('public'));
  await eventually(async () => ((await echoed('x').catch(() => '')) === 'x' ? undefined : 'it does not get through'));
});

test('who is no service account of the Gateway is told nothing of it, least of all its keys', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const edge = await freePort();
  const indent = (pem: string): string => pem.trim().replaceAll('\n', '\n    ');
  const secure = (annotations: string): string => `${gatewayDocument(edge, annotations).replace(
    `[{ name: http, protocol: HTTP, port: ${edge} }]`,
    `[{ name: https, protocol: HTTPS, port: ${edge}, tls: { certificateRefs: [{ name: edge }] } }]`,
  )}---
apiVersion: v1
kind: Secret
metadata: { name: edge }
type: kubernetes.io/tls
stringData:
  tls.crt: |
    ${indent(leafCertificate)}
  tls.key: |
    ${indent(leafKey)}
`;
  declare(mesh, 'edge.yaml', secure('{}'), routeDocument('cart'));
  const state = join(createFolder(t), 'thief');
  const token = await mesh.token('thief');
  const flags = ['--service-account', 'thief', '--token', token, '--id', 'thief-1', '--state', state];
  const thief = mesh.runGatewayWithoutToken('public', ...flags);
  await thief.said(/cannot serve Gateway default\/public: service account thief may not serve Gateway default\/public/);
  await eventually(async () => {
    const rows = await mesh.get<readonly Row[]>('workloads');
    const problems = rows.find(({ id }) => id === 'thief-1')?.problems.join() ?? '';
    return problems.includes('thief may not serve') ? undefined : `its problems are ${problems}`;
  });
  for (const file of readdirSync(state)) {
    const path = join(state, file);
    assert.equal(statSync(path).mode & 0o77, 0, path);
    if (file !== 'identity') assert.doesNotMatch(readFileSync(path, 'utf8'), /PRIVATE KEY|listener/, path);
  }

  // Permitted, it is a gateway at once; and no more when that is taken back.
  declare(mesh, 'edge.yaml', secure('{ selvage.dev/service-accounts: "public, thief" }'), routeDocument('cart'));
  await thief.said(/^ready after/m);
  const authority = join(createFolder(t), 'authority.pem');
  replaceFile(authority, authorityCertificate);
  const resolve = ['--cacert', authority, '--resolve', `shop.example.com:${edge}:127.0.0.1`];
  const { stdout } = await run('curl', ['-s', '-w', '%{http_code}', ...resolve, `https://shop.example.com:${edge}/`]);
  // There is no workload behind it.
  assert.match(stdout, /50[03]$/);
  declare(mesh, 'edge.yaml', secure('{ selvage.dev/service-accounts: public }'), routeDocument('cart'));
  await eventually(async () => {
    const answer = await run('curl', ['-s', ...resolve, `https://shop.example.com:${edge}/`]).catch(() => 'closed');
    return answer === 'closed' ? undefined : 'it still serves';
  });
  await eventually(async () =>
    /PRIVATE KEY/.test(readFileSync(join(state, 'discovery'), 'utf8')) ? 'it still has the key' : undefined,
  );
});

test('a gateway goes on without its control plane, and starts without it', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const state = join(createFolder(t), 'public');
  const { url, gateway, edge, port } = await startAll(mesh, '--state', state);
  const load = startLoad(t, url, 4);
  await eventually(async () => (load.answered > 20 ? undefined : 'few answers'));
  mesh.control.kill('SIGKILL');
  await mesh.control.ended;
  await gateway.said(/not served by the control plane at \S+: .* \(what it has said stays in use; trying again\)/);
  const answered = load.answered;
  await eventually(async () => (load.answered > answered + 100 ? undefined : 'few answers'));
  await load.stop();
  assert.deepEqual(load.failures, []);

  gateway.kill('SIGKILL');
  await gateway.ended;
  const again = mesh.runGatewayWithoutToken('public', '--id', 'public-1', '--state', state);
  await again.said(/^ready after/m);
  assert.equal((await get(url)).body, `cart:${port} /items ${PUBLIC} 1`);

  // What has changed meanwhile is what it is told then.
  declare(mesh, 'edge.yaml', gatewayDocument(edge), routeDocument('cart', 'public', '2'));
  await mesh.startControl();
  const { body } = await getUntil(url, (answer) => answer.body.endsWith('2'));
  assert.equal(body, `cart:${port} /items ${PUBLIC} 2`);
  await again.said(/^served by the control plane at \S+ again$/m);
  await mesh.workloads('cart-1 ready', 'public-1 ready');
});

test('changes of routes, listeners and endpoints reach a gateway, and no request is lost', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const { url, edge, port, cart, gateway } = await startAll(mesh);
  const load = startLoad(t, url, 4);
  declare(mesh, 'edge.yaml', gatewayDocument(edge), routeDocument('cart', 'public', '2'));
  await getUntil(url, ({ body }) => body.endsWith(' 2'));
  await gateway.said(/^changed 1 route changed/m);

  const second = await freePort();
  declare(
    mesh,
    'service.yaml',
    '---\napiVersion: v1\nkind: Service\nmetadata: { name: cart }\nspec: { ports: [{ port: 80, targetPort: main }] }\n',
  );
  await mesh.runApplication('cart', second, '--id', 'cart-2');
  await getUntil(url, ({ body }) => body.startsWith(`cart:${second} `));
  cart.kill('SIGTERM');
  await cart.ended;
  await mesh.workloads('cart-2 ready', 'public-1 ready');
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.notEqual(port, second);

  const moved = await freePort();
  declare(mesh, 'edge.yaml', gatewayDocument(moved), routeDocument('cart', 'public', '3'));
  const { body } = await getUntil(`http://127.0.0.1:${moved}/`, ({ status }) => status === 200);
  assert.equal(body, `cart:${second} / ${PUBLIC} 3`);
  await eventually(async () =>
    (await get(url).catch(() => undefined)) === undefined ? undefined : 'the old port is open',
  );
});

test('an object that is broken keeps its last good form at gateways, and hurts no other', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const { url, edge, port } = await startAll(mesh);
  const load = startLoad(t, url, 2);
  const other = await freePort();
  declare(mesh, 'other.yaml', gatewayDocument(other, '{}', 'other'), routeDocument('cart', 'other', 'other'));
  const broken = routeDocument('cart', 'public', '2').replace('backendRefs', 'backendRef');
  declare(mesh, 'edge.yaml', gatewayDocument(edge), broken);
  await mesh.control.said(/keeps serving its version from/);
  declare(mesh, 'edge.yaml', 'kind: [');
  await mesh.control.said(/keeps serving the last version of/);
  const gateway = await mesh.runGateway('other', '--id', 'other-1');
  await gateway.said(/^ready after/m);
  assert.match((await get(`http://127.0.0.1:${other}/`)).body, /sa\/other other$/);
  assert.equal((await get(url)).body, `cart:${port} /items ${PUBLIC} 1`);
  declare(mesh, 'edge.yaml', gatewayDocument(edge), routeDocument('cart', 'public', '3'));
  await getUntil(url, ({ body }) => body.endsWith(' 3'));
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('each gateway is told of its own Gateway alone, and two may have the same port', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const { edge, url, port } = await startAll(mesh);
  declare(mesh, 'other.yaml', gatewayDocument(edge, '{}', 'other'), routeDocument('cart', 'other', 'other'));
  // The port is taken on this machine, so it waits for it.
  const other = await mesh.runGateway('other', '--id', 'other-1');
  await other.said(
    new RegExp(`Gateway default/other, listener http: cannot bind 127\\.0\\.0\\.1:${edge}: address in use`),
  );
  await mesh.workloads('cart-1 ready', 'other-1 unready', 'public-1 ready');
  assert.equal((await get(url)).body, `cart:${port} /items ${PUBLIC} 1`);
  declare(mesh, 'edge.yaml');
  await other.said(/^ready after/m);
  assert.equal((await getUntil(url, ({ status }) => status === 200)).body.endsWith('sa/other other'), true);
});

test('a gateway that is stopped finishes what is open', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const { url, gateway } = await startAll(mesh);
  const load = startLoad(t, url, 4);
  await eventually(async () => (load.answered > 20 ? undefined : 'few answers'));
  await load.stop();
  gateway.kill('SIGTERM');
  const { code, stderr } = await gateway.ended;
  assert.deepEqual([code, /^stopped$/m.test(stderr), load.failures], [0, true, []]);
  await mesh.workloads('cart-1 ready');
});

test('a gateway on several threads is one workload', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const log = join(createFolder(t), 'access.log');
  const { url, port, gateway } = await startAll(mesh, '--workers', '2', '--access-log', log);
  const load = startLoad(t, url, 16);
  await eventually(async () => (load.answered > 100 ? undefined : 'few answers'));
  await load.stop();
  assert.deepEqual(load.failures, []);
  assert.equal((await get(url)).body, `cart:${port} /items ${PUBLIC} 1`);
  await mesh.workloads('cart-1 ready', 'public-1 ready');
  gateway.kill('SIGTERM');
  assert.equal((await gateway.ended).code, 0);
  for (const line of readFileSync(log, 'utf8').trim().split('\n')) assert.ok(line.includes(PUBLIC), line);
});

test('a gateway renews its identity in all of its threads, and no request is lost', async (t) => {
  // The shortest that is issued: it is renewed after half a minute.
  const mesh = await MeshProcesses.start(t, '--svid-ttl', '1m');
  const { url } = await startAll(mesh, '--workers', '2');
  const load = startLoad(t, url, 4);
  const serialNumber = async (): Promise<string | undefined> => {
    const rows =
      await mesh.get<readonly { readonly identity: string; readonly serialNumber: string }[]>('certificates');
    return rows.find(({ identity }) => identity === PUBLIC)?.serialNumber;
  };
  const first = await serialNumber();
  assert.notEqual(first, undefined);
  await eventually(async () => ((await serialNumber()) === first ? 'not renewed' : undefined), 60_000);
  const answered = load.answered;
  await eventually(async () => (load.answered > answered + 50 ? undefined : 'few answers'));
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('a gateway refuses what it cannot use, and keeps serving what it had', async (t) => {
  const edge = await freePort();
  const { port } = await startApplication(t);
  const { inbound, records } = await startInbound(t, declareWorkload([{ port }]));
  const [cluster, endpoints] = declareCluster({
    name: 'Service/shop/catalog:80',
    service: { name: 'catalog', namespace: 'shop' },
    endpoints: [{ port, mesh: { port: inbound.port, principal: CATALOG } }],
  });
  const route = declareRoute({ backends: [{ cluster: cluster.name, weight: 1, filters: [] }] });
  const told = { type: 'gateway', name: 'shop/public', version: '', problem: null } as const;
  const control = await ScriptedControlPlane.start(t, [
    cluster,
    endpoints,
    route,
    { ...declareListener(), port: edge },
    told,
  ]);
  const principal = 'spiffe://mesh.test/ns/shop/sa/public';
  const gateway = control.runGateway(issueIdentity(principal), 'public');
  await gateway.said(/^ready after/m);
  const url = `http://127.0.0.1:${edge}/`;
  assert.equal((await get(url)).body, 'hello');
  assert.equal(records.exchanges[0]?.hop?.source.principal, principal);

  const load = startLoad(t, url, 2);
  const spoilt = (resource: object, change: object) => ({ ...resource, ...change }) as unknown as SnapshotResource;
  control.publish([
    spoilt(route, { rules: [{ backends: 'nobody' }] }),
    spoilt(cluster, { limits: null }),
    spoilt(endpoints, { endpoints: [{ address: 1 }] }),
    spoilt({ ...declareListener(), port: edge }, { protocol: 'SMTP' }),
  ]);
  await gateway.said(/cannot use [a-z-]+ .* of the control plane: its /);
  await eventually(async () => {
    const types = control.discovery.status()[0]?.types ?? [];
    const refused = types.flatMap(({ refusals }) => refusals).length;
    return refused === 4 ? undefined : `${refused} are refused`;
  });
  const answered = load.answered;
  await eventually(async () => (load.answered > answered + 20 ? undefined : 'few answers'));
  // The next good word is heard.
  control.publish([
    cluster,
    endpoints,
    { ...declareListener(), port: edge },
    declareRoute({
      backends: [{ cluster: cluster.name, weight: 1, filters: [] }],
      filters: [{ type: 'ResponseHeaderModifier', set: [{ name: 'x-generation', value: '2' }], add: [], remove: [] }],
    }),
  ]);
  await getUntil(url, ({ headers }) => headers['x-generation'] === '2');
  await load.stop();
  assert.deepEqual(load.failures, []);
});

test('a port that is taken is tried again', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const edge = await freePort();
  const squatter = createServer().listen(edge, '127.0.0.1');
  t.after(() => squatter.close());
  declare(mesh, 'edge.yaml', gatewayDocument(edge), routeDocument('cart'));
  const gateway = await mesh.runGateway('public', '--id', 'public-1');
  await gateway.said(/address in use/);
  squatter.close();
  await gateway.said(/^ready after/m);
});

test('selvage gateway says what it lacks', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const nameless = await runSelvage(t, 'gateway');
  assert.deepEqual([nameless.code, /--name is missing/.test(nameless.stderr)], [2, true]);
  const unknown = mesh.runGatewayWithoutToken('public', '--id', 'public-1');
  assert.deepEqual([(await unknown.ended).code, /no join token to get one/.test(unknown.stderr)], [1, true]);
  const gateway = await mesh.runGateway('public', '--id', 'public-1');
  await gateway.said(/Gateway default\/public is not declared/);
});
