import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { openssl, withoutOpenssl } from '#identity/testing/openssl.ts';
import { type Deviations, TestAuthority } from '#identity/testing/authority.ts';
import { encodeObjectIdentifier, encodeOctetString, encodeSequence, encodeTrue } from '#identity/der/encoder.ts';
import {
  encodeAuthorityConstraint,
  encodeKeyUsage,
  encodeLeafConstraint,
  encodeUriName,
  keyUsageBit,
} from '#identity/x509/extensions.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { countExternalRoots, type ExternalAuthorityFiles, readExternalKeys } from './external-keys.ts';
import { stateFolder } from './testing/folder.ts';
import { cart, domain, obtain } from './testing/mesh.ts';

const nowMs = Date.now();
const root = new TestAuthority('company root');
const upper = new TestAuthority('upper', root, 1);
const lower = new TestAuthority('lower', upper, 0);

function filesOf(signer: TestAuthority, ...above: readonly TestAuthority[]): ExternalAuthorityFiles {
  return {
    certificateChain: [signer, ...above].map(({ certificate }) => certificate).join(''),
    privateKey: signer.key.export({ type: 'pkcs8', format: 'pem' }),
    roots: root.certificate,
  };
}

function problemOf(files: ExternalAuthorityFiles): string {
  const keys = readExternalKeys(files, domain, 1, nowMs);
  return typeof keys === 'string' ? keys : '';
}

function deviating(...extensions: readonly Uint8Array[]): Deviations {
  return { extensions };
}

const mayCertify = encodeKeyUsage(keyUsageBit.keyCertSign);

test('an intermediate of another authority signs SVIDs that lead to its root', { skip: withoutOpenssl }, () => {
  const keys = readExternalKeys(filesOf(lower, upper, root), domain, 7, nowMs);
  assert.ok(typeof keys === 'object', String(typeof keys === 'string' && keys));
  assert.equal(keys.bundle.version, 7);
  const { certificateChain } = obtain(new CertificateAuthority({ keys }), cart, nowMs);
  assert.equal(certificateChain.split('BEGIN CERTIFICATE').length - 1, 3, 'the root stays away');
  const files = { 'root.pem': root.certificate, 'chain.pem': certificateChain };
  const args = ['-x509_strict', '-CAfile', 'root.pem', '-untrusted', 'chain.pem', 'chain.pem'];
  assert.equal(openssl(files, 'verify', ...args).text, 'chain.pem: OK\n');
});

test('a root of another authority may sign itself', () => {
  assert.equal(problemOf(filesOf(root)), '');
});

test('an RSA authority made by openssl signs SVIDs that openssl verifies', { skip: withoutOpenssl }, () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' });
  const args = ['-key', 'key.pem', '-subj', '/CN=RSA root', '-days', '2', '-addext', 'keyUsage=critical,keyCertSign'];
  const made = openssl({ 'key.pem': pem }, 'req', '-x509', ...args);
  const certificate = made.output.toString();
  // A slow machine makes it seconds after this file was loaded.
  const madeMs = Date.now();
  const files = { certificateChain: certificate, privateKey: pem, roots: certificate };
  const keys = readExternalKeys(files, domain, 1, madeMs);
  assert.ok(typeof keys === 'object', String(typeof keys === 'string' && keys));
  const { certificateChain } = obtain(new CertificateAuthority({ keys }), cart, madeMs);
  const leaf = { 'root.pem': certificate, 'leaf.pem': certificateChain };
  assert.equal(openssl(leaf, 'verify', '-x509_strict', '-CAfile', 'root.pem', 'leaf.pem').text, 'leaf.pem: OK\n');
});

test('readExternalKeys refuses what could not sign valid SVIDs, and says why', () => {
  const day = 86_400_000;
  const expired = new TestAuthority('expired', root, 0, {
    ...deviating(encodeAuthorityConstraint(0), mayCertify),
    notBeforeMs: nowMs - 2 * day,
    notAfterMs: nowMs - day,
  });
  const early = new TestAuthority('early', root, 0, {
    ...deviating(encodeAuthorityConstraint(0), mayCertify),
    notBeforeMs: nowMs + day,
  });
  const workload = new TestAuthority('workload', root, 0, deviating(encodeLeafConstraint(), mayCertify));
  const noSigning = new TestAuthority(
    'x',
    root,
    0,
    deviating(encodeAuthorityConstraint(0), encodeKeyUsage(keyUsageBit.cRLSign)),
  );
  const foreignName = encodeUriName('spiffe://other.test', false);
  const foreign = new TestAuthority('x', root, 0, deviating(encodeAuthorityConstraint(0), mayCertify, foreignName));
  const constraint = encodeSequence(
    encodeObjectIdentifier('2.5.29.30'),
    encodeTrue(),
    encodeOctetString(encodeSequence()),
  );
  const constrained = new TestAuthority('x', root, 0, deviating(encodeAuthorityConstraint(0), mayCertify, constraint));
  const tooDeep = new TestAuthority('too deep', lower, 0);

  assert.match(problemOf(filesOf(expired)), /its certificate expired at 20/);
  assert.match(problemOf(filesOf(early)), /its certificate is valid only from 20/);
  assert.match(problemOf(filesOf(workload)), /not an authority's \(basic constraint CA:TRUE is missing\)/);
  assert.match(problemOf(filesOf(noSigning)), /lacks the key usage keyCertSign/);
  assert.match(problemOf(filesOf(foreign)), /of another trust domain than mesh.test/);
  assert.match(problemOf(filesOf(constrained)), /critical extension 2.5.29.30, which is not supported/);
  assert.match(problemOf(filesOf(tooDeep, lower, upper)), /too long for the path length/);
  assert.match(problemOf(filesOf(lower)), /leads to none of the roots/);
  assert.match(problemOf(filesOf(new TestAuthority('stranger'))), /leads to none of the roots/);
  assert.match(problemOf({ ...filesOf(lower, upper), privateKey: filesOf(upper).privateKey }), /belongs to another/);
  assert.match(problemOf({ ...filesOf(lower, upper), roots: '' }), /the trust bundle holds no certificate/);
  assert.match(problemOf({ ...filesOf(lower, upper), certificateChain: 'x' }), /holds no certificate/);
});

test('readExternalKeys quotes nothing of a key that it cannot read', () => {
  const { privateKey } = filesOf(lower);
  const broken = privateKey.replace('\n', '\n%');
  const problem = problemOf({ ...filesOf(lower, upper), privateKey: broken });
  assert.match(problem, /private key cannot be read/);
  assert.ok(!problem.includes(privateKey.split('\n')[1]!));
});

test('readExternalKeys refuses keys that peers do not accept', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const certificate = root.sign(publicKey.export({ type: 'spki', format: 'der' }), encodeSequence(), {
    extensions: [encodeAuthorityConstraint(0), mayCertify],
  });
  const files = { ...filesOf(lower), certificateChain: certificate };
  assert.match(
    problemOf({ ...files, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) }),
    /neither on P-256 or P-384 nor RSA/,
  );
});

test('countExternalRoots grows with every change of the roots, across restarts', (t) => {
  const folder = stateFolder(t);
  const both = root.certificate + upper.certificate;
  const versions = [root.certificate, root.certificate, both, both, root.certificate].map((roots) =>
    countExternalRoots(folder, roots),
  );
  assert.deepEqual(versions, [1, 1, 2, 2, 3]);
});
