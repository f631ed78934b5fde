import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test, type TestContext } from 'node:test';
import { createCertificateRequest } from '#identity/certificate-request.ts';
import { readPeerIdentity } from '#identity/peer-identity.ts';
import type { SpiffeId } from '#identity/spiffe-id.ts';
import { SvidSource } from '#identity/svid-source.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import type { Credential } from './attestation.ts';
import { type IssuanceRecord, Issuer } from './issuer.ts';
import { JoinTokenAttestor } from './join-token-attestor.ts';
import { JoinTokens } from './join-tokens.ts';
import { SvidAttestor } from './svid-attestor.ts';
import { stateFolder } from './testing/folder.ts';
import { cart, createAuthority, domain, id, pay } from './testing/mesh.ts';

const nowMs = Date.now();
const DAY_MS = 86_400_000;
const account = { namespace: 'shop', serviceAccount: 'cart' };

interface Desk {
  readonly issuer: Issuer;
  readonly tokens: JoinTokens;
  readonly records: IssuanceRecord[];
}

function openDesk(t: TestContext): Desk {
  const tokens = JoinTokens.open(stateFolder(t));
  t.after(() => tokens.close());
  const { authority } = createAuthority(t, nowMs);
  const records: IssuanceRecord[] = [];
  const attestors = { 'join-token': new JoinTokenAttestor(tokens, domain), svid: new SvidAttestor(domain) };
  return { issuer: new Issuer({ authority, attestors, record: (record) => records.push(record) }), tokens, records };
}

/** @returns the SPIFFE id that was certified, or the refusal */
async function ask({ issuer }: Desk, credential: Credential, spiffeId: SpiffeId, atMs = nowMs): Promise<string> {
  const certificateRequest = createCertificateRequest(WorkloadKey.generate(), spiffeId);
  const answer = await issuer.issue({ credential, spiffeId, certificateRequest }, atMs);
  if ('refusal' in answer) return answer.refusal;
  const peer = readPeerIdentity(new X509Certificate(answer.certificateChain), domain, atMs);
  return 'problem' in peer ? peer.problem : peer.spiffeId.uri;
}

test('a workload joins with its token, renews with its SVID, and each leaves a record', async (t) => {
  const desk = openDesk(t);
  const { token, record } = desk.tokens.create({ ...account, maxUses: 1 }, nowMs);
  const source = new SvidSource({ spiffeId: cart, random: () => 0.5 });
  const join = source.poll(nowMs)!;
  const first = await desk.issuer.issue({ ...join, credential: { kind: 'join-token', token } }, nowMs);
  assert.ok(!('refusal' in first));
  assert.equal(source.issued(join, first, nowMs), undefined);

  const renewMs = source.nextPollMs;
  const renewal = source.poll(renewMs)!;
  const peer = readPeerIdentity(new X509Certificate(source.current!.svid.certificateChain), domain, renewMs);
  assert.ok('spiffeId' in peer);
  const second = await desk.issuer.issue({ ...renewal, credential: { kind: 'svid', peer } }, renewMs);
  assert.ok(!('refusal' in second));
  assert.equal(source.issued(renewal, second, renewMs), undefined);

  const [joined, renewed] = desk.records;
  assert.ok(joined?.outcome === 'issued' && renewed?.outcome === 'issued');
  assert.equal(joined.evidence, `join-token ${record.id}`);
  assert.equal(renewed.evidence, `svid ${joined.serialNumber}`);
  assert.equal(renewed.serialNumber, source.current?.svid.serialNumber);
  assert.equal(joined.keyType, 'P-256');
});

test('every refusal of a token is one answer to the caller and its own reason in the record', async (t) => {
  const desk = openDesk(t);
  const make = (maxUses?: number): string =>
    desk.tokens.create({ ...account, ...(maxUses !== undefined && { maxUses }) }, nowMs).token;
  const revoked = desk.tokens.create(account, nowMs);
  desk.tokens.revoke(revoked.record.id, nowMs);
  const usedUp = make(1);
  await ask(desk, { kind: 'join-token', token: usedUp }, cart);
  desk.records.length = 0;

  const attempts: readonly (readonly [string, SpiffeId, number])[] = [
    ['garbage', cart, nowMs],
    [make(), pay, nowMs],
    [revoked.token, cart, nowMs],
    [usedUp, cart, nowMs],
    [make(), cart, nowMs + DAY_MS],
    [make(), id('spiffe://other.test/ns/shop/sa/cart'), nowMs],
  ];
  const answers: string[] = [];
  for (const [token, spiffeId, atMs] of attempts)
    answers.push(await ask(desk, { kind: 'join-token', token }, spiffeId, atMs));
  assert.equal(new Set(answers).size, 1);
  assert.match(answers[0]!, /^the identity is refused/);
  const reasons = desk.records.map((record) => (record.outcome === 'refused' ? record.reason : 'issued'));
  assert.equal(new Set(reasons).size, attempts.length);
  assert.deepEqual(reasons.slice(0, 3), [
    'the join token is not complete: its form or checksum is wrong',
    'the join token is for another service account',
    'the join token was revoked',
  ]);
  for (const [token] of attempts)
    assert.ok(!JSON.stringify(desk.records).includes(token.split('_')[2] ?? token), 'a secret in the record');
});

test('a certificate says what was attested, whatever the request asks for', async (t) => {
  const desk = openDesk(t);
  const { token } = desk.tokens.create(account, nowMs);
  const certificateRequest = createCertificateRequest(WorkloadKey.generate(), pay);
  const credential = { kind: 'join-token', token } as const;
  const answer = await desk.issuer.issue({ credential, spiffeId: cart, certificateRequest }, nowMs);
  assert.ok(!('refusal' in answer));
  assert.equal(new X509Certificate(answer.certificateChain).subjectAltName, `URI:${cart.uri}`);
});

test('an SVID renews only its own identity, and only while it is valid', async (t) => {
  const desk = openDesk(t);
  const peer = { spiffeId: cart, serialNumber: '41', expiresAtMs: nowMs + 1000 };
  assert.equal(await ask(desk, { kind: 'svid', peer }, cart), cart.uri);
  assert.match(await ask(desk, { kind: 'svid', peer }, pay), /refused/);
  assert.match(await ask(desk, { kind: 'svid', peer }, cart, nowMs + 1001), /refused/);
  const foreign = { ...peer, spiffeId: id('spiffe://other.test/ns/shop/sa/cart') };
  assert.match(await ask(desk, { kind: 'svid', peer: foreign }, cart), /refused/);
});

test('a request that cannot be certified does not use up a token, and its fault is told', async (t) => {
  const desk = openDesk(t);
  const { token } = desk.tokens.create({ ...account, maxUses: 1 }, nowMs);
  const credential = { kind: 'join-token', token } as const;
  const answer = await desk.issuer.issue({ credential, spiffeId: cart, certificateRequest: Buffer.from('x') }, nowMs);
  assert.deepEqual(answer, { refusal: 'the certificate request is malformed' });
  assert.equal(await ask(desk, credential, cart), cart.uri);
});

test('nothing is issued that could not be recorded', async (t) => {
  const { authority } = createAuthority(t, nowMs);
  const record = (): never => {
    throw new Error('disk full');
  };
  const peer = { spiffeId: cart, serialNumber: '41', expiresAtMs: nowMs + 1000 };
  const issuer = new Issuer({ authority, attestors: { svid: new SvidAttestor(domain) }, record });
  const certificateRequest = createCertificateRequest(WorkloadKey.generate(), cart);
  await assert.rejects(
    issuer.issue({ credential: { kind: 'svid', peer }, spiffeId: cart, certificateRequest }, nowMs),
    /disk full/,
  );
});

test('a kind of credential that nobody attests is refused', async (t) => {
  const { authority } = createAuthority(t, nowMs);
  const records: IssuanceRecord[] = [];
  const issuer = new Issuer({ authority, attestors: {}, record: (record) => records.push(record) });
  const desk = { issuer, records } as unknown as Desk;
  assert.match(await ask(desk, { kind: 'join-token', token: 'x' }, cart), /refused/);
  assert.equal(records[0]?.outcome, 'refused');
});
