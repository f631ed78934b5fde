import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { findProgram } from '../../tools/debian-packages.ts';
import { eventually } from '../mesh/testing/mesh-processes.ts';
import { type Host, whyNoNetwork } from '../network/testing/namespaces.ts';
import { CapturedMesh } from './testing/captured-mesh.ts';

const LOCAL_RESOLVER = join(import.meta.dirname, 'testing/local-resolver.mjs');
const ASK_NAME = join(import.meta.dirname, 'testing/ask-name.mjs');

const missing = ['nft', 'curl'].find((command) => findProgram(command) === undefined);
const skip = whyNoNetwork() ?? (missing === undefined ? false : `${missing} is not installed`);

const SERVICE = (name: string, port: number, more = ''): string => `apiVersion: v1
kind: Service
metadata: { name: ${name} }
spec: { ports: [{ port: ${port}, targetPort: main${more} }] }
---
`;
const MESH = (outbound: string): string => `apiVersion: selvage.dev/v1alpha1
kind: Mesh
metadata: { name: default }
spec: { outbound: ${outbound} }
---
`;
const WEB = 'spiffe://cluster.local/ns/default/sa/web';

/** Sends text to host and port, and writes what comes back, or why nothing does: as `nc` would. */
const TALK = `const [host, port] = process.argv.slice(1);
require('node:net').connect({ host, port, autoSelectFamily: false })
  .on('connect', function () { this.end('hello over there'); })
  .on('data', (data) => console.log(String(data).split('\\n')[0]))
  .on('error', (error) => console.log(error.code));`;
const talk = (host: string, port: number): string[] => [process.execPath, '-e', TALK, host, String(port)];

/** Accepts at all addresses of its host, without any sidecar. */
const OUTSIDE = `require('node:net').createServer((socket) => socket.on('error', () => {}).end('outside'))
  .listen(7000, '::', () => console.log('listening'));`;

/** Whether a process runs, and does not only wait for somebody to notice its end. */
const isRunning = (pid: number): boolean => {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

const childrenOf = (host: Host, pid: number): readonly number[] =>
  host.run('sh', '-c', `cat /proc/${pid}/task/*/children`).trim().split(/\s+/).map(Number);

/** Command lines of what a process has started. */
const commandsOf = (host: Host, pid: number): readonly string[] =>
  childrenOf(host, pid).map((child) => host.run('sh', '-c', `tr '\\0' ' ' < /proc/${child}/cmdline`));

const tablesOf = (host: Host): string => host.run('nft', 'list', 'tables');

test('an application that knows of no proxy calls a service by its name, over mutual TLS', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t, SERVICE('catalog', 80));
  const [catalog, client] = [await mesh.addHost(), await mesh.addHost()];
  await mesh.runApplication(catalog, 'catalog');
  const script = `env | grep -i _proxy; id -g
    curl -sS -m 20 http://catalog/ && curl -sS -m 20 http://catalog.corp.test/ http://catalog.default.svc.cluster.local/
    curl -sS -m 20 --http2-prior-knowledge http://${catalog.address}:8080/`;
  const web = await mesh.run(client, 'web', ['--transparent', '--access-log', 'stdout'], 'sh', '-c', script);
  const { stdout, stderr } = await web.ended;
  const [group, ...lines] = stdout.split('\n').filter((line) => !line.startsWith('{'));
  assert.deepEqual([group, ...lines], ['0', ...Array<string>(4).fill(`catalog ${WEB}`), ''], stderr);
  assert.equal(stdout.match(/"connectionSecurity":"mutual_tls"/g)?.length, 4);
  assert.equal(tablesOf(client), '');
});

test('a byte stream passes by name, and by the address of an endpoint', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t, SERVICE('db', 5432, ', appProtocol: tcp'));
  const [db, client] = [await mesh.addHost(), await mesh.addHost()];
  await mesh.runApplication(db, 'db', { port: 6000, protocol: 'tcp' });
  const talks = [talk('db', 5432), talk(db.address, 6000), talk('db', 5433)];
  const all = talks.map((words) => words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')).join('; ');
  const web = await mesh.run(client, 'web', ['--transparent'], 'sh', '-c', all);
  const { stdout, stderr } = await web.ended;
  // A port that the service does not have leads nowhere, also where something of this host listens at it.
  assert.equal(stdout, 'hello over there\nhello over there\nECONNREFUSED\n', stderr);
});

test('callers without an identity are refused at the port of an application at all addresses', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t, SERVICE('catalog', 80) + SERVICE('db', 5432, ', appProtocol: tcp'));
  const [catalog, db] = [await mesh.addHost(), await mesh.addHost()];
  await mesh.runApplication(catalog, 'catalog');
  await mesh.runApplication(db, 'db', { port: 6000, protocol: 'tcp' });
  for (const address of [catalog.address, `[${catalog.address6}]`]) {
    const answer = mesh.center.run('curl', '-sS', '-m20', '-w', ' %{http_code}', `http://${address}:8080/`);
    assert.match(answer, /access_denied.* 403$/s);
  }
  for (const address of [db.address, db.address6])
    assert.doesNotMatch(mesh.center.run(...(talk(address, 6000) as [string, ...string[]])), /hello/);
  // The host itself reaches its own: what asks there is of the same workload.
  assert.match(catalog.run('curl', '-sS', '-m20', 'http://127.0.0.1:8080/'), /^catalog nobody$/m);
});

test('RegistryOnly lets nothing past the mesh, and AllowAny leaves it alone', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t, SERVICE('catalog', 80) + MESH('RegistryOnly'));
  const [catalog, client] = [await mesh.addHost(), await mesh.addHost()];
  await mesh.runApplication(catalog, 'catalog');
  const outside = mesh.center.start(process.execPath, ['-e', OUTSIDE]);
  await outside.printed(/listening/);
  const web = await mesh.run(client, 'web', ['--transparent'], 'sh', '-c', 'echo started; exec sleep infinity');
  await web.printed(/started/);
  const ask = (host: string): string => client.run(...(talk(host, 7000) as [string, ...string[]])).trim();
  const destinations = [mesh.center.address, mesh.center.address6, 'outside.test'];
  assert.deepEqual(destinations.map(ask), ['ECONNREFUSED', 'ECONNREFUSED', 'ECONNREFUSED']);
  const udp = `const socket = require('node:dgram').createSocket('udp4');
    socket.send('hello', 7000, '${mesh.center.address}', (error) => { console.log(error?.code ?? 'sent'); socket.close(); });`;
  assert.equal(client.run(process.execPath, '-e', udp), 'EPERM\n');
  assert.match(client.run('curl', '-sS', '-m20', 'http://catalog/'), /^catalog spiffe/);
  mesh.declare(SERVICE('catalog', 80) + MESH('AllowAny'));
  await eventually(async () => (ask(mesh.center.address) === 'outside' ? undefined : 'it is still refused'));
  assert.deepEqual(destinations.map(ask), ['outside', 'outside', 'outside']);
  mesh.declare(SERVICE('catalog', 80) + MESH('RegistryOnly'));
  await eventually(async () => (ask(mesh.center.address) === 'ECONNREFUSED' ? undefined : 'it is still open'));
});

test(
  'RegistryOnly lets out what is declared, and a declared virtual address leads to its service',
  { skip },
  async (t) => {
    const service = SERVICE('catalog', 80).replace('ports:', 'clusterIP: 10.96.0.7, ports:');
    const backend = (name: string, address: string): string => `apiVersion: selvage.dev/v1alpha1
kind: Backend
metadata: { name: ${name} }
spec: { appProtocol: tcp, endpoints: [{ address: ${address}, port: 7000 }] }
---
`;
    const outsiders = backend('by-name', 'outside.test') + backend('by-address', '10.77.0.1');
    const mesh = await CapturedMesh.start(t, service + MESH('RegistryOnly') + outsiders);
    const [catalog, client] = [await mesh.addHost(), await mesh.addHost()];
    client.run('ip', 'route', 'add', 'default', 'via', mesh.center.address);
    await mesh.runApplication(catalog, 'catalog');
    const outside = mesh.center.start(process.execPath, ['-e', OUTSIDE]);
    await outside.printed(/listening/);
    const web = await mesh.run(client, 'web', ['--transparent'], 'sh', '-c', 'echo started; exec sleep infinity');
    await web.printed(/started/);
    const ask = (host: string, port: number): string =>
      client.run(...(talk(host, port) as [string, ...string[]])).trim();
    assert.equal(ask('outside.test', 7000), 'outside');
    assert.equal(ask('outside.test', 7001), 'ECONNREFUSED');
    await eventually(async () => (ask('10.77.0.1', 7000) === 'outside' ? undefined : 'it is refused'));
    assert.equal(
      client.run('curl', '-sS', '-m20', 'http://catalog/', 'http://10.96.0.7/'),
      `catalog ${WEB}\n`.repeat(2),
    );
  },
);

test('names are answered for the mesh, and others by whoever answered before', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t, SERVICE('catalog', 80));
  const [catalog, client] = [await mesh.addHost(), await mesh.addHost()];
  await mesh.runApplication(catalog, 'catalog');
  const names = ['catalog', 'catalog.default.svc', 'CATALOG.default', 'outside.test', 'nobody.test'];
  const script = names.map((name) => `getent ahosts ${name} | cut -d' ' -f1 | sort -u || true; echo .`).join('\n');
  const web = await mesh.run(client, 'web', ['--transparent'], 'sh', '-c', script);
  const { stdout } = await web.ended;
  const [own = '', ...rest] = stdout.split('.\n').map((text) => text.trim());
  assert.match(own, /^127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d+\.\d+$/);
  assert.deepEqual(rest, [own, own, mesh.center.address, '', '']);
});

test(
  'nothing is left of a capture whose sidecar was killed, and the application has ended with it',
  { skip },
  async (t) => {
    const mesh = await CapturedMesh.start(t, SERVICE('catalog', 80));
    const [catalog, client] = [await mesh.addHost(), await mesh.addHost()];
    await mesh.runApplication(catalog, 'catalog');
    const application = ['sh', '-c', 'echo started $$; while :; do sleep 1; done'];
    const web = await mesh.run(client, 'web', ['--transparent'], ...application);
    const [, pid = ''] = await web.printed(/started (\d+)/);
    assert.match(tablesOf(client), /table inet selvage/);
    web.kill('SIGKILL');
    await web.ended;
    await eventually(async () => (tablesOf(client) === '' ? undefined : 'the rules are still there'));
    assert.equal(isRunning(Number(pid)), false);
    assert.match(client.run('getent', 'hosts', 'outside.test'), new RegExp(mesh.center.address));
    const again = await mesh.run(client, 'web', ['--transparent'], 'curl', '-sS', '-m20', 'http://catalog/');
    assert.equal((await again.ended).stdout, `catalog ${WEB}\n`);
  },
);

test('questions for names are answered whichever name server is asked, over IPv4 and IPv6', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t, SERVICE('catalog', 80));
  const host = await mesh.addHost();
  const web = await mesh.run(host, 'web', ['--transparent'], 'sh', '-c', 'echo started; exec sleep infinity');
  await web.printed(/started/);
  for (const server of ['10.77.0.99', mesh.center.address6]) {
    const [udp, tcp] = host.run(process.execPath, ASK_NAME, server, '53', 'catalog').trim().split('\n');
    assert.match(udp ?? '', /^7 0 127\.\d+\.\d+\.\d+$/);
    assert.equal(tcp, udp);
  }
});

test('names go round in no circle where the machine has a resolver of its own', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t, SERVICE('catalog', 80) + MESH('RegistryOnly'));
  const host = await mesh.addHost('127.0.0.53');
  const resolver = host.start(process.execPath, [LOCAL_RESOLVER, '127.0.0.53', mesh.center.address]);
  await resolver.printed(/listening/);
  const script = 'getent hosts catalog outside.test; getent hosts nobody.test || echo none';
  const web = await mesh.run(host, 'web', ['--transparent'], 'sh', '-c', script);
  const { stdout } = await web.ended;
  assert.match(stdout, /^127\S+ +catalog\S*\n10\.77\.0\.1 +outside\.test\nnone\n$/);
});

test('what a killed sidecar leaves of a service ends with it, its processes too', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t);
  const host = await mesh.addHost();
  const application = ['sh', '-c', 'sleep infinity & echo started $$ $!; wait'];
  const web = await mesh.run(host, 'web', ['--transparent', '--service', 'web', '--port', '8080'], ...application);
  const [, parent = '', child = ''] = await web.printed(/started (\d+) (\d+)/);
  await eventually(async () =>
    commandsOf(host, web.pid).some((one) => one.includes(parent)) ? undefined : 'no guard',
  );
  web.kill('SIGKILL');
  await web.ended;
  await eventually(async () => ([parent, child].some((pid) => isRunning(Number(pid))) ? 'they run on' : undefined));
});

test('an application does not outlive its capture', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t);
  const host = await mesh.addHost();
  const web = await mesh.run(host, 'web', ['--transparent'], 'sh', '-c', 'echo started; exec sleep infinity');
  await web.printed(/started/);
  const filter = childrenOf(host, web.pid).find((pid) => host.run('cat', `/proc/${pid}/comm`).trim() === 'nft')!;
  process.kill(filter, 'SIGKILL');
  const { code, stderr } = await web.ended;
  assert.equal(code, 137);
  assert.match(stderr, /the application is ended, since it is not captured any more: nft ended with SIGKILL/);
});

test('a second sidecar in a network namespace does not start its application', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t);
  const host = await mesh.addHost();
  const first = await mesh.run(host, 'web', ['--transparent'], 'sh', '-c', 'echo started; exec sleep infinity');
  await first.printed(/started/);
  const second = await mesh.run(host, 'job', ['--transparent'], 'echo', 'started');
  const { code, stdout, stderr } = await second.ended;
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /cannot capture transparently: another sidecar captures this network namespace already/);
  first.kill('SIGTERM');
  assert.equal((await first.ended).code, 143);
  assert.equal(tablesOf(host), '');
});

test('--transparent without root says so, and starts nothing', { skip }, async (t) => {
  const mesh = await CapturedMesh.start(t);
  const host = await mesh.addHost();
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups'];
  const { code, stdout, stderr } = await (
    await mesh.runAs(host, nobody, 'web', ['--transparent'], 'echo', 'started')
  ).ended;
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /needs root \(run as root, or give --dns instead\)/);
});
