import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compilePathRewrite, rewritePath } from './path-rewrite.ts';

const prefixLength = (prefix: string): number => (prefix.endsWith('/') ? prefix.length - 1 : prefix.length);

const replacePrefix = (path: string, prefix: string, value: string): string =>
  rewritePath(compilePathRewrite({ type: 'ReplacePrefixMatch', value }), path, prefixLength(prefix));

const replaceAll = (path: string, value: string): string =>
  rewritePath(compilePathRewrite({ type: 'ReplaceFullPath', value }), path, -1);

/** The table of the Gateway API's HTTPPathModifier first, then what it leaves open. */
const PREFIXES: readonly (readonly [path: string, prefix: string, value: string, expected: string])[] = [
  ['/foo/bar', '/foo', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo', '/xyz/', '/xyz/bar'],
  ['/foo/bar', '/foo/', '/xyz', '/xyz/bar'],
  ['/foo/bar', '/foo/', '/xyz/', '/xyz/bar'],
  ['/foo', '/foo', '/xyz', '/xyz'],
  ['/foo/', '/foo', '/xyz', '/xyz/'],
  ['/foo/bar', '/foo', '', '/bar'],
  ['/foo/', '/foo', '', '/'],
  ['/foo', '/foo', '', '/'],
  ['/foo/', '/foo', '/', '/'],
  ['/foo', '/foo', '/', '/'],
  ['/foo', '/foo', '/xyz/', '/xyz'],
  ['/foo/bar', '/foo', '/', '/bar'],
  ['/foo/bar', '/foo', 'xyz', '/xyz/bar'],
  ['/foo/bar', '/', '/xyz', '/xyz/foo/bar'],
  ['/', '/', '/xyz', '/xyz/'],
  ['/', '/', '/', '/'],
  ['/prefix/one/two', '/prefix/one', '/one', '/one/two'],
  ['/foo/bar', '/foo', '//xyz///abc//', '/xyz/abc/bar'],
  ['/foo/bar', '/foo', '/a/../xyz/.', '/xyz/bar'],
  ['/foo/bar', '/foo', '/../..', '/bar'],
];

for (const [path, prefix, value, expected] of PREFIXES) {
  test(`rewritePath of ${path} makes ${expected} when '${value}' replaces the prefix ${prefix}`, () => {
    assert.equal(replacePrefix(path, prefix, value), expected);
  });
}

const FULL_PATHS: readonly (readonly [value: string, expected: string])[] = [
  ['/one', '/one'],
  ['/one/', '/one/'],
  ['', '/'],
  ['/', '/'],
  ['one', '/one'],
  ['//evil.example/x', '/evil.example/x'],
  ['/a/./b/../c', '/a/c'],
  ['/a?b#c', '/a%3Fb%23c'],
  ['/a b', '/a%20b'],
  ['/a%20b', '/a%20b'],
  ['/100%', '/100%25'],
  ['/a\r\nset-cookie: x=1', '/a%0D%0Aset-cookie:%20x=1'],
  ['/größe', '/gr%C3%B6%C3%9Fe'],
  ['/\ud800', '/%EF%BF%BD'],
];

for (const [value, expected] of FULL_PATHS) {
  test(`rewritePath makes ${expected} when ${JSON.stringify(value)} replaces all of it`, () => {
    assert.equal(replaceAll('/anything', value), expected);
  });
}

test('rewritePath leaves a path alone when no prefix was matched', () => {
  const rewrite = compilePathRewrite({ type: 'ReplacePrefixMatch', value: '/xyz' });
  assert.equal(rewritePath(rewrite, '/foo', -1), '/foo');
  assert.equal(rewritePath(rewrite, '*', 0), '*');
});

test('rewritePath keeps paths normalised, whatever replaces what', () => {
  const segments = fc.array(fc.stringMatching(/^[a-z0-9%.~-]{1,5}$/).filter((segment) => !/^\.+$/.test(segment)));
  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[/.a%?\r\n-]*$/));
  fc.assert(
    fc.property(segments, segments, fc.boolean(), value, (prefix, rest, slash, value) => {
      const matched = prefix.map((segment) => `/${segment}`).join('');
      const path = matched + rest.map((segment) => `/${segment}`).join('') + (slash ? '/' : '') || '/';
      for (const result of [replacePrefix(path, matched || '/', value), replaceAll(path, value)]) {
        assert.match(result, /^\/[!-~]*$/);
        assert.doesNotMatch(result, /\/\/|[?#\\]|\/\.{1,2}(\/|$)/);
      }
    }),
    { numRuns: 1000 },
  );
});
