import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDocuments } from '#model/documents.ts';
import { Inventory } from './inventory.ts';
import { mayRefer } from './reference-grants.ts';

const group = 'gateway.networking.k8s.io';
const route = { group, kind: 'HTTPRoute', namespace: 'shop' };
const service = { group: '', kind: 'Service', namespace: 'stock', name: 'web' };
const from = { group, kind: 'HTTPRoute', namespace: 'shop' };
const to = { group: '', kind: 'Service' };

function grant(spec: object, namespace = 'stock'): Inventory {
  const metadata = { name: 'grant', namespace };
  const document = { apiVersion: `${group}/v1beta1`, kind: 'ReferenceGrant', metadata, spec };
  const { resources, diagnostics } = parseDocuments('grant.json', JSON.stringify(document));
  assert.deepEqual(diagnostics, []);
  return new Inventory(resources);
}

const cases: readonly (readonly [name: string, inventory: Inventory, permitted: boolean])[] = [
  ['kind and namespace match', grant({ from: [from], to: [to] }), true],
  ['the name matches', grant({ from: [from], to: [{ ...to, name: 'web' }] }), true],
  ['any entry matches', grant({ from: [{ ...from, namespace: 'blog' }, from], to: [{ ...to, name: 'db' }, to] }), true],
  ['another name is granted', grant({ from: [from], to: [{ ...to, name: 'db' }] }), false],
  ['another kind is granted', grant({ from: [from], to: [{ ...to, kind: 'Secret' }] }), false],
  ['another group is granted', grant({ from: [from], to: [{ ...to, group: 'example.com' }] }), false],
  ['another namespace may refer', grant({ from: [{ ...from, namespace: 'blog' }], to: [to] }), false],
  ['another kind may refer', grant({ from: [{ ...from, kind: 'GRPCRoute' }], to: [to] }), false],
  ['another group may refer', grant({ from: [{ ...from, group: 'example.com' }], to: [to] }), false],
  ['the grant is in the namespace that refers', grant({ from: [from], to: [to] }, 'shop'), false],
  ['there is no grant', new Inventory([]), false],
];

for (const [name, inventory, permitted] of cases) {
  test(`mayRefer ${permitted ? 'permits' : 'refuses'} when ${name}`, () => {
    assert.equal(mayRefer(route, service, inventory), permitted);
  });
}

test('mayRefer needs no grant within a namespace', () => {
  assert.equal(mayRefer(route, { ...service, namespace: 'shop' }, new Inventory([])), true);
});
