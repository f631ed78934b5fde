import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { createJoinToken, parseJoinToken } from './join-token.ts';
import { type JoinTokenRecord, JoinTokens, type TokenRefusal } from './join-tokens.ts';
import type { StateFolder } from './state-folder.ts';
import { stateFolder } from './testing/folder.ts';

const nowMs = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const cart = { namespace: 'shop', serviceAccount: 'cart' };
const [keyA, keyB] = ['a'.repeat(64), 'b'.repeat(64)] as const;

function openTokens(t: TestContext, folder: StateFolder = stateFolder(t)): JoinTokens {
  const tokens = JoinTokens.open(folder);
  t.after(() => tokens.close());
  return tokens;
}

function outcome(result: JoinTokenRecord | TokenRefusal): string {
  return typeof result === 'string' ? result : 'accepted';
}

test('parseJoinToken accepts what createJoinToken made, and nothing with one character changed', () => {
  const { token, id, hash } = createJoinToken();
  assert.match(token, /^svt_[0-9a-f]{12}_[0-9a-f]{64}_[0-9a-f]{8}$/);
  assert.deepEqual(parseJoinToken(token), { id, hash });
  fc.assert(
    fc.property(fc.nat(token.length - 1), fc.constantFrom('', '0', 'f', 'F', '_', ' '), (at, other) => {
      fc.pre(token[at] !== other);
      assert.equal(parseJoinToken(token.slice(0, at) + other + token.slice(at + 1)), undefined);
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => assert.equal(parseJoinToken(text), undefined)));
});

test('JoinTokens admits a workload to the one account that the token is for', (t) => {
  const tokens = openTokens(t);
  const { token, record } = tokens.create(cart, nowMs);
  assert.equal(record.expiresAtMs, nowMs + DAY_MS);
  assert.equal(outcome(tokens.redeem(token, cart, keyA, nowMs)), 'accepted');
  assert.equal(outcome(tokens.redeem(token, { ...cart, serviceAccount: 'pay' }, keyA, nowMs)), 'other-account');
  assert.equal(outcome(tokens.redeem(token, { ...cart, namespace: 'bank' }, keyA, nowMs)), 'other-account');
});

test('JoinTokens refuses for reasons that operators can tell apart', (t) => {
  const tokens = openTokens(t);
  const [good, revoked] = [tokens.create(cart, nowMs), tokens.create(cart, nowMs)];
  tokens.revoke(revoked.record.id, nowMs);
  const stranger = createJoinToken().token;
  const forged = forgeSecret(good.record.id);
  assert.equal(tokens.redeem(good.token.slice(0, -1), cart, keyA, nowMs), 'garbled');
  assert.equal(tokens.redeem(stranger, cart, keyA, nowMs), 'unknown');
  assert.equal(tokens.redeem(forged, cart, keyA, nowMs), 'wrong-secret');
  assert.equal(tokens.redeem(revoked.token, cart, keyA, nowMs), 'revoked');
  assert.equal(tokens.redeem(good.token, cart, keyA, nowMs + DAY_MS), 'expired');
  assert.equal(outcome(tokens.redeem(good.token, cart, keyA, nowMs + DAY_MS - 1)), 'accepted');
});

/** A well-formed token with the id of another one. */
function forgeSecret(id: string): string {
  const body = `svt_${id}_${createJoinToken().token.split('_')[2]}`;
  return `${body}_${createHash('sha256').update(body).digest('hex').slice(0, 8)}`;
}

test('JoinTokens lets a token be used as often as its creator said, by another workload each time', (t) => {
  const tokens = openTokens(t);
  const { token, record } = tokens.create({ ...cart, maxUses: 1 }, nowMs);
  assert.equal(outcome(tokens.redeem(token, cart, keyA, nowMs)), 'accepted');
  assert.equal(outcome(tokens.redeem(token, cart, keyB, nowMs)), 'used-up');
  assert.equal(outcome(tokens.redeem(token, cart, keyA, nowMs + 1)), 'accepted', 'an answer that was lost');
  assert.equal(tokens.list().find(({ id }) => id === record.id)?.uses, 1);
  assert.equal(outcome(tokens.redeem(token, cart, keyA, nowMs + DAY_MS)), 'expired');
});

test('JoinTokens does not use up a token by what it refuses', (t) => {
  const tokens = openTokens(t);
  const { token } = tokens.create({ ...cart, maxUses: 1 }, nowMs);
  tokens.redeem(token, { ...cart, serviceAccount: 'pay' }, keyB, nowMs);
  assert.equal(outcome(tokens.redeem(token, cart, keyA, nowMs)), 'accepted');
});

test('JoinTokens gives the last use to one of two processes', (t) => {
  const folder = stateFolder(t);
  const [one, other] = [openTokens(t, folder), openTokens(t, folder)];
  const { token } = one.create({ ...cart, maxUses: 1 }, nowMs);
  assert.equal(outcome(one.redeem(token, cart, keyA, nowMs)), 'accepted');
  assert.equal(outcome(other.redeem(token, cart, keyB, nowMs)), 'used-up');
});

test('JoinTokens opens while another process writes', (t) => {
  const folder = stateFolder(t);
  openTokens(t, folder);
  const other = new DatabaseSync(folder.pathOf('join-tokens.sqlite'));
  t.after(() => other.close());
  other.exec('begin immediate');
  assert.deepEqual(openTokens(t, folder).list(), []);
});

test('JoinTokens remembers across restarts, also what was revoked', (t) => {
  const folder = stateFolder(t);
  const first = JoinTokens.open(folder);
  const [kept, ended] = [first.create(cart, nowMs), first.create(cart, nowMs)];
  assert.equal(first.revoke(ended.record.id, nowMs), true);
  assert.equal(first.revoke('nonsense', nowMs), false);
  first.close();
  const second = openTokens(t, folder);
  assert.equal(outcome(second.redeem(kept.token, cart, keyA, nowMs)), 'accepted');
  assert.equal(outcome(second.redeem(ended.token, cart, keyA, nowMs)), 'revoked');
  assert.equal(second.list().length, 2);
});

test('JoinTokens stores and lists nothing that helps to use a token', (t) => {
  const folder = stateFolder(t);
  const tokens = openTokens(t, folder);
  const { token, record } = tokens.create(cart, nowMs);
  const secret = token.split('_')[2]!;
  const stored = readFileSync(folder.pathOf('join-tokens.sqlite'));
  assert.ok(!stored.includes(secret) && !stored.includes(Buffer.from(secret, 'hex')));
  assert.deepEqual(Object.keys(tokens.list()[0]!).sort(), Object.keys(record).sort());
  assert.ok(!JSON.stringify(tokens.list()).includes(secret));
  assert.ok(!Object.keys(record).includes('hash'));
});

test('JoinTokens forgets tokens a month after they ended', (t) => {
  const tokens = openTokens(t);
  tokens.create({ ...cart, maxUses: 1 }, nowMs);
  tokens.create(cart, nowMs + 31 * DAY_MS + 1);
  assert.equal(tokens.list().length, 1);
});

test('JoinTokens refuses terms that make no sense', (t) => {
  const tokens = openTokens(t);
  for (const terms of [{ lifetimeMs: 0 }, { lifetimeMs: Number.NaN }, { maxUses: 0 }, { maxUses: 1.5 }])
    assert.throws(() => tokens.create({ ...cart, ...terms }, nowMs), RangeError);
});
