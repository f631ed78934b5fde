import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readCheckedDocument, writeCheckedDocument } from './checked-document.ts';
import { readSavedIdentity, writeSavedIdentity } from './saved-identity.ts';
import { readSvid } from './svid.ts';
import type { WorkloadIdentity } from './svid-source.ts';
import { bundleOf, cart, TestAuthority } from './testing/authority.ts';
import { WorkloadKey } from './workload-key.ts';

const root = new TestAuthority('root');
const nowMs = Date.now();
const key = WorkloadKey.generate();
const bundle = bundleOf(root, new TestAuthority('next'));
const svid = readSvid(root.issue(key.publicKey, cart.uri), { spiffeId: cart, key, bundle, nowMs, obtainedAtMs: nowMs });
assert.ok(!('problem' in svid));
const identity: WorkloadIdentity = { svid, bundle };
const text = writeSavedIdentity(identity);
const secret = key.exportPem().split('\n')[1]!;

function faultOf(saved: string, atMs = nowMs): string {
  const read = readSavedIdentity(saved, atMs);
  return typeof read === 'string' ? read : '';
}

test('readSavedIdentity reads what writeSavedIdentity wrote', () => {
  const read = readSavedIdentity(text, nowMs);
  assert.ok(typeof read === 'object');
  assert.deepEqual(read.bundle, bundle);
  assert.equal(read.svid.key.exportPem(), key.exportPem());
  assert.deepEqual({ ...read.svid, key }, svid);
});

test('readSavedIdentity finds any one character that was changed, and any part that is missing', () => {
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.constantFrom('', 'x', '{', '0'), (at, other) => {
      fc.pre(text[at] !== other);
      const fault = readSavedIdentity(text.slice(0, at) + other + text.slice(at + 1), nowMs);
      assert.equal(typeof fault, 'string');
      assert.equal(typeof readSavedIdentity(text.slice(0, at), nowMs), 'string');
    }),
  );
});

test('readSavedIdentity quotes nothing of the file', () => {
  const damaged = text.replace('"spiffeId"', '"spiffeID"');
  assert.match(faultOf(damaged), /does not match its checksum/);
  const body = text.slice(text.indexOf('\n') + 1);
  for (const wrong of [
    body.replace('BEGIN PRIVATE', 'BEGIN SECRET'),
    body.replace(cart.uri, 'spiffe://x'),
    'null',
    '[]',
  ]) {
    let value: unknown = wrong;
    try {
      value = JSON.parse(wrong);
    } catch {}
    const fault = readSavedIdentity(writeCheckedDocument('selvage-identity', 1, value), nowMs);
    assert.ok(typeof fault === 'string' && !fault.includes(secret), 'a secret in a message');
  }
});

test('readSavedIdentity refuses what has expired and what a newer program wrote', () => {
  assert.match(faultOf(text, nowMs + 2 * 86_400_000), /expired/);
  assert.match(faultOf(text.replace('selvage-identity 1', 'selvage-identity 2')), /version 2/);
});

test('readCheckedDocument tells the kinds of documents apart', () => {
  const document = writeCheckedDocument('one-kind', 1, { a: [1] });
  assert.deepEqual(readCheckedDocument(document, 'one-kind', 1), { body: { a: [1] } });
  assert.ok('fault' in readCheckedDocument(document, 'other-kind', 1));
});
