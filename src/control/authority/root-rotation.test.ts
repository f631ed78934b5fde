import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handshake, nameOf, type End } from '#identity/testing/handshake.ts';
import type { Svid } from '#identity/svid.ts';
import type { TrustBundle } from '#identity/trust-bundle.ts';
import { BuiltInKeys } from './built-in-keys.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { advanceRotation, beginRotation, type RootSet, signingRoot } from './root-rotation.ts';
import { stateFolder } from './testing/folder.ts';
import { cart, createAuthority, domain, obtain, pay } from './testing/mesh.ts';

const HOUR_MS = 3_600_000;
const root = (name: string): RootSet['roots'][0] => ({ certificate: name, privateKey: name });
const steady: RootSet = {
  bundleVersion: 1,
  roots: [root('old')],
  rotation: { phase: 'steady' },
  longestLifetimeMs: 24 * HOUR_MS,
};

function begun(announceMs = 24 * HOUR_MS): RootSet {
  const set = beginRotation(steady, root('new'), 0, announceMs);
  assert.ok(typeof set === 'object');
  return set;
}

test('a root is exchanged in three steps: both trusted, the new one signs, the old one is gone', () => {
  const announced = begun();
  assert.deepEqual(
    [announced.bundleVersion, announced.roots.length, signingRoot(announced).certificate],
    [2, 2, 'old'],
  );
  assert.equal(advanceRotation(announced, 24 * HOUR_MS - 1), announced);
  const retiring = advanceRotation(announced, 24 * HOUR_MS);
  assert.deepEqual([retiring.bundleVersion, retiring.roots.length, signingRoot(retiring).certificate], [2, 2, 'new']);
  assert.equal(advanceRotation(retiring, 48 * HOUR_MS - 1), retiring);
  const ended = advanceRotation(retiring, 48 * HOUR_MS);
  assert.deepEqual([ended.bundleVersion, ended.roots, ended.rotation], [3, [root('new')], { phase: 'steady' }]);
});

test('the old root stays for a whole lifetime after the switch, also where the control plane was away for days', () => {
  const retiring = advanceRotation(begun(), 240 * HOUR_MS);
  assert.deepEqual(retiring.rotation, { phase: 'retiring', dropAtMs: 264 * HOUR_MS });
});

test('a second exchange does not begin before the first has ended', () => {
  assert.match(beginRotation(begun(), root('third'), 0, 0) as string, /has not ended yet/);
});

test('an exchange goes on after a restart, and a shorter lifetime of SVIDs does not hurry it', (t) => {
  const folder = stateFolder(t);
  const open = (lifetimeMs: number): BuiltInKeys => BuiltInKeys.open(folder, domain, lifetimeMs, 0);
  const before = open(24 * HOUR_MS);
  assert.equal(before.rotateRoot(0), undefined);
  const after = open(HOUR_MS);
  assert.deepEqual(after.bundle, before.bundle);
  assert.deepEqual(after.rotation, { phase: 'announced', switchAtMs: 24 * HOUR_MS });
  assert.equal(after.advance(24 * HOUR_MS), false);
  assert.deepEqual(open(HOUR_MS).rotation, { phase: 'retiring', dropAtMs: 48 * HOUR_MS });
  assert.match(after.rotateRoot(25 * HOUR_MS) ?? '', /has not ended/);
  assert.equal(after.advance(48 * HOUR_MS), true);
  assert.equal(open(HOUR_MS).bundle.version, 3);
});

test('a longer lifetime of SVIDs is remembered, so that their root outlives them', (t) => {
  const folder = stateFolder(t);
  BuiltInKeys.open(folder, domain, HOUR_MS, 0);
  BuiltInKeys.open(folder, domain, 48 * HOUR_MS, 0);
  const keys = BuiltInKeys.open(folder, domain, HOUR_MS, 0);
  keys.rotateRoot(0, 0);
  keys.advance(0);
  assert.deepEqual(keys.rotation, { phase: 'retiring', dropAtMs: 48 * HOUR_MS });
});

/** With SVIDs of two minutes, so that all of an exchange lies within the fifteen minutes that they are dated back. */
test('workloads of both generations of roots understand each other through the whole exchange', async (t) => {
  const startMs = Date.now();
  const lifetimeMs = 120_000;
  const { keys, authority } = createAuthority(t, startMs, lifetimeMs);
  const end = (svid: Svid, bundle: TrustBundle): End => ({ ...svid, privateKey: svid.key.exportPem(), bundle });
  const understand = async (one: End, other: End): Promise<boolean> => {
    const [there, back] = [await handshake(one, other), await handshake(other, one)];
    return [there.server, there.client, back.server, back.client].every((seen) => nameOf(seen).startsWith('spiffe://'));
  };

  const first = obtain(authority, cart, startMs);
  const bundles = [authority.bundle];
  keys.rotateRoot(startMs, 60_000);
  bundles.push(authority.bundle);
  const second = obtain(authority, pay, startMs + 59_000);
  assert.ok(
    await understand(end(first, bundles[0]!), end(second, bundles[1]!)),
    'announced: old SVIDs, one new bundle',
  );

  const third = obtain(authority, cart, startMs + 60_000);
  assert.deepEqual(authority.bundle, bundles[1], 'the switch does not change the bundle');
  assert.ok(await understand(end(second, bundles[1]!), end(third, bundles[1]!)), 'retiring: old and new SVID');
  assert.ok(
    !(await understand(end(first, bundles[0]!), end(third, bundles[1]!))),
    'who never got the new root does not',
  );

  const fourth = obtain(authority, pay, startMs + 180_000);
  bundles.push(authority.bundle);
  assert.equal(authority.bundle.roots.length, 1);
  assert.ok(await understand(end(third, bundles[1]!), end(fourth, bundles[2]!)), 'ended: new SVIDs, one old bundle');
  assert.ok(!(await understand(end(second, bundles[1]!), end(fourth, bundles[2]!))), 'the old root counts no more');
});

test('SVIDs of both generations verify against the bundle at every step of a day-long exchange', (t) => {
  const startMs = Date.now();
  const { keys } = createAuthority(t, startMs);
  const authority = new CertificateAuthority({ keys });
  keys.rotateRoot(startMs);
  // `obtain` judges as a workload does; each step would throw where the bundle lacked the root that signs.
  for (let hour = 0; hour <= 60; hour++) obtain(authority, cart, startMs + hour * HOUR_MS);
  assert.equal(keys.bundle.version, 3);
});
