import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_SNAPSHOT, snapshotKey, type Snapshot, type SnapshotResource } from '#model/snapshot/snapshot.ts';
import { lookUp } from '#xds/server/resource-layer.ts';
import type { LiveWorkload } from '../compile/mesh/live-workload.ts';
import type { MeshResult } from '../compile/mesh/mesh-compiler.ts';
import { MeshLayers } from './mesh-layers.ts';

const cart = { id: 'cart-1', namespace: 'shop' } as LiveWorkload;

function snapshot(
  version: string,
  ...resources: readonly (readonly [type: string, name: string, version: string])[]
): Snapshot {
  const all = resources.map(([type, name, own]) => ({ type, name, version: own }) as SnapshotResource);
  return { version, resources: new Map(all.map((one) => [snapshotKey(one), one])) };
}

function result(parts: Partial<MeshResult>): MeshResult {
  return {
    shared: EMPTY_SNAPSHOT,
    namespaces: new Map(),
    workloads: new Map(),
    refusals: new Map(),
    statuses: [],
    diagnostics: [],
    ...parts,
  };
}

test('MeshLayers shows a workload its own, over what is for its namespace, over what is for all', () => {
  const layers = new MeshLayers();
  layers.publish(
    result({
      shared: snapshot('1', ['mesh-service', 'shop/cart', 'far'], ['cluster', 'c', '1']),
      namespaces: new Map([['shop', snapshot('2', ['mesh-service', 'shop/cart', 'near'])]]),
      workloads: new Map([
        ['cart-1', snapshot('3', ['workload', 'w', '1'])],
        ['pay-1', snapshot('4', ['workload', 'v', '1'])],
      ]),
    }),
  );
  const seen = layers.of(cart, () => EMPTY_SNAPSHOT);
  const versionOf = (type: 'mesh-service' | 'cluster' | 'workload', name: string) => lookUp(seen, type, name)?.version;
  assert.deepEqual([versionOf('mesh-service', 'shop/cart'), versionOf('cluster', 'c')], ['near', '1']);
  assert.deepEqual([versionOf('workload', 'w'), versionOf('workload', 'v')], ['1', undefined]);
});

test('MeshLayers tells of what changed alone', () => {
  const layers = new MeshLayers();
  const shared = snapshot('1', ['cluster', 'a', '1'], ['cluster', 'b', '1']);
  layers.publish(result({ shared }));
  const told: string[] = [];
  layers.of(cart, () => EMPTY_SNAPSHOT)[2]!.observeAll('cluster', { changed: (_, name) => void told.push(name) });
  layers.publish(result({ shared: snapshot('2', ['cluster', 'a', '1'], ['cluster', 'b', '2']) }));
  layers.publish(result({ shared: snapshot('3', ['cluster', 'b', '2']) }));
  layers.publish(result({ shared: snapshot('3', ['cluster', 'b', '2']) }));
  assert.deepEqual(told, ['b', 'a']);
});

test('MeshLayers previews a workload that was not compiled yet, and forgets one that is gone', () => {
  const layers = new MeshLayers();
  const own = layers.of(cart, () => snapshot('p', ['workload', 'w', 'preview']))[0]!;
  assert.equal(own.get('workload', 'w')?.version, 'preview');
  layers.publish(result({ workloads: new Map([['cart-1', snapshot('1', ['workload', 'w', '1'])]]) }));
  assert.equal(own.get('workload', 'w')?.version, '1');
  assert.equal(layers.of(cart, () => assert.fail('it is compiled'))[0], own);
  layers.publish(result({}));
  assert.equal(own.get('workload', 'w'), undefined);
});
