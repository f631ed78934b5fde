import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCertificateRequest } from './certificate-request.ts';
import { cart } from './testing/authority.ts';
import { openssl, withoutOpenssl } from './testing/openssl.ts';
import { WorkloadKey } from './workload-key.ts';

test('createCertificateRequest asks in a way that openssl verifies', { skip: withoutOpenssl }, () => {
  const key = WorkloadKey.generate();
  const files = { 'request.der': createCertificateRequest(key, cart) };
  const { text, status } = openssl(files, 'req', '-inform', 'DER', '-in', 'request.der', '-verify', '-noout', '-text');
  assert.equal(status, 0, text);
  assert.match(text, /verify OK/);
  assert.match(text, /URI:spiffe:\/\/mesh\.test\/ns\/shop\/sa\/cart/);
  assert.match(text, /ASN1 OID: prime256v1/);
});

test('WorkloadKey.fromPem reads its own keys and no others', () => {
  const key = WorkloadKey.generate();
  assert.deepEqual(WorkloadKey.fromPem(key.exportPem())?.publicKey, key.publicKey);
  assert.equal(WorkloadKey.fromPem('nonsense'), undefined);
});

test('WorkloadKey.fromPem refuses keys of other kinds', { skip: withoutOpenssl }, () => {
  for (const args of [
    ['-algorithm', 'ED25519'],
    ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
  ])
    assert.equal(WorkloadKey.fromPem(openssl({}, 'genpkey', ...args).output.toString()), undefined);
});
