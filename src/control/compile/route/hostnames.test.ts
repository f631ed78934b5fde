import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostnamesOverlap, intersectHostnames } from './hostnames.ts';

const cases: readonly (readonly [listener: string, route: readonly string[], both: readonly string[]])[] = [
  ['', [], ['*']],
  ['', ['a.com', '*.b.com'], ['a.com', '*.b.com']],
  ['a.com', [], ['a.com']],
  ['*.a.com', [], ['*.a.com']],
  ['a.com', ['a.com'], ['a.com']],
  ['a.com', ['b.com', 'a.com'], ['a.com']],
  ['a.com', ['x.a.com'], []],
  ['a.com', ['*.a.com'], []],
  ['x.a.com', ['*.a.com'], ['x.a.com']],
  ['y.x.a.com', ['*.a.com'], ['y.x.a.com']],
  ['x.a.com', ['*.com', '*.a.com'], ['x.a.com']],
  ['*.a.com', ['x.a.com', 'y.x.a.com', 'a.com', 'xa.com'], ['x.a.com', 'y.x.a.com']],
  ['*.a.com', ['*.a.com'], ['*.a.com']],
  ['*.a.com', ['*.x.a.com'], ['*.x.a.com']],
  ['*.x.a.com', ['*.a.com'], ['*.x.a.com']],
  ['*.a.com', ['*.b.com'], []],
  ['*.a.com', ['*.xa.com'], []],
];

for (const [listener, route, both] of cases) {
  test(`intersectHostnames of ${listener || 'any'} and ${route.join(', ') || 'any'} is ${both.join(', ') || 'empty'}`, () => {
    assert.deepEqual(intersectHostnames(listener, route), both);
  });
}

test('hostnamesOverlap finds a host that both lists mean, by wildcards too', () => {
  const overlaps = [
    [['*'], ['a.example.com'], true],
    [['a.example.com'], ['a.example.com', 'b.example.com'], true],
    [['*.example.com'], ['a.b.example.com'], true],
    [['*.b.example.com'], ['*.example.com'], true],
    [['*.example.com'], ['example.com'], false],
    [['a.example.com'], ['b.example.com'], false],
  ] as const;
  for (const [some, others, expected] of overlaps) {
    assert.equal(hostnamesOverlap(some, others), expected, `${some.join()} and ${others.join()}`);
    assert.equal(hostnamesOverlap(others, some), expected, `${others.join()} and ${some.join()}`);
  }
});
