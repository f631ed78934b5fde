import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bundleOf, cart, type Deviations, TestAuthority } from './testing/authority.ts';
import { type End, handshake, nameOf } from './testing/handshake.ts';
import { WorkloadKey } from './workload-key.ts';

const root = new TestAuthority('root');
const pay = 'spiffe://mesh.test/ns/shop/sa/pay';

function end(uri: string, authority = root, deviations: Deviations = {}): End {
  const key = WorkloadKey.generate();
  const certificateChain = authority.issue(key.publicKey, uri, deviations);
  return { certificateChain, privateKey: key.exportPem(), bundle: bundleOf(root) };
}

test('two workloads of a mesh know each other after a handshake with mutual TLS', async () => {
  const seen = await handshake(end(pay), end(cart.uri));
  assert.deepEqual([nameOf(seen.server), nameOf(seen.client)], [cart.uri, pay]);
});

test('a handshake follows intermediates', async () => {
  const intermediate = new TestAuthority('intermediate', root, 0);
  const below = end(cart.uri, intermediate);
  const client = { ...below, certificateChain: below.certificateChain + intermediate.certificate };
  assert.equal(nameOf((await handshake(end(pay), client)).server), cart.uri);
});

test('an expired SVID is refused at either end', async () => {
  const expired = end(cart.uri, root, { notAfterMs: Date.now() - 1000 });
  assert.equal(nameOf((await handshake(end(pay), expired)).server), 'CERT_HAS_EXPIRED');
  assert.equal(nameOf((await handshake(expired, end(pay))).client), 'CERT_HAS_EXPIRED');
});

test('an SVID of a foreign root is refused at either end, also where the root has the same name', async () => {
  const foreign = end(cart.uri, new TestAuthority('root'));
  assert.match(nameOf((await handshake(end(pay), foreign)).server), /^(UNABLE_TO|CERT_SIGN|ERR_SSL)/);
  assert.match(nameOf((await handshake(foreign, end(pay))).client), /^(UNABLE_TO|CERT_SIGN|ERR_SSL)/);
});

test('a certificate of another trust domain is nobody here, although TLS accepts it', async () => {
  const foreign = end('spiffe://other.test/ns/shop/sa/cart');
  assert.equal(nameOf((await handshake(end(pay), foreign)).server), 'foreign-trust-domain');
  assert.equal(nameOf((await handshake(foreign, end(pay))).client), 'foreign-trust-domain');
});
