import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { announce, readAnnouncement } from './announcement.ts';

const principal = 'spiffe://mesh.test/ns/shop/sa/cart';
const workload = {
  id: 'cart-1',
  namespace: 'shop',
  service: 'cart',
  address: '10.0.0.1',
  meshPort: 15008,
  zone: 'eu-1a',
  ports: [
    { port: 8080, protocol: 'http' },
    { port: 5432, protocol: 'tcp' },
  ],
  state: 'ready',
} as const;
const node = announce(workload, '0.1.0');

const reasonOf = (read: unknown): string => (typeof read === 'string' ? read : 'it was not refused');

test('readAnnouncement reads what announce wrote, with the identity of the certificate', () => {
  assert.deepEqual(readAnnouncement(node, principal), { ...workload, principal, serviceAccount: 'cart' });
  const silent = announce({ ...workload, service: '', ports: [] }, '0.1.0');
  assert.deepEqual(readAnnouncement(silent, principal), {
    ...workload,
    service: '',
    ports: [],
    principal,
    serviceAccount: 'cart',
  });
});

test('readAnnouncement reads what a gateway announces, which serves nobody in the mesh', () => {
  const { meshPort: _, ports: __, ...rest } = workload;
  const gateway = { ...rest, service: '', gateway: 'public', meshPort: 0, ports: [] };
  const announced = announce(gateway, '0.1.0');
  assert.deepEqual(readAnnouncement(announced, principal), { ...gateway, principal, serviceAccount: 'cart' });
  const claims = { ...announced, metadata: { ...announced.metadata, 'mesh-port': '15008', ports: '8080/http' } };
  assert.deepEqual(readAnnouncement(claims, principal), { ...gateway, principal, serviceAccount: 'cart' });
  assert.match(reasonOf(readAnnouncement({ ...announced, service: 'shop/cart' }, principal)), /is a gateway/);
  for (const name of ['', 'A', 'a/b', '-a', 'a'.repeat(254)])
    assert.match(
      reasonOf(readAnnouncement({ ...announced, metadata: { ...announced.metadata, gateway: name } }, principal)),
      /not a name/,
    );
});

test('readAnnouncement refuses workloads without an identity, or of services elsewhere', () => {
  assert.match(reasonOf(readAnnouncement(node, '')), /needs an identity/);
  assert.match(reasonOf(readAnnouncement({ ...node, service: 'stock/cart' }, principal)), /another one/);
  assert.match(reasonOf(readAnnouncement({ ...node, service: 'cart' }, principal)), /another one/);
});

for (const [field, value, complaint] of [
  ['address', 'localhost', /not an IP address/],
  ['mesh-port', '0', /mesh port/],
  ['mesh-port', '65536', /mesh port/],
  ['ports', '8080', /list/],
  ['ports', '8080/udp', /list/],
  ['ports', Array.from({ length: 65 }, (_, i) => `${i + 1}/tcp`).join(), /list/],
  ['state', 'well', /state/],
] as const) {
  test(`readAnnouncement refuses ${field} ${value.slice(0, 20)}`, () => {
    const metadata = { ...node.metadata, [field]: value };
    assert.match(reasonOf(readAnnouncement({ ...node, metadata }, principal)), complaint);
  });
}

test('readAnnouncement judges whatever a proxy says', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('10.0.0.1', '15008', '8080/http', 'ready', 'shop/cart', ''));
  fc.assert(
    fc.property(
      text,
      text,
      fc.dictionary(fc.constantFrom('address', 'mesh-port', 'ports', 'state', 'gateway'), text),
      (id, service, metadata) => {
        const read = readAnnouncement({ id, service, zone: '', version: '', metadata }, principal);
        if (typeof read === 'string') return;
        assert.equal(read.namespace, 'shop');
        for (const { port } of read.ports) assert.ok(port >= 1 && port <= 65_535);
      },
    ),
  );
});
