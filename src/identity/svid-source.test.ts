import assert from 'node:assert/strict';
import { createPublicKey, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { parseDer } from './der/element.ts';
import { readSvid } from './svid.ts';
import { type IssuedSvid, type SvidRequest, SvidSource, type WorkloadIdentity } from './svid-source.ts';
import { bundleAt, bundleOf, cart, TestAuthority } from './testing/authority.ts';
import type { TrustBundle } from './trust-bundle.ts';
import { WorkloadKey } from './workload-key.ts';

const HOUR_MS = 3_600_000;
const LIFETIME_MS = 24 * HOUR_MS;
const root = new TestAuthority('root', undefined, 3, {});
const startMs = Math.floor(Date.now() / 1000) * 1000;

/** What an authority would answer, at a time of the test's own clock. */
function answer(
  { certificateRequest }: SvidRequest,
  nowMs: number,
  {
    authority = root,
    bundle = bundleOf(authority),
    lifetimeMs = LIFETIME_MS,
  }: { authority?: TestAuthority; bundle?: TrustBundle; lifetimeMs?: number } = {},
): IssuedSvid {
  const publicKey = parseDer(certificateRequest)!.children[0]!.children[2]!.bytes;
  const times = { notBeforeMs: nowMs - 300_000, notAfterMs: nowMs + lifetimeMs };
  return { certificateChain: authority.issue(publicKey, cart.uri, times), bundle };
}

function source(random: () => number = () => 0.5): SvidSource {
  return new SvidSource({ spiffeId: cart, random });
}

/** One that has its first SVID. */
function joined(random?: () => number): SvidSource {
  const joining = source(random);
  const request = joining.poll(startMs);
  assert.ok(request);
  assert.equal(joining.issued(request, answer(request, startMs), startMs), undefined);
  return joining;
}

test('SvidSource asks at once, serves the answer, and renews at half of the lifetime with another key', () => {
  const seen: (WorkloadIdentity | undefined)[] = [];
  const renewing = source();
  const end = renewing.subscribe((identity) => seen.push(identity));
  const first = renewing.poll(startMs)!;
  assert.equal(renewing.current, undefined);
  renewing.issued(first, answer(first, startMs), startMs);
  assert.equal(renewing.nextPollMs, startMs + LIFETIME_MS / 2);
  assert.equal(renewing.poll(startMs + LIFETIME_MS / 2 - 1), undefined);
  const renewMs = startMs + LIFETIME_MS / 2;
  const second = renewing.poll(renewMs)!;
  renewing.issued(second, answer(second, renewMs), renewMs);
  assert.equal(seen.length, 2);
  assert.equal(renewing.current, seen[1]);
  assert.notDeepEqual(seen[0]?.svid.key.publicKey, seen[1]?.svid.key.publicKey);
  end();
});

test('SvidSource spreads renewals by one percent of the lifetime to either side', () => {
  assert.equal(joined(() => 0).nextPollMs, startMs + LIFETIME_MS * 0.49);
  assert.ok(Math.abs(joined(() => 0.999_999).nextPollMs - (startMs + LIFETIME_MS * 0.51)) < 1000);
});

test('SvidSource renews SVIDs that live shorter than they are dated back without asking all the time', () => {
  const brief = source();
  const request = brief.poll(startMs)!;
  brief.issued(request, answer(request, startMs, { lifetimeMs: 60_000 }), startMs);
  assert.equal(brief.nextPollMs, startMs + 30_000);
});

test('SvidSource waits longer after each failure, up to a minute, and starts over after a success', () => {
  const failing = source(() => 0.999_999_999);
  let nowMs = startMs;
  const waitsMs: number[] = [];
  for (let i = 0; i < 9; i++) {
    const request = failing.poll(nowMs)!;
    failing.failed(request, 'connection refused', nowMs);
    waitsMs.push(Math.round((failing.nextPollMs - nowMs) / 1000) * 1000);
    nowMs = failing.nextPollMs;
  }
  assert.deepEqual(waitsMs, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  assert.equal(failing.lastProblem, 'connection refused');
  const request = failing.poll(nowMs)!;
  failing.issued(request, answer(request, Math.floor(nowMs)), nowMs);
  assert.equal(failing.lastProblem, undefined);
  nowMs = failing.nextPollMs;
  failing.failed(failing.poll(nowMs)!, 'connection refused', nowMs);
  assert.equal(Math.round(failing.nextPollMs - nowMs), 1000);
});

test('SvidSource repeats a request with the same key, so that an authority knows it again', () => {
  const retrying = source();
  const first = retrying.poll(startMs)!;
  retrying.failed(first, 'connection reset', startMs);
  assert.equal(retrying.poll(retrying.nextPollMs), first);
});

test('SvidSource gives up on a silent authority, and still takes its late answer', () => {
  const patient = source();
  const request = patient.poll(startMs)!;
  assert.equal(patient.nextPollMs, startMs + 10_000);
  assert.equal(patient.poll(startMs + 10_000), undefined);
  assert.match(patient.lastProblem ?? '', /did not answer/);
  patient.issued(request, answer(request, startMs), startMs + 10_001);
  assert.ok(patient.current);
});

test('SvidSource goes on serving until the SVID expires, and says when it has', () => {
  const cutOff = joined();
  const expiresAtMs = cutOff.current!.svid.expiresAtMs;
  const seen: unknown[] = [];
  cutOff.subscribe((identity) => seen.push(identity));
  let nowMs = startMs;
  let requests = 0;
  while (nowMs <= expiresAtMs) {
    assert.ok(cutOff.current);
    nowMs = cutOff.nextPollMs;
    const request = cutOff.poll(nowMs);
    if (request === undefined) continue;
    requests++;
    cutOff.failed(request, 'connection refused', nowMs);
  }
  assert.equal(cutOff.current, undefined);
  assert.deepEqual(seen, [undefined]);
  assert.ok(requests > 500 && requests < 2000, `${requests}`);
});

test('SvidSource refuses answers it cannot use, keeps what it has, and asks again', () => {
  const deceived = joined();
  const before = deceived.current;
  const nowMs = deceived.nextPollMs;
  const request = deceived.poll(nowMs)!;
  const foreign = answer(request, nowMs, { authority: new TestAuthority('other'), bundle: bundleOf(root) });
  assert.equal(deceived.issued(request, foreign, nowMs)?.problem, 'foreign-root');
  assert.equal(deceived.current, before);
  assert.ok(deceived.nextPollMs > nowMs && deceived.nextPollMs <= nowMs + 1000);
});

test('SvidSource says that clocks differ where an SVID is from the future, and bears a few minutes', () => {
  const slow = source();
  const request = slow.poll(startMs)!;
  const problem = slow.issued(request, answer(request, startMs + HOUR_MS), startMs);
  assert.equal(problem?.problem, 'not-yet-valid');
  assert.match(slow.lastProblem ?? '', /compare the clocks/);
  assert.equal(slow.issued(request, answer(request, startMs + 4 * 60_000), startMs), undefined);
});

test('SvidSource ignores answers to what it no longer asks', () => {
  const done = source();
  const request = done.poll(startMs)!;
  done.issued(request, answer(request, startMs), startMs);
  const { current, nextPollMs } = done;
  done.issued(request, answer(request, startMs), startMs + 1);
  done.failed(request, 'too late', startMs + 1);
  assert.equal(done.current, current);
  assert.equal(done.nextPollMs, nextPollMs);
  assert.equal(done.lastProblem, undefined);
});

test('SvidSource takes a new bundle without asking, and asks at once where its SVID no longer leads to it', () => {
  const rotating = joined();
  const next = new TestAuthority('next');
  rotating.replaceBundle(bundleAt(2, root, next), startMs + 1000);
  assert.deepEqual(rotating.current?.bundle.roots.length, 2);
  assert.equal(rotating.poll(startMs + 1000), undefined);
  rotating.replaceBundle(bundleAt(3, next), startMs + 2000);
  const request = rotating.poll(startMs + 2000);
  assert.ok(request);
  const late = answer(request, startMs + 2000, { authority: next, bundle: bundleAt(2, root, next) });
  assert.equal(rotating.issued(request, late, startMs + 2000), undefined);
  assert.equal(rotating.current?.bundle.version, 3);
});

test('SvidSource renews within the time it is given where its SVID leads not to the root that is to stay', () => {
  const rotating = joined(() => 0.25);
  const next = new TestAuthority('next');
  rotating.replaceBundle(bundleAt(2, root, next), startMs);
  rotating.renewUnless(root.certificate, 8000, startMs);
  assert.equal(rotating.poll(startMs + 8000), undefined);
  rotating.renewUnless(next.certificate, 8000, startMs);
  assert.equal(rotating.nextPollMs, startMs + 2000);
  const request = rotating.poll(startMs + 2000)!;
  const both = bundleAt(2, root, next);
  assert.equal(
    rotating.issued(request, answer(request, startMs, { authority: next, bundle: both }), startMs),
    undefined,
  );
  rotating.renewUnless(next.certificate, 8000, startMs + 3000);
  assert.equal(rotating.poll(startMs + 20_000), undefined);
});

test('SvidSource does not go back to an older bundle', () => {
  const rotating = joined();
  rotating.replaceBundle(bundleAt(5, root, new TestAuthority('next')), startMs);
  rotating.replaceBundle(bundleAt(4, root), startMs);
  assert.equal(rotating.current?.bundle.version, 5);
});

test('SvidSource renews what was restored at half of the lifetime it had when it was obtained', () => {
  const key = WorkloadKey.generate();
  const chain = root.issue(key.publicKey, cart.uri, {
    notBeforeMs: startMs - 300_000,
    notAfterMs: startMs + LIFETIME_MS,
  });
  const nowMs = startMs + 20 * HOUR_MS;
  const svid = readSvid(chain, { spiffeId: cart, key, bundle: bundleOf(root), nowMs, obtainedAtMs: startMs });
  assert.ok(!('problem' in svid));
  const restored = source();
  restored.restore({ svid, bundle: bundleOf(root) });
  assert.ok(restored.current);
  assert.ok(restored.poll(nowMs), 'it is past the half already');
});

test('the certificate of an SVID is for the key that was generated for it', () => {
  const { svid } = joined().current!;
  const publicKey = createPublicKey(svid.key.exportPem());
  assert.ok(new X509Certificate(svid.certificateChain).publicKey.equals(publicKey));
});
