import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { meshServerName, parseMeshServerName } from './server-name.ts';

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);

test('parseMeshServerName reads what meshServerName wrote', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 65_535 }), label, label, (port, name, namespace) => {
      const destination = { port, service: { name, namespace } };
      assert.deepEqual(parseMeshServerName(meshServerName(destination)), destination);
    }),
  );
});

test('parseMeshServerName takes every text, and only its own as a name', () => {
  const piece = fc.constantFrom('80', '.', 'svc', 'a', '-', '0', '65536', 'A', ' ', '\n', '*');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const destination = parseMeshServerName(text);
      if (destination !== null) assert.equal(meshServerName(destination), text);
    }),
  );
});

for (const text of [
  '',
  'catalog.shop.svc',
  '0.catalog.shop.svc',
  '65536.catalog.shop.svc',
  '080.catalog.shop.svc',
  '80.catalog.shop.svc.cluster.local',
  '80.catalog.shop.svc\n',
  '80.Catalog.shop.svc',
]) {
  test(`parseMeshServerName refuses ${JSON.stringify(text)}`, () => {
    assert.equal(parseMeshServerName(text), null);
  });
}
