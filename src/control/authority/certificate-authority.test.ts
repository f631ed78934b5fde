import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { readPeerIdentity } from '#identity/peer-identity.ts';
import { openssl, withoutOpenssl } from '#identity/testing/openssl.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { cart, createAuthority, domain, id, obtain } from './testing/mesh.ts';

const nowMs = Math.floor(Date.now() / 1000) * 1000;
const MINUTE_MS = 60_000;

test('CertificateAuthority issues what openssl verifies strictly', { skip: withoutOpenssl }, (t) => {
  const { authority } = createAuthority(t, nowMs);
  const files = { 'root.pem': authority.bundle.roots[0]!, 'leaf.pem': obtain(authority, cart, nowMs).certificateChain };
  for (const purpose of ['sslserver', 'sslclient']) {
    const args = ['-x509_strict', '-purpose', purpose, '-CAfile', 'root.pem', 'leaf.pem'];
    assert.equal(openssl(files, 'verify', ...args).text, 'leaf.pem: OK\n');
  }
  const { text } = openssl(files, 'x509', '-in', 'root.pem', '-noout', '-text');
  assert.match(text, /Basic Constraints: critical\s+CA:TRUE, pathlen:0\n/);
  assert.match(text, /Key Usage: critical\s+Certificate Sign, CRL Sign\n/);
  assert.match(text, /URI:spiffe:\/\/mesh\.test\n/);
});

test('CertificateAuthority issues for a day, dated back fifteen minutes', (t) => {
  const { authority } = createAuthority(t, nowMs);
  const certificate = new X509Certificate(obtain(authority, cart, nowMs).certificateChain);
  assert.equal(Date.parse(certificate.validTo), nowMs + 24 * 60 * MINUTE_MS);
  assert.equal(Date.parse(certificate.validFrom), nowMs - 15 * MINUTE_MS);
});

test('an SVID is valid for machines whose clocks are minutes off either way', (t) => {
  const { authority } = createAuthority(t, nowMs);
  const certificate = new X509Certificate(obtain(authority, cart, nowMs).certificateChain);
  for (const offMs of [-14 * MINUTE_MS, 4 * MINUTE_MS, 60 * MINUTE_MS])
    assert.ok('spiffeId' in readPeerIdentity(certificate, domain, nowMs + offMs), `${offMs}`);
  const early = readPeerIdentity(certificate, domain, nowMs - 16 * MINUTE_MS);
  assert.equal('problem' in early && early.problem, 'not-yet-valid');
});

test('CertificateAuthority gives every certificate another serial number of 128 bits', (t) => {
  const { authority } = createAuthority(t, nowMs);
  const numbers = Array.from({ length: 20 }, () => obtain(authority, cart, nowMs).serialNumber);
  assert.equal(new Set(numbers).size, 20);
  for (const number of numbers) assert.match(number, /^[4-7][0-9a-f]{31}$/);
});

test('CertificateAuthority signs nothing that outlives its own certificate', (t) => {
  const { authority } = createAuthority(t, nowMs);
  const lateMs = authority.expiresAtMs - 60 * MINUTE_MS;
  assert.equal(obtain(authority, cart, lateMs).expiresAtMs, authority.expiresAtMs);
  assert.throws(() => obtain(authority, cart, authority.expiresAtMs - 1000), /the authority's certificate expires/);
});

test('CertificateAuthority refuses identities of another trust domain', (t) => {
  const { authority } = createAuthority(t, nowMs);
  assert.throws(
    () => obtain(authority, id('spiffe://other.test/ns/shop/sa/cart'), nowMs),
    /this authority is of mesh.test/,
  );
});

test('CertificateAuthority refuses lifetimes that end before they begin', (t) => {
  const { keys } = createAuthority(t, nowMs);
  for (const svidLifetimeMs of [0, -1, 59_999, Number.NaN])
    assert.throws(() => new CertificateAuthority({ keys, svidLifetimeMs }), RangeError);
});
