import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readSavedIdentity } from '#identity/saved-identity.ts';
import { leadsToRoot } from '#identity/x509/certification-path.ts';
import { getUntil, Load } from '../end-to-end/testing/client.ts';
import { createFolder, replaceFile } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { type Program, runSelvage } from '../end-to-end/testing/program.ts';
import { edgeDocument } from './testing/edge-document.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

const CALLER = join(import.meta.dirname, 'testing/caller.mjs');
const ECHO = join(import.meta.dirname, 'testing/echo.mjs');
const STREAM_CALLER = join(import.meta.dirname, 'testing/stream-caller.mjs');

interface Roots {
  readonly phase: string;
  readonly bundleVersion: number;
  readonly waitingFor: readonly string[];
  readonly roots: readonly { readonly sha256: string; readonly signs: boolean }[];
}

const countOf = ({ stdout }: Program): number => stdout.split('\n').length - 1;

/** Waits for so many more lines. */
const more = (program: Program, lines: number): Promise<void> => {
  const from = countOf(program);
  return eventually(async () => (countOf(program) >= from + lines ? undefined : 'few lines'));
};

const rotate = (t: TestContext, mesh: MeshProcesses, ...flags: string[]) =>
  runSelvage(t, 'root', 'rotate', '--admin', mesh.adminUrl, '--state', mesh.state, ...flags);

const exchanged = (mesh: MeshProcesses): Promise<void> =>
  eventually(async () => {
    const { phase, bundleVersion, waitingFor } = await mesh.get<Roots>('roots');
    return phase === 'steady' && bundleVersion === 3 ? undefined : `${phase}, waiting for ${waitingFor.join()}`;
  }, 60_000);

/** What a sidecar would start from: whom it believes, and whether its own certificate leads there. */
const identityIn = (folder: string) => {
  const saved = readSavedIdentity(readFileSync(join(folder, 'identity'), 'utf8'), Date.now());
  assert.ok(typeof saved === 'object', 'the saved identity cannot be used');
  const roots = saved.bundle.roots.map((pem) => new X509Certificate(pem));
  return {
    roots: roots.map((root) => root.fingerprint256.replaceAll(':', '').toLowerCase()),
    leadsThere: leadsToRoot(new X509Certificate(saved.svid.certificateChain), [], roots, Date.now()),
  };
};

test('a root is exchanged under traffic: no request fails, no stream ends, and the old root is gone in the end', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const [port, echoPort] = [await freePort(), await freePort()];
  const folders = { cart: join(createFolder(t), 'cart'), web: join(createFolder(t), 'web') };
  await mesh.runApplication('cart', port, '--id', 'cart-1', '--state', folders.cart);
  const echo = [
    '--service',
    'echo',
    '--port',
    `${echoPort}/tcp`,
    '--id',
    'echo-1',
    '--token',
    await mesh.token('echo'),
  ];
  mesh.run(echo, process.execPath, ECHO, String(echoPort));
  await mesh.workloads('cart-1 ready', 'echo-1 ready');
  const web = await mesh.runCaller('web', 'http://cart/', '--id', 'web-1', '--state', folders.web);
  const talker = mesh.run(
    ['--service-account', 'talker', '--id', 'talker-1', '--token', await mesh.token('talker')],
    process.execPath,
    STREAM_CALLER,
    `echo:${echoPort}`,
  );
  const edge = await freePort();
  replaceFile(join(mesh.documents, 'edge.yaml'), edgeDocument('edge', edge, 'cart'));
  const gateway = join(createFolder(t), 'gateway');
  await mesh.runGateway('edge', '--id', 'edge-1', '--state', gateway);
  await Promise.all([web.printed(/^200 /m), talker.printed(/^5$/m)]);
  await getUntil(`http://127.0.0.1:${edge}/`, ({ status }) => status === 200);
  const load = new Load(`http://127.0.0.1:${edge}/`, 2);
  t.after(() => load.stop());
  const begun = countOf(web);

  const [before] = (await mesh.get<Roots>('roots')).roots;
  const ending = await rotate(t, mesh, '--prompt', '--margin', '1s');
  assert.equal(ending.code, 0, ending.stderr);
  assert.match(ending.stdout, /both roots are trusted/);
  assert.equal((await rotate(t, mesh)).code, 1, 'a second exchange does not begin amid the first');
  // Whoever joins in the middle is as well off, and its token outlives the exchange.
  const token = await mesh.token('job');
  await exchanged(mesh);
  const served = load.answered;
  await Promise.all([
    more(web, 20),
    more(talker, 20),
    eventually(async () => (load.answered > served + 20 ? undefined : 'the edge serves few')),
  ]);

  const { roots } = await mesh.get<Roots>('roots');
  assert.equal(roots.length, 1);
  assert.notEqual(roots[0]!.sha256, before!.sha256);
  for (const folder of [...Object.values(folders), gateway])
    assert.deepEqual(identityIn(folder), { roots: [roots[0]!.sha256], leadsThere: true });
  for (const line of web.stdout.split('\n').slice(begun, -1)) assert.match(line, /^200 /);
  assert.doesNotMatch(talker.stdout, /closed/);
  assert.deepEqual(load.failures, []);
  assert.equal((await mesh.run(['--service-account', 'job', '--token', token], 'true').ended).code, 0);
  assert.doesNotMatch(mesh.control.stderr + ending.stdout, /PRIVATE KEY|sva_/);
});

test('a sidecar that was away during a prompt exchange says why it is alone, and joins anew with a new token', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const port = await freePort();
  await mesh.runApplication('cart', port, '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  const state = ['--state', join(createFolder(t), 'web')];
  const old = await mesh.token('web');
  const flags = ['--service-account', 'web', '--id', 'web-1', ...state];
  const first = mesh.run([...flags, '--token', old], process.execPath, CALLER, 'http://cart/');
  await first.printed(/^200 /m);
  first.kill('SIGTERM');
  await first.ended;
  await mesh.workloads('cart-1 ready');
  await rotate(t, mesh, '--prompt', '--margin', '1s');
  await exchanged(mesh);

  const second = mesh.run([...flags, '--token', old], process.execPath, CALLER, 'http://cart/');
  await second.said(/leads to no root that this workload knows .*needs a new join token/);
  await second.printed(/^50\d /m);
  assert.doesNotMatch(second.stdout, /^200 /m);
  second.kill('SIGTERM');
  await second.ended;

  const third = mesh.run([...flags, '--token', await mesh.token('web')], process.execPath, CALLER, 'http://cart/');
  await third.printed(/^200 /m);
  assert.match(third.stderr, /of a root that is gone: it is replaced/);
});

test('an exchange outlives its control plane, goes on in its next life, and can be made prompt then', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const port = await freePort();
  await mesh.runApplication('cart', port, '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  const web = await mesh.runCaller('web', 'http://cart/', '--id', 'web-1');
  await web.printed(/^200 /m);
  assert.equal((await rotate(t, mesh)).code, 0);
  const { roots } = await mesh.get<Roots>('roots');
  mesh.control.kill('SIGKILL');
  await mesh.control.ended;
  await mesh.startControl();
  const again = await mesh.get<Roots>('roots');
  assert.deepEqual([again.phase, again.roots], ['announced', roots]);
  const ending = await rotate(t, mesh, '--prompt', '--margin', '1s');
  assert.equal(ending.code, 0, ending.stderr);
  await exchanged(mesh);
  assert.deepEqual((await mesh.get<Roots>('roots')).roots[0]?.sha256, roots[1]?.sha256);
  await more(web, 20);
  assert.deepEqual(
    [
      ...new Set(
        web.stdout
          .split('\n')
          .slice(0, -1)
          .map((line) => line.slice(0, 4)),
      ),
    ],
    ['200 '],
  );
});

test('a sidecar that was away while an exchange goes by the clock comes back with its old certificate', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const port = await freePort();
  await mesh.runApplication('cart', port, '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  const folder = join(createFolder(t), 'web');
  const flags = ['--service-account', 'web', '--id', 'web-1', '--state', folder];
  const first = mesh.run([...flags, '--token', await mesh.token('web')], process.execPath, CALLER, 'http://cart/');
  await first.printed(/^200 /m);
  first.kill('SIGTERM');
  await first.ended;
  assert.equal((await rotate(t, mesh)).code, 0);
  const { roots, phase } = await mesh.get<Roots>('roots');
  assert.deepEqual([phase, roots.map(({ signs }) => signs)], ['announced', [true, false]]);

  const second = mesh.run(flags, process.execPath, CALLER, 'http://cart/');
  await second.printed(/^200 /m);
  const sha256 = roots.map((root) => root.sha256);
  await eventually(async () => {
    const identity = identityIn(folder);
    return identity.roots.join() === sha256.join() && identity.leadsThere ? undefined : 'it does not know both roots';
  });
});

test('nobody exchanges a root without the admin token, from elsewhere or by another method', async (t) => {
  const mesh = await MeshProcesses.start(t);
  const url = `${mesh.adminUrl}/roots/rotate`;
  const token = readFileSync(join(mesh.state, 'admin-token'), 'utf8').trim();
  const post = async (authorization?: string): Promise<number> =>
    (
      await fetch(url, {
        method: 'POST',
        ...(authorization !== undefined && { headers: { authorization } }),
        body: '{}',
      })
    ).status;
  assert.equal(await post(), 401);
  assert.equal(await post(`Bearer ${token.slice(0, -2)}xx`), 401);
  assert.equal(await post(`Basic ${token}`), 401);
  const read = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  assert.deepEqual([read.status, read.headers.get('allow')], [405, 'POST']);
  const preflight = await fetch(url, { method: 'OPTIONS', headers: { origin: 'http://page.example' } });
  assert.equal(preflight.headers.get('access-control-allow-origin'), null);
  assert.equal((await mesh.get<Roots>('roots')).bundleVersion, 1);
  const bad = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${token}` }, body: '{"prompt":1}' });
  assert.equal(bad.status, 400);
  assert.equal(await post(`Bearer ${token}`), 200);
  assert.equal((await mesh.get<Roots>('roots')).bundleVersion, 2);
  const elsewhere = ['--admin', mesh.adminUrl, '--state', join(createFolder(t), 'other')];
  const { code, stderr } = await runSelvage(t, 'root', 'rotate', ...elsewhere);
  assert.deepEqual([code, /there is no admin token in/.test(stderr)], [1, true]);
});
