import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { createFolder, replaceFile } from '../end-to-end/testing/folder.ts';
import type { Program } from '../end-to-end/testing/program.ts';
import { answersOf } from './testing/answers.ts';
import { APPLICATION_PORT, CONTROL_PORT, HostMesh, MESH_PORT, whyNoFilter } from './testing/host-mesh.ts';
import { type Host, whyNoNetwork } from './testing/namespaces.ts';

/*
 * Hosts of their own for the control plane, two instances of `catalog`, and `cart` that calls it: what happens on the
 * wires between them, and when they break.
 */

const skip = whyNoNetwork() ?? whyNoFilter() ?? false;
const options = { skip, timeout: 240_000 };

/** In every answer: what nobody on the wire may read. */
const MARK = 'moss-green-cardigan';

const POLICY = `apiVersion: v1
kind: Service
metadata: { name: catalog }
spec: { ports: [{ port: 80, targetPort: ${APPLICATION_PORT} }] }
---
apiVersion: selvage.dev/v1alpha1
kind: AuthorizationPolicy
metadata: { name: catalog }
spec:
  targetRefs: [{ group: "", kind: Service, name: catalog }]
  action: ALLOW
  rules: [{ from: [{ serviceAccounts: [cart] }] }]
`;

async function startShop(t: Parameters<typeof HostMesh.start>[0]) {
  const mesh = await HostMesh.start(t);
  replaceFile(join(mesh.documents, 'catalog.yaml'), POLICY);
  const [one, two, cartHost] = [await mesh.addHost(), await mesh.addHost(), await mesh.addHost()];
  await Promise.all([
    mesh.runApplication(one, 'catalog', `${MARK}-1`),
    mesh.runApplication(two, 'catalog', `${MARK}-2`),
  ]);
  return { mesh, one, two, cartHost };
}

/** Waits until a load has had so many answers more that are as wished. */
async function until(
  program: Program,
  count: number,
  wished: (text: string, status: number) => boolean,
  patienceMs = 60_000,
) {
  const from = program.stdout.length;
  const deadline = performance.now() + patienceMs;
  let hasEnded = false;
  void program.ended.then(() => (hasEnded = true));
  for (;;) {
    const answers = answersOf(program, from);
    if (answers.filter(({ text, status }) => wished(text, status)).length >= count) return answers;
    if (hasEnded || performance.now() > deadline)
      throw new Error(`not ${count} in ${patienceMs} ms:\n${program.stdout.slice(from).slice(-2000)}${program.stderr}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const isOk = (_: string, status: number): boolean => status === 200;
const isFrom =
  (instance: string) =>
  (text: string): boolean =>
    text.startsWith(`${MARK}-${instance} `);
const failuresOf = (program: Program): readonly string[] =>
  answersOf(program)
    .filter(({ status }) => status !== 200)
    .map(({ status, text }) => `${status} ${text}`);

/** Has all octets that reach a host's mesh port pass a recorder. @returns the file that they are in */
async function listenIn(t: Parameters<typeof HostMesh.start>[0], host: Host): Promise<string> {
  const file = join(createFolder(t), 'wire');
  const tap = host.start(process.execPath, [
    join(import.meta.dirname, 'testing/wiretap.mjs'),
    '9999',
    String(MESH_PORT),
    file,
  ]);
  await tap.printed(/listening in/);
  host.run('nft', 'add table ip tap; add chain ip tap in { type nat hook prerouting priority dstnat; }');
  host.run('nft', `add rule ip tap in iifname eth0 tcp dport ${MESH_PORT} redirect to :9999`);
  // Connections from outside to any other port; what this host itself begins is no matter.
  host.run('nft', 'add chain ip tap seen { type filter hook prerouting priority raw; }');
  host.run('nft', `add rule ip tap seen iifname eth0 tcp dport != ${MESH_PORT} tcp flags syn / syn,ack counter`);
  return file;
}

test('a service on another host is called by name: encrypted, balanced, authorised', options, async (t) => {
  const { mesh, one, cartHost } = await startShop(t);
  const wire = await listenIn(t, one);
  const cart = mesh.runLoad(cartHost, 'cart', 'http://catalog/secret-shelf');
  await Promise.all([until(cart, 20, isFrom('1')), until(cart, 20, isFrom('2'))]);
  assert.deepEqual(failuresOf(cart), []);
  assert.match(
    cart.stdout,
    /^200 \d+ moss-green-cardigan-1 \/secret-shelf spiffe:\/\/cluster\.local\/ns\/default\/sa\/cart /m,
  );

  const octets = readFileSync(wire, 'latin1');
  assert.ok(octets.length > 2_000, `${octets.length} octets on the wire`);
  for (const word of [MARK, 'secret-shelf', 'GET ', 'HTTP/', 'spiffe://', 'catalog\r'])
    assert.ok(!octets.includes(word), word);
  assert.match(
    one.run('nft', 'list table ip tap'),
    /syn,ack\) == syn counter packets 0 |syn \/ syn,ack counter packets 0 /,
  );

  const guestHost = await mesh.addHost();
  const guest = mesh.runLoad(guestHost, 'guest', 'http://catalog/');
  await until(guest, 10, (_, status) => status === 403);
  assert.deepEqual(new Set(answersOf(guest).map(({ status }) => status)), new Set([403]));
});

test(
  'a control plane that cannot be reached is not needed: a sidecar even starts anew, and nothing fails as it comes back',
  options,
  async (t) => {
    const { mesh, cartHost } = await startShop(t);
    const [state, otherHost] = [mesh.stateFolder(), await mesh.addHost()];
    const first = mesh.runLoad(otherHost, 'cart', 'http://catalog/', { state });
    await until(first, 10, isOk);
    first.kill('SIGTERM');
    await first.ended;
    const cart = mesh.runLoad(cartHost, 'cart', 'http://catalog/', { id: 'cart-2' });
    await until(cart, 10, isOk);

    mesh.controlHost.setConnected(false);
    await until(cart, 100, isOk);
    const again = mesh.runLoad(otherHost, 'cart', 'http://catalog/', { state, joins: false });
    await until(again, 100, isOk);
    // Longer than the control plane waits for a word (20 s and 10 s) and keeps who has gone (10 s).
    await mesh.sees((listing) => !/ synced /.test(listing), 'nobody is missed');
    await until(cart, 100, isOk);
    mesh.controlHost.setConnected(true);
    await mesh.sees(
      (listing) => (listing.match(/ ready +synced /g) ?? []).length === 4,
      'they do not all come back',
      90_000,
    );
    await until(cart, 100, isOk);
    await until(again, 100, isFrom('1'));
    await until(again, 100, isFrom('2'));
    assert.deepEqual([failuresOf(cart), failuresOf(again)], [[], []]);
  },
);

test('a host that falls silent costs some time once, and no request', options, async (t) => {
  const { mesh, two, cartHost } = await startShop(t);
  const cart = mesh.runLoad(cartHost, 'cart', 'http://catalog/');
  await Promise.all([until(cart, 20, isFrom('1')), until(cart, 20, isFrom('2'))]);
  const from = cart.stdout.length;
  // No FIN, no RST, no ICMP: what a machine without power does.
  two.run('nft', 'add table inet dead; add chain inet dead in { type filter hook input priority 0; policy drop; }');
  two.run('nft', 'add chain inet dead out { type filter hook output priority 0; policy drop; }');
  await until(cart, 200, isFrom('1'));
  await until(cart, 100, (text, status) => isOk(text, status));
  const slowest = Math.max(...answersOf(cart, from).map(({ ms }) => ms));
  // Where nobody noticed, they would have ended after 15 s, with 504.
  assert.ok(slowest < 15_000, `${slowest} ms`);
  assert.deepEqual(failuresOf(cart), []);
  two.run('nft', 'delete table inet dead');
  await until(cart, 50, isFrom('2'), 120_000);
  assert.deepEqual(failuresOf(cart), []);
});

test('a wire that loses packets makes requests slower, and none fails', options, async (t) => {
  const { mesh, one, two, cartHost } = await startShop(t);
  const cart = mesh.runLoad(cartHost, 'cart', 'http://catalog/');
  await until(cart, 20, isOk);
  for (const host of [one, two, cartHost, mesh.controlHost]) {
    host.run('nft', 'add table inet lossy; add chain inet lossy in { type filter hook input priority 0; }');
    host.run('nft', 'add rule inet lossy in iifname eth0 numgen random mod 100 < 5 counter drop');
  }
  const from = cart.stdout.length;
  await until(cart, 1_000, isOk, 120_000);
  const later = mesh.runLoad(await mesh.addHost(), 'cart', 'http://catalog/', { id: 'cart-2' });
  await until(later, 50, isOk, 120_000);
  assert.doesNotMatch(cartHost.run('nft', 'list table inet lossy'), /counter packets 0 /, 'nothing was lost');
  // The system sends again after 200 ms, and doubles that.
  assert.ok(
    answersOf(cart, from).some(({ ms }) => ms >= 200),
    'nothing was late',
  );
  assert.deepEqual([failuresOf(cart), failuresOf(later)], [[], []]);
});

test('a control plane is no member of the data path: its port is all that is asked of its host', options, async (t) => {
  const { mesh, cartHost } = await startShop(t);
  const { controlHost } = mesh;
  controlHost.run('nft', 'add table inet seen; add chain inet seen in { type filter hook input priority 0; }');
  controlHost.run('nft', `add rule inet seen in iifname eth0 meta l4proto tcp tcp dport != ${CONTROL_PORT} counter`);
  const cart = mesh.runLoad(cartHost, 'cart', 'http://catalog/');
  await until(cart, 100, isOk);
  assert.match(controlHost.run('nft', 'list table inet seen'), /counter packets 0 /);
});
