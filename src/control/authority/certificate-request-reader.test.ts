import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCertificateRequest } from '#identity/certificate-request.ts';
import { encodeSequence, encodeSmallInteger } from '#identity/der/encoder.ts';
import { emptyName } from '#identity/x509/certificate-builder.ts';
import { encodeSigned } from '#identity/x509/signature.ts';
import { openssl, withoutOpenssl } from '#identity/testing/openssl.ts';
import { WorkloadKey } from '#identity/workload-key.ts';
import { readCertificateRequest } from './certificate-request-reader.ts';
import { cart } from './testing/mesh.ts';

const good = createCertificateRequest(WorkloadKey.generate(), cart);

function requestOf({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): Uint8Array {
  const publicKeyInfo = publicKey.export({ type: 'spki', format: 'der' });
  return encodeSigned(encodeSequence(encodeSmallInteger(0), emptyName, publicKeyInfo), privateKey);
}

test('readCertificateRequest reads the key of a request', () => {
  const key = WorkloadKey.generate();
  const request = readCertificateRequest(createCertificateRequest(key, cart));
  assert.ok(typeof request === 'object');
  assert.deepEqual(Buffer.from(request.publicKey), Buffer.from(key.publicKey));
  assert.equal(request.keyType, 'P-256');
});

test('readCertificateRequest refuses a request with any one octet changed (proof of possession, RFC 2986 §3)', () => {
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(good);
      changed[at] = changed[at]! ^ change;
      assert.equal(typeof readCertificateRequest(changed), 'string');
    }),
  );
});

test('readCertificateRequest refuses a signature that is not whole octets (RFC 2986 §4.2)', () => {
  // Where the last bit is 1, it is refused in any case: in half of them.
  for (let i = 0; i < 32; i++) {
    const request = Buffer.from(createCertificateRequest(WorkloadKey.generate(), cart));
    const unusedBitsAt = request.lastIndexOf(Buffer.from([0x00, 0x30]));
    request[unusedBitsAt] = 1;
    assert.equal(typeof readCertificateRequest(request), 'string');
  }
});

test('readCertificateRequest never throws on noise', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
      assert.equal(typeof readCertificateRequest(noise), 'string');
      assert.equal(typeof readCertificateRequest(encodeSequence(noise, noise)), 'string');
    }),
  );
  assert.equal(typeof readCertificateRequest(Buffer.alloc(20_000, 0x30)), 'string');
});

test('readCertificateRequest refuses the key of another request', () => {
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const victim = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const request = requestOf({ publicKey: victim.publicKey, privateKey: stranger.privateKey });
  assert.equal(readCertificateRequest(request), 'the certificate request is not signed by its key with SHA-2');
});

test('readCertificateRequest accepts P-256, P-384 and RSA from 2048 bits, and nothing weaker or less usual', () => {
  const typeOf = (pair: { publicKey: KeyObject; privateKey: KeyObject }): string => {
    const request = readCertificateRequest(requestOf(pair));
    return typeof request === 'string' ? request : request.keyType;
  };
  assert.equal(typeOf(generateKeyPairSync('ec', { namedCurve: 'P-256' })), 'P-256');
  assert.equal(typeOf(generateKeyPairSync('ec', { namedCurve: 'P-384' })), 'P-384');
  assert.equal(typeOf(generateKeyPairSync('rsa', { modulusLength: 2048 })), 'RSA-2048');
  assert.match(typeOf(generateKeyPairSync('rsa', { modulusLength: 1024 })), /refused/);
  assert.match(typeOf(generateKeyPairSync('rsa', { modulusLength: 2048, publicExponent: 3 })), /refused/);
  assert.match(typeOf(generateKeyPairSync('ec', { namedCurve: 'secp256k1' })), /refused/);
  assert.match(typeOf(generateKeyPairSync('ec', { namedCurve: 'P-224' })), /refused/);
});

test('readCertificateRequest reads what openssl makes', { skip: withoutOpenssl }, () => {
  const request = (...args: readonly string[]): ReturnType<typeof readCertificateRequest> =>
    readCertificateRequest(
      openssl({}, 'req', '-new', '-nodes', '-subj', '/CN=admin', '-outform', 'DER', '-keyout', 'key.pem', ...args)
        .output,
    );
  const keyType = (...args: readonly string[]): string => {
    const read = request(...args);
    return typeof read === 'string' ? read : read.keyType;
  };
  assert.equal(keyType('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384'), 'P-384');
  assert.equal(keyType('-newkey', 'rsa:2048', '-addext', 'subjectAltName=DNS:a.test,URI:spiffe://a/b'), 'RSA-2048');
  assert.match(keyType('-newkey', 'rsa:2048', '-sha1'), /not signed/);
  assert.match(keyType('-newkey', 'ed25519'), /refused/);
});
