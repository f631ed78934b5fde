import assert from 'node:assert/strict';
import { test } from 'node:test';
import { intersectHostnames } from './hostnames.ts';

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
