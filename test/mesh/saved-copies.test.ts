import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test, type TestContext } from 'node:test';
import { createFolder } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import type { Program } from '../end-to-end/testing/program.ts';
import { MeshProcesses } from './testing/mesh-processes.ts';

/*
 * What a workload has saved in its last life is not what it was. It is then used as a whole or not at all, and the reason
 * is told; nothing else goes wrong for it.
 */

const CALLER = join(import.meta.dirname, 'testing/caller.mjs');

type Damage = (path: string) => void;

const rewrite =
  (change: (octets: Buffer) => Buffer): Damage =>
  (path) =>
    writeFileSync(path, change(readFileSync(path)));

/** As another version of Selvage would have written it, checksum and all. */
const ofVersion2: Damage = rewrite((octets) =>
  Buffer.from(octets.toString().replace(/^(selvage-[a-z-]+) 1 /, '$1 2 ')),
);

/** Well formed, and with a checksum that is right. */
const withBody =
  (body: string): Damage =>
  (path) => {
    const digest = createHash('sha256').update(body).digest('hex');
    const head = readFileSync(path, 'latin1')
      .split('\n')[0]!
      .replace(/[0-9a-f]{64}$/, digest);
    writeFileSync(path, `${head}\n${body}`);
  };

const damages: Readonly<Record<string, Damage>> = {
  'is empty': rewrite(() => Buffer.alloc(0)),
  'is cut short': rewrite((octets) => octets.subarray(0, octets.length / 2)),
  'has one bit flipped': rewrite((octets) => {
    octets[octets.length - 2]! ^= 4;
    return octets;
  }),
  'is of another version': ofVersion2,
  'is not JSON': withBody('{"'),
  'is JSON of something else': withBody('{"a":[1,2,null]}\n'),
  'is a symbolic link': (path) => {
    renameSync(path, `${path}.elsewhere`);
    symlinkSync(`${path}.elsewhere`, path);
  },
  'can be read by others': (path) => chmodSync(path, 0o644),
};

const REASON: Readonly<Record<string, RegExp>> = {
  'is empty': /it does not begin as|it is not a saved copy/,
  'is cut short': /checksum/,
  'has one bit flipped': /checksum/,
  'is of another version': /format version 2|of format 2/,
  'is not JSON': /no JSON|not JSON/,
  'is JSON of something else': /its fields are not those|it has no resources/,
  'is a symbolic link': /not a regular file/,
  'can be read by others': /other users may access it \(mode 0644; run chmod 600/,
};

interface Saved {
  readonly mesh: MeshProcesses;
  readonly folder: string;
}

/** A mesh with `cart`, and the folder of a workload that has called it and is gone. */
async function startSaved(t: TestContext): Promise<Saved> {
  const mesh = await MeshProcesses.start(t);
  const port = await freePort();
  await mesh.runApplication('cart', port, '--id', 'cart-1');
  await mesh.workloads('cart-1 ready');
  const folder = join(createFolder(t), 'web');
  const web = await mesh.runCaller('web', 'http://cart/', '--id', 'web-1', '--state', folder);
  await web.printed(/^200 cart/m);
  web.kill('SIGTERM');
  await web.ended;
  return { mesh, folder };
}

function runAgain({ mesh, folder }: Saved, ...flags: string[]): Program {
  const who = ['--service-account', 'web', '--id', 'web-1', '--state', folder];
  return mesh.run([...who, ...flags], process.execPath, CALLER, 'http://cart/');
}

async function stop(program: Program): Promise<void> {
  program.kill('SIGTERM');
  await program.ended;
}

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('what was learnt of a control plane is asked for anew where its saved copy is not what it was', async (t) => {
  const saved = await startSaved(t);
  const copy = join(saved.folder, 'discovery');
  const good = readFileSync(copy);
  for (const [what, damage] of Object.entries(damages)) {
    writeFileSync(copy, good);
    chmodSync(copy, 0o600);
    damage(copy);
    const web = runAgain(saved);
    await web.printed(/^200 cart/m);
    assert.match(web.stderr, REASON[what]!, what);
    assert.match(web.stderr, /discovery: .*; what it held is asked of the control plane/, what);
    await stop(web);
    assert.equal(modeOf(copy), 0o600, what);
    assert.ok(readFileSync(copy, 'utf8').includes('Service/default/cart:80'), what);
  }
});

test('an identity is used as it was saved, or not at all, and the reason is told', async (t) => {
  const saved = await startSaved(t);
  const path = join(saved.folder, 'identity');
  const good = readFileSync(path);
  for (const [what, damage] of Object.entries(damages)) {
    writeFileSync(path, good);
    chmodSync(path, 0o600);
    damage(path);
    const { code, stdout, stderr } = await runAgain(saved).ended;
    assert.deepEqual([code, stdout], [1, ''], what);
    assert.match(stderr, REASON[what]!, what);
    assert.doesNotMatch(stderr, /PRIVATE KEY|svt_/, what);
    renameSync(path, `${path}.used`);
  }
});

test('a workload whose identity is damaged joins anew where it has a token', async (t) => {
  const saved = await startSaved(t);
  const path = join(saved.folder, 'identity');
  const before = readFileSync(path, 'utf8');
  damages['is cut short']!(path);
  const web = runAgain(saved, '--token', await saved.mesh.token('web'));
  await web.printed(/^200 cart/m);
  assert.match(web.stderr, /cannot use the saved identity: its content does not match its checksum/);
  assert.notEqual(readFileSync(path, 'utf8'), before);
  assert.equal(modeOf(path), 0o600);
});

test(
  'files of another user are not used',
  { skip: process.getuid?.() !== 0 && 'only root can give files away' },
  async (t) => {
    const saved = await startSaved(t);
    chownSync(join(saved.folder, 'discovery'), 1, 1);
    const web = runAgain(saved);
    await web.printed(/^200 cart/m);
    assert.match(web.stderr, /discovery: it belongs to user 1, and this process is user 0/);
    await stop(web);
    chownSync(join(saved.folder, 'identity'), 1, 1);
    const { code, stderr } = await runAgain(saved).ended;
    assert.equal(code, 1);
    assert.match(stderr, /identity: it belongs to user 1, and this process is user 0 \(chown 0 /);
  },
);

test('what another workload has saved is not used', async (t) => {
  const saved = await startSaved(t);
  const { mesh, folder } = saved;
  const other = join(createFolder(t), 'job');
  const flags = ['--service-account', 'job', '--id', 'job-1', '--state', other];
  assert.equal((await mesh.run([...flags, '--token', await mesh.token('job')], 'true').ended).code, 0);
  copyFileSync(join(folder, 'discovery'), join(other, 'discovery'));
  const job = mesh.run(flags, process.execPath, CALLER, 'http://cart/');
  await job.printed(/^200 cart.*sa\/job/m);
  assert.match(job.stderr, /it belongs to ".*sa\/web web-1", not to ".*sa\/job job-1"/);
  await stop(job);
  // The key of another account opens nothing but what that one may.
  copyFileSync(join(folder, 'identity'), join(other, 'identity'));
  const { code, stderr } = await mesh.run(flags, 'true').ended;
  assert.equal(code, 1);
  assert.match(stderr, /the saved identity is of spiffe:\/\/cluster\.local\/ns\/default\/sa\/web/);
});

test('a folder that others may read is not used', async (t) => {
  const saved = await startSaved(t);
  chmodSync(saved.folder, 0o755);
  const { code, stderr } = await runAgain(saved).ended;
  assert.equal(code, 1);
  assert.match(stderr, /other users may access it \(mode 0755; run chmod 700 /);
});

test('a control plane whose list of workloads is damaged starts without it, and learns it anew', async (t) => {
  const { mesh } = await startSaved(t);
  const path = join(mesh.state, 'workloads');
  for (const [what, damage] of Object.entries(damages)) {
    if (/link|others/.test(what)) continue;
    mesh.control.kill('SIGKILL');
    await mesh.control.ended;
    damage(path);
    await mesh.startControl();
    assert.match(mesh.control.stderr, /cannot use the saved workloads: .* \(they come back by themselves\)/, what);
    await mesh.workloads('cart-1 ready');
  }
});
