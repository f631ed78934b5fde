import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';
import { test, type TestContext } from 'node:test';
import { createFolder, replaceFile } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { runSelvage } from '../end-to-end/testing/program.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

const CALLER = join(import.meta.dirname, 'testing/caller.mjs');

interface Found {
  readonly level: 'good' | 'doubtful' | 'bad';
  readonly about: string;
  readonly text: string;
  readonly advice: string;
}

const check = async (t: TestContext, ...words: string[]): Promise<{ code: number | null; found: readonly Found[] }> => {
  const { code, stdout, stderr } = await runSelvage(t, 'check', ...words, '--format', 'json');
  assert.equal(stderr, '');
  assert.doesNotMatch(stdout, /svt_|PRIVATE KEY|sva_/);
  return { code, found: JSON.parse(stdout) as Found[] };
};

const of = (found: readonly Found[], about: string): Found => {
  const one = found.find((finding) => finding.about === about);
  assert.ok(one, `nothing is said of ${about}`);
  return one;
};

/** Listens as something else would. @returns its port */
const listen = async (t: TestContext, accept: (socket: Socket) => void): Promise<number> => {
  const server = createServer((socket) => accept(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
};

const NO_PORTS = ['--mesh-port', '0', '--admin-port', 'off'];

test('selvage check run finds a machine in order before the first start and after it', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const state = join(createFolder(t), 'web');
  const flags = ['--service-account', 'web', '--id', 'web-1', '--state', state, ...NO_PORTS];
  const where = ['--control', `127.0.0.1:${mesh.port}`];
  const token = await mesh.token('web', '--uses', '1');
  const before = await check(t, 'run', ...flags, ...where, '--token', token);
  assert.equal(before.code, 0, JSON.stringify(before.found));
  assert.match(of(before.found, 'root').text, /shows the root that the join token names/);
  assert.equal(of(before.found, 'clocks').level, 'good');

  // The check has not used it up.
  const web = mesh.run([...flags, '--token', token], process.execPath, CALLER, 'http://cart/');
  await mesh.workloads('web-1 ready');
  const after = await check(t, 'run', ...flags, ...where);
  assert.equal(after.code, 0, JSON.stringify(after.found));
  assert.match(of(after.found, 'identity').text, /^spiffe:\/\/cluster\.local\/ns\/default\/sa\/web, expires in 23 h$/);
  assert.match(of(after.found, 'saved copy').text, /^\d+ resources, written \d+ s ago$/);
  assert.match(of(after.found, 'root').text, /of the mesh of the saved identity/);
  web.kill('SIGTERM');
  await web.ended;
});

test('selvage check gateway finds a gateway that runs in order', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const port = await freePort();
  replaceFile(
    join(mesh.documents, 'edge.yaml'),
    `apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: edge }
spec: { gatewayClassName: selvage, listeners: [{ name: http, protocol: HTTP, port: ${port} }] }
`,
  );
  const state = join(createFolder(t), 'edge');
  await mesh.runGateway('edge', '--id', 'edge-1', '--state', state);
  await mesh.workloads('edge-1 ready');
  const flags = ['--name', 'edge', '--id', 'edge-1', '--state', state, '--admin-port', 'off'];
  const { code, found } = await check(t, 'gateway', ...flags, '--control', `127.0.0.1:${mesh.port}`);
  assert.equal(code, 0, JSON.stringify(found));
  assert.match(of(found, 'saved copy').text, /^\d+ resources, written/);
  assert.match(of(found, 'identity').text, /ns\/default\/sa\/edge, expires in 23 h/);
});

test('selvage check run says what stands in the way of a start, and what to do', async (t) => {
  const [mesh, other] = [await MeshProcesses.start(t), await MeshProcesses.start(t)];
  const state = createFolder(t);
  chmodSync(state, 0o700);
  const flags = ['--service-account', 'web', '--state', state];
  const nobody = await freePort();
  const away = await check(t, 'run', ...flags, ...NO_PORTS, '--control', `127.0.0.1:${nobody}`);
  assert.equal(away.code, 1);
  assert.match(of(away.found, 'control plane').text, new RegExp(`nothing listens at 127\\.0\\.0\\.1:${nobody}`));
  assert.match(of(away.found, 'identity').advice, /give a join token/);

  const port = await listen(t, () => {});
  writeFileSync(join(state, 'identity'), 'nonsense', { mode: 0o644 });
  const where = ['--control', `127.0.0.1:${mesh.port}`, '--token', await other.token('web')];
  const wrong = await check(t, 'run', ...flags, ...where, '--mesh-port', '0', '--admin-port', String(port));
  assert.equal(wrong.code, 1);
  assert.match(of(wrong.found, 'admin port').text, new RegExp(`taken by process ${process.pid} \\(`));
  assert.match(of(wrong.found, 'state folder').text, /other users may access it/);
  assert.match(of(wrong.found, 'state folder').advice, /chmod 600/);
  assert.match(of(wrong.found, 'identity').text, /is of no use: it does not begin as/);
  assert.match(of(wrong.found, 'root').text, /does not show the root certificate that the join token names/);

  const mail = await listen(t, (socket) => socket.end('220 mail\r\n'));
  const elsewhere = await check(t, 'run', ...flags, ...NO_PORTS, '--control', `127.0.0.1:${mail}`);
  assert.match(of(elsewhere.found, 'control plane').text, /no TLS with/);
});

test('selvage check control looks at folders and ports before the start, and at the mesh while it runs', async (t) => {
  const [documents, state] = [createFolder(t), join(createFolder(t), 'state')];
  const [port, admin] = [await freePort(), await freePort()];
  const flags = [
    documents,
    '--state',
    state,
    '--port',
    String(port),
    '--admin-port',
    String(admin),
    '--address',
    '127.0.0.1',
  ];
  const before = await check(t, 'control', ...flags);
  assert.equal(before.code, 0, JSON.stringify(before.found));
  replaceFile(
    join(documents, 'wrong.yaml'),
    'apiVersion: v1\nkind: Service\nmetadata: { name: cart }\nspec: { prots: [], ports: [{ port: 80 }] }\n',
  );
  const wrong = await check(t, 'control', ...flags);
  assert.equal(wrong.code, 1);
  assert.match(of(wrong.found, 'documents').text, /wrong\.yaml:4:\d+: Service default\/cart: spec\.prots/);

  const mesh = await MeshProcesses.start(t);
  const running = ['--state', mesh.state, '--admin-port', new URL(mesh.adminUrl).port];
  const well = await check(t, 'control', mesh.documents, ...running);
  assert.equal(well.code, 0, JSON.stringify(well.found));
  assert.match(of(well.found, 'authority').text, /^cluster\.local, its root expires in \d+ d$/);
  assert.match(of(well.found, 'mesh').text, /the control plane runs, with 0 workloads/);
  replaceFile(
    join(mesh.documents, 'lonely.yaml'),
    'apiVersion: v1\nkind: Service\nmetadata: { name: lonely }\nspec: { ports: [{ port: 80 }] }\n',
  );
  await eventually(async () => {
    const { found } = await check(t, 'control', mesh.documents, ...running);
    const isTold = found.some(
      ({ level, text }) => level === 'bad' && text.includes('service default/lonely has no endpoint'),
    );
    return isTold ? undefined : JSON.stringify(found);
  });
  const foreign = await check(t, 'control', mesh.documents, ...running, '--trust-domain', 'other.mesh');
  assert.match(of(foreign.found, 'authority').advice, /give --trust-domain cluster\.local/);
});
