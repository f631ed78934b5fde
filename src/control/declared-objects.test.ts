import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DeclaredObjects } from './declared-objects.ts';

const service = (name: string, port: number | string): string =>
  `apiVersion: v1\nkind: Service\nmetadata: {name: ${name}}\nspec: {ports: [{port: ${port}}]}\n`;

const content = (...texts: readonly string[]) => ({
  files: texts.map((text, i) => ({ file: `${i}.yaml`, text })),
  unreadable: [],
});

function portsOf(objects: DeclaredObjects, ...texts: readonly string[]) {
  return objects
    .update(content(...texts))
    .loaded.flatMap(({ resource }) =>
      resource.kind === 'Service' ? [`${resource.metadata.name} ${resource.spec.ports[0]?.port}`] : [],
    );
}

test('DeclaredObjects keeps the last good form of what is broken, for as long as it is', () => {
  const objects = new DeclaredObjects();
  assert.deepEqual(portsOf(objects, service('cart', 80), service('web', 81)), ['cart 80', 'web 81']);
  assert.deepEqual(portsOf(objects, service('cart', 'many'), service('web', 82)), ['web 82', 'cart 80']);
  assert.deepEqual(portsOf(objects, service('cart', 'many'), service('web', 82)), ['web 82', 'cart 80']);
  assert.deepEqual(portsOf(objects, service('cart', 83), service('web', 82)), ['cart 83', 'web 82']);
  assert.deepEqual(portsOf(objects, service('web', 82)), ['web 82']);
});

test('DeclaredObjects says what is broken, and what of it is kept', () => {
  const objects = new DeclaredObjects();
  objects.update(content(service('cart', 80)));
  const { diagnostics } = objects.update(content(service('cart', 'many')));
  assert.deepEqual(
    diagnostics.map(({ severity }) => severity),
    ['error', 'warning'],
  );
});
