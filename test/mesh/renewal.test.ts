import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { test } from 'node:test';
import { createFolder } from '../end-to-end/testing/folder.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { answersOf } from '../network/testing/answers.ts';
import { eventually, MeshProcesses } from './testing/mesh-processes.ts';

/*
 * The life of identities, with the shortest that a control plane issues: one minute.
 */

const LOAD = join(import.meta.dirname, '../network/testing/load.mjs');
const WEB = 'spiffe://cluster.local/ns/default/sa/web';
const LIFETIME_MS = 60_000;

interface SavedIdentity {
  readonly certificateChain: string;
  readonly privateKey: string;
  readonly obtainedAtMs: number;
}

const savedIn = (folder: string): SavedIdentity =>
  JSON.parse(readFileSync(join(folder, 'identity'), 'utf8').replace(/^.*\n/, '')) as SavedIdentity;

const digest = (text: string): string => createHash('sha256').update(text).digest('hex');

test(
  'identities are renewed under load, end closed while their control plane is away, and come back with it',
  { timeout: 300_000 },
  async (t) => {
    const mesh = await MeshProcesses.start(t, '--svid-ttl', '60s');
    const port = await freePort();
    await mesh.runApplication('cart', port, '--id', 'cart-1');
    await mesh.workloads('cart-1 ready');
    const state = join(createFolder(t), 'web');
    const who = ['--service-account', 'web', '--id', 'web-1', '--token', await mesh.token('web'), '--state', state];
    const web = mesh.run(who, process.execPath, LOAD, 'http://cart/', '4', '20');
    await web.printed(/^200 /m);
    const first = savedIn(state);

    await eventually(
      async () => (savedIn(state).privateKey === first.privateKey ? 'not renewed' : undefined),
      LIFETIME_MS,
    );
    const second = savedIn(state);
    const afterMs = second.obtainedAtMs - first.obtainedAtMs;
    // Half of the lifetime, 1 % around it, and what a busy machine takes.
    assert.ok(afterMs > LIFETIME_MS * 0.48 && afterMs < LIFETIME_MS * 0.7, `renewed after ${afterMs} ms`);
    for (const name of readdirSync(state))
      assert.ok(
        !readFileSync(join(state, name), 'utf8').includes(first.privateKey.split('\n')[1]!),
        `${name} has the old key`,
      );
    await mesh.control.said(/certified spiffe:.*\/web \(svid [0-9a-f]+\)/);
    await eventually(
      async () => (/certified .*\/cart \(svid/.test(mesh.control.stderr) ? undefined : 'cart is not'),
      LIFETIME_MS,
    );
    assert.notEqual(digest(second.certificateChain), digest(first.certificateChain));

    mesh.control.kill('SIGKILL');
    await mesh.control.ended;
    const isOver = ({ obtainedAtMs }: SavedIdentity): boolean => Date.now() > obtainedAtMs + LIFETIME_MS;
    // No connection outlives the identity that it was made with: what is answered now came over new ones.
    await eventually(async () => (isOver(first) ? undefined : 'the first is valid'), LIFETIME_MS);
    const from = answersOf(web).length;
    await eventually(async () => (answersOf(web).length > from + 50 ? undefined : 'few requests'));
    assert.deepEqual(
      answersOf(web).filter(({ status }) => status !== 200),
      [],
    );

    await web.said(/the identity of this workload has expired, and no other one could be had/);
    const expired = web.stdout.length;
    await eventually(async () => (answersOf(web, expired).length > 20 ? undefined : 'few requests'));
    for (const { status, text } of answersOf(web, expired).slice(4)) {
      assert.equal(status, 502, text);
      assert.match(text, /upstream_(tls|connect)_failed|no_healthy_upstream/);
    }

    await mesh.startControl('--svid-ttl', '60s');
    await eventually(async () => (answersOf(web).at(-1)?.status === 200 ? undefined : 'not back'), 2 * LIFETIME_MS);
    const back = web.stdout.length;
    await eventually(async () => (answersOf(web, back).length > 50 ? undefined : 'few requests'));
    assert.deepEqual(
      answersOf(web, back).filter(({ status }) => status !== 200),
      [],
    );
    // Never did anything come but as who it is.
    for (const { status, text } of answersOf(web)) if (status === 200) assert.equal(text, `cart:${port} / ${WEB} -`);
  },
);
