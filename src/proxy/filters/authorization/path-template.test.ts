import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PathTemplate } from './path-template.ts';

const rows: readonly (readonly [template: string, fits: readonly string[], others: readonly string[]])[] = [
  ['/users/{*}', ['/users/7', '/users/a.b'], ['/users', '/users/', '/users/7/', '/users/7/8', '/user/7', '/usersx/7']],
  ['/{*}/orders', ['/7/orders'], ['/orders', '//orders', '/7/orders/', '/7/8/orders']],
  ['/users/{*}/', ['/users/7/'], ['/users/7', '/users/7//']],
  ['/files/{**}', ['/files', '/files/', '/files/a', '/files/a/b/'], ['/file', '/filesystem', '/']],
  ['/{**}', ['/', '/a', '/a/b/'], []],
  ['/{**}/report', ['/report', '/a/report', '/a/b/report'], ['/report/', '/areport', '/report/a']],
  ['/a/{**}/b', ['/a/b', '/a/x/b', '/a/x/y/b', '/a/b/b'], ['/a', '/b', '/ab', '/a/bb', '/a/x/b/c']],
  ['/a/{*}/{**}/b', ['/a/x/b', '/a/b/b', '/a/x/y/b'], ['/a/b', '/a//b']],
  ['/{**}/{*}', ['/a', '/a/b'], ['/', '/a/']],
];

for (const [template, fits, others] of rows) {
  test(`PathTemplate ${template} tells paths apart`, () => {
    const compiled = new PathTemplate(template);
    for (const path of fits) assert.equal(compiled.matches(path), true, path);
    for (const path of others) assert.equal(compiled.matches(path), false, path);
  });
}
