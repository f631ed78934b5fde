import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleAt, bundleOf, cart, domain, TestAuthority } from './testing/authority.ts';
import { createTrustBundle, rootCertificates, supersedes } from './trust-bundle.ts';
import { parseTrustDomain } from './trust-domain.ts';
import { WorkloadKey } from './workload-key.ts';

const [old, next] = [new TestAuthority('old'), new TestAuthority('new')];

test('createTrustBundle keeps each root once, however it is written', () => {
  const other = old.certificate.replaceAll('\n', '\r\n');
  const bundle = createTrustBundle(domain, 1, `# a comment\n${old.certificate}${other}${next.certificate}`);
  assert.ok(typeof bundle === 'object');
  assert.deepEqual(bundle.roots, [old.certificate, next.certificate]);
  assert.deepEqual(
    rootCertificates(bundle).map(({ subject }) => subject.split('=').at(-1)),
    ['old', 'new'],
  );
});

function refusalOf(pem: string): string {
  const bundle = createTrustBundle(domain, 1, pem);
  return typeof bundle === 'string' ? bundle : '';
}

test('createTrustBundle refuses texts without certificates, broken ones and workloads', () => {
  const workload = old.issue(WorkloadKey.generate().publicKey, cart.uri);
  assert.match(refusalOf('nothing'), /holds no certificate/);
  assert.match(refusalOf(old.certificate.replace(/^M/m, 'N')), /certificate 1 .* cannot be read/);
  assert.match(refusalOf(old.certificate + workload), /certificate 2 .* not an authority's/);
});

test('supersedes takes only later bundles of the same trust domain', () => {
  const elsewhere = createTrustBundle(parseTrustDomain('other.test')!, 9, next.certificate);
  assert.ok(typeof elsewhere === 'object');
  assert.equal(supersedes(bundleAt(2, next), bundleOf(old)), true);
  assert.equal(supersedes(bundleOf(next), bundleOf(old)), false);
  assert.equal(supersedes(bundleOf(old), bundleAt(2, next)), false);
  assert.equal(supersedes(elsewhere, bundleOf(old)), false);
});
