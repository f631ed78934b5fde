import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { IdentityProblemCode } from './identity-problem.ts';
import { readPeerIdentity } from './peer-identity.ts';
import { readSvid, type Svid } from './svid.ts';
import type { TrustBundle } from './trust-bundle.ts';
import { bundleOf, cart, type Deviations, domain, fieldsOf, id, TestAuthority } from './testing/authority.ts';
import { openssl, withoutOpenssl } from './testing/openssl.ts';
import { WorkloadKey } from './workload-key.ts';
import {
  encodeAuthorityConstraint,
  encodeKeyUsage,
  encodeLeafConstraint,
  encodeTlsPurposes,
  encodeUriName,
  keyUsageBit,
  URI_NAME,
} from './x509/extensions.ts';
import { primitiveTag } from './der/element.ts';
import { encodeElement, encodeObjectIdentifier, encodeOctetString, encodeSequence, encodeTrue } from './der/encoder.ts';
import { emptyName, encodeName, signCertificate } from './x509/certificate-builder.ts';
import { encodePem } from './der/pem.ts';
import { objectIdentifier } from './x509/object-identifiers.ts';

const DAY_MS = 86_400_000;
const root = new TestAuthority('root');
const key = WorkloadKey.generate();

function judge(
  chain: string,
  {
    bundle = bundleOf(root),
    spiffeId = cart,
    nowMs = Date.now(),
  }: { bundle?: TrustBundle; spiffeId?: typeof cart; nowMs?: number } = {},
): Svid | IdentityProblemCode {
  const svid = readSvid(chain, { spiffeId, key, bundle, nowMs, obtainedAtMs: nowMs });
  return 'problem' in svid ? svid.problem : svid;
}

function peerOf(deviations: Deviations, uri: string = cart.uri): string {
  const certificate = new X509Certificate(root.issue(key.publicKey, uri, deviations));
  const peer = readPeerIdentity(certificate, domain, Date.now());
  return 'problem' in peer ? peer.problem : peer.spiffeId.uri;
}

const leaf = (...others: readonly Uint8Array[]): Deviations => ({
  extensions: [encodeLeafConstraint(), encodeTlsPurposes(), ...others],
});
const usage = encodeKeyUsage(keyUsageBit.digitalSignature);
const name = encodeUriName(cart.uri, true);

test('readSvid accepts a good certificate and says until when', () => {
  const chain = root.issue(key.publicKey, cart.uri);
  const svid = judge(chain);
  assert.ok(typeof svid === 'object');
  assert.equal(svid.spiffeId.uri, cart.uri);
  assert.equal(svid.expiresAtMs, Date.parse(new X509Certificate(chain).validTo));
  assert.equal(svid.serialNumber, new X509Certificate(chain).serialNumber.toLowerCase());
});

test('readSvid follows intermediates in any order, and only as far as path lengths allow (RFC 5280 §4.2.1.9)', () => {
  const upper = new TestAuthority('upper', root, 1);
  const lower = new TestAuthority('lower', upper, 0);
  const chain = lower.issue(key.publicKey, cart.uri);
  assert.equal(typeof judge(chain + lower.certificate + upper.certificate), 'object');
  assert.equal(typeof judge(chain + upper.certificate + lower.certificate), 'object');
  assert.equal(judge(chain + lower.certificate), 'foreign-root');
  const short = new TestAuthority('short', root, 0);
  const beyond = new TestAuthority('beyond', short, 0);
  const chainBeyond = beyond.issue(key.publicKey, cart.uri) + beyond.certificate + short.certificate;
  assert.equal(judge(chainBeyond), 'foreign-root');
});

test('readSvid refuses a certificate of a foreign root, also of one with the same name', () => {
  const twin = new TestAuthority('root');
  assert.equal(judge(twin.issue(key.publicKey, cart.uri)), 'foreign-root');
  assert.equal(judge(twin.issue(key.publicKey, cart.uri) + twin.certificate), 'foreign-root');
});

test('readSvid refuses a forger who has the name of the root, and says nothing of the key', () => {
  const twin = new TestAuthority('root');
  assert.equal(judge(twin.issue(key.publicKey, cart.uri, leaf(usage, name))), 'foreign-root');
});

test("readSvid refuses an issuer that has the root's key and another name (RFC 5280 §6.1.3)", () => {
  const template = {
    serialNumber: Buffer.from([1]),
    issuer: encodeName('Test', 'another'),
    subject: emptyName,
    notBeforeMs: Date.now() - 1000,
    notAfterMs: Date.now() + DAY_MS,
    publicKey: key.publicKey,
    extensions: [encodeLeafConstraint(), usage, name],
  };
  const certificate = (issuer: Uint8Array): string =>
    encodePem('CERTIFICATE', signCertificate({ ...template, issuer }, root.key));
  assert.equal(typeof judge(certificate(encodeName('Test', 'root'))), 'object');
  assert.equal(judge(certificate(template.issuer)), 'foreign-root');
});

test('readSvid refuses a workload that signs certificates', () => {
  for (const extensions of [
    [encodeLeafConstraint(), usage],
    [encodeLeafConstraint(), encodeKeyUsage(keyUsageBit.keyCertSign)],
    [encodeAuthorityConstraint(0), usage],
    [],
  ]) {
    const forger = new TestAuthority('forger', root, 0, { extensions });
    assert.equal(judge(forger.issue(key.publicKey, cart.uri, leaf(usage, name)) + forger.certificate), 'foreign-root');
  }
});

test('readSvid refuses the certificate of an expired intermediate', () => {
  const expired = new TestAuthority('expired', root, 0, {
    extensions: [encodeAuthorityConstraint(0), encodeKeyUsage(keyUsageBit.keyCertSign)],
    notBeforeMs: Date.now() - 2 * DAY_MS,
    notAfterMs: Date.now() - DAY_MS,
  });
  assert.equal(judge(expired.issue(key.publicKey, cart.uri) + expired.certificate), 'foreign-root');
});

test('readSvid refuses an expired certificate and one from the future, and says both times', () => {
  const chain = root.issue(key.publicKey, cart.uri);
  assert.equal(judge(chain, { nowMs: Date.now() + 2 * DAY_MS }), 'expired');
  assert.equal(judge(chain, { nowMs: Date.now() - DAY_MS }), 'not-yet-valid');
  const nowMs = Date.now() - DAY_MS;
  const problem = readSvid(chain, { spiffeId: cart, key, bundle: bundleOf(root), nowMs, obtainedAtMs: nowMs });
  assert.ok('message' in problem && problem.message.includes(new Date(nowMs).toISOString()));
});

test('readSvid refuses another identity, another trust domain and another key', () => {
  assert.equal(judge(root.issue(key.publicKey, 'spiffe://mesh.test/ns/shop/sa/pay')), 'other-identity');
  assert.equal(judge(root.issue(key.publicKey, 'spiffe://other.test/ns/shop/sa/cart')), 'foreign-trust-domain');
  const foreign = id('spiffe://other.test/ns/shop/sa/cart');
  assert.equal(judge(root.issue(key.publicKey, foreign.uri), { spiffeId: foreign }), 'foreign-trust-domain');
  assert.equal(judge(root.issue(WorkloadKey.generate().publicKey, cart.uri)), 'other-key');
});

test('readSvid refuses certificates that are for one end of TLS only', () => {
  const purposes = encodeSequence(encodeObjectIdentifier(objectIdentifier.clientAuth));
  const clientOnly = encodeSequence(
    encodeObjectIdentifier(objectIdentifier.extendedKeyUsage),
    encodeOctetString(purposes),
  );
  const extensions = [encodeLeafConstraint(), usage, name, clientOnly];
  assert.equal(judge(root.issue(key.publicKey, cart.uri, { extensions })), 'wrong-usage');
  assert.equal(typeof judge(root.issue(key.publicKey, cart.uri, { extensions: [usage, name] })), 'object');
});

test('readSvid refuses what is no certificate', () => {
  const damaged = root.issue(key.publicKey, cart.uri).replace(/^M/m, 'N');
  for (const text of ['', 'nonsense', damaged, root.issue(key.publicKey, cart.uri).slice(0, 300)])
    assert.equal(judge(text), 'malformed');
});

test('readPeerIdentity refuses certificates that break one rule of X509-SVID each', () => {
  const twoUris = encodeSequence(
    encodeObjectIdentifier(objectIdentifier.subjectAltName),
    encodeOctetString(
      encodeSequence(
        ...[cart.uri, 'https://shop.test'].map((uri) => encodeElement(primitiveTag(URI_NAME), Buffer.from(uri))),
      ),
    ),
  );
  const strange = encodeSequence(encodeObjectIdentifier('1.2.3.4'), encodeTrue(), encodeOctetString(encodeTrue()));
  assert.equal(peerOf(leaf(usage, name)), cart.uri);
  assert.equal(peerOf(leaf(usage)), 'no-uri');
  assert.equal(peerOf(leaf(usage, twoUris)), 'several-uris');
  assert.equal(peerOf({}, 'https://shop.test'), 'not-a-spiffe-id');
  assert.equal(peerOf({}, 'spiffe://mesh.test'), 'not-a-spiffe-id');
  assert.equal(peerOf({}, 'spiffe://other.test/ns/shop/sa/cart'), 'foreign-trust-domain');
  assert.equal(peerOf(leaf(name)), 'wrong-usage');
  assert.equal(peerOf(leaf(name, usage, strange)), 'wrong-usage');
  assert.equal(
    peerOf(leaf(name, encodeKeyUsage(keyUsageBit.digitalSignature, keyUsageBit.keyCertSign))),
    'authority-certificate',
  );
  assert.equal(
    peerOf(leaf(name, encodeKeyUsage(keyUsageBit.digitalSignature, keyUsageBit.cRLSign))),
    'authority-certificate',
  );
  assert.equal(peerOf({ extensions: [encodeAuthorityConstraint(0), usage, name] }), 'authority-certificate');
  assert.equal(peerOf({ notAfterMs: Date.now() - 1000 }), 'expired');
});

test('readPeerIdentity refuses a certificate that has an extension twice, as readers differ on which counts', () => {
  assert.equal(peerOf(leaf(usage, name, encodeUriName('spiffe://mesh.test/ns/shop/sa/pay', true))), 'malformed');
});

test('readPeerIdentity is not deceived by a URI that looks like two in text form (CVE-2021-44532)', () => {
  assert.equal(peerOf({}, `https://x, URI:${cart.uri}`), 'not-a-spiffe-id');
  assert.equal(peerOf({}, `${cart.uri}, URI:spiffe://mesh.test/ns/shop/sa/pay`), 'not-a-spiffe-id');
});

test('certificates say to openssl what they say here', { skip: withoutOpenssl }, () => {
  const certificate = root.issue(key.publicKey, cart.uri);
  const files = { 'root.pem': root.certificate, 'leaf.pem': certificate };
  const verified = openssl(files, 'verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', 'root.pem', 'leaf.pem');
  assert.match(verified.text, /^leaf\.pem: OK/);
  const { text } = openssl(files, 'x509', '-in', 'leaf.pem', '-noout', '-text', '-certopt', 'ext_parse');
  assert.match(text, /X509v3 Basic Constraints: critical\s+CA:FALSE/);
  assert.match(text, /X509v3 Key Usage: critical\s+Digital Signature\n/);
  assert.match(text, /X509v3 Subject Alternative Name: critical\s+URI:spiffe:\/\/mesh\.test\/ns\/shop\/sa\/cart\n/);
  assert.match(text, /TLS Web Server Authentication, TLS Web Client Authentication/);
  assert.equal(fieldsOf(root.certificate).pathLength, 3);
});

test('the key of a workload and its certificate do not show the secret in JSON, text or inspection', async () => {
  const { inspect } = await import('node:util');
  const svid = judge(root.issue(key.publicKey, cart.uri));
  const secret = key.exportPem().split('\n')[1]!;
  for (const text of [JSON.stringify(svid), inspect(svid, { depth: 9, showHidden: true }), JSON.stringify({ key })])
    assert.ok(!text.includes(secret) && !text.includes('PRIVATE'), text);
});
