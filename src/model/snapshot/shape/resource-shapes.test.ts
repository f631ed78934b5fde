import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { SnapshotResource } from '../snapshot.ts';
import { shapeProblem } from './resource-shapes.ts';

const COMPILED = join(import.meta.dirname, '../../../control/compile');
const TYPES = ['cluster', 'endpoints', 'authorization', 'listener', 'http-route', 'stream-route'] as const;

/** All resources in what the compiler's own tests accept, whatever they lie in. */
function compiledResources(): readonly SnapshotResource[] {
  const found: SnapshotResource[] = [];
  const look = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return;
    const { type, name, version } = value as Partial<SnapshotResource>;
    if (type !== undefined && name !== undefined && version !== undefined) found.push(value as SnapshotResource);
    else for (const part of Object.values(value)) look(part);
  };
  for (const path of globSync('**/*.golden.json', { cwd: COMPILED }))
    look(JSON.parse(readFileSync(join(COMPILED, path), 'utf8')));
  return found;
}

const compiled = compiledResources();

test('shapeProblem finds nothing wrong with what the compiler makes', () => {
  for (const resource of compiled) assert.equal(shapeProblem(resource), '', JSON.stringify(resource));
  const types = new Set(compiled.map(({ type }) => type));
  for (const type of [...TYPES, 'workload', 'mesh-service', 'certificate', 'gateway'] as const)
    assert.ok(types.has(type), `no golden file has a ${type}`);
});

test('shapeProblem says where a resource is of another form', () => {
  const cluster = compiled.find(({ type }) => type === 'cluster')!;
  const route = compiled.find((resource) => resource.type === 'http-route')!;
  const cases: readonly (readonly [object, string])[] = [
    [{ ...cluster, limits: undefined }, 'its limits is no object'],
    [
      { ...cluster, limits: { connections: 1, pendingRequests: '2', requests: 3 } },
      'its limits.pendingRequests is no number',
    ],
    [{ ...cluster, loadBalancing: 'Best' }, 'its loadBalancing is none of LeastRequest, RoundRobin, Random'],
    [
      { type: 'endpoints', name: 'a', version: '1', endpoints: [{ address: 'a', port: 0 }] },
      'its endpoints[0].port is no port',
    ],
    [
      { ...route, rules: [{ ...route.rules[0], filters: [{ type: 'Unheard' }] }] },
      'its rules[0].filters[0].type is none of ',
    ],
  ];
  for (const [resource, problem] of cases) {
    const found = shapeProblem(resource as SnapshotResource);
    assert.ok(found.startsWith(problem), found);
  }
});

test('shapeProblem never throws, whatever a resource holds', () => {
  const type = fc.constantFrom(...new Set(compiled.map((resource) => resource.type)));
  fc.assert(
    fc.property(type, fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(...compiled), (kind, noise, good) => {
      assert.equal(typeof shapeProblem({ ...noise, type: kind }), 'string');
      // One field of a good one is another value.
      for (const field of Object.keys(good).filter((name) => name !== 'type'))
        assert.equal(typeof shapeProblem({ ...good, [field]: Object.values(noise)[0] }), 'string');
    }),
  );
});
