import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { normalizePath } from './path.ts';

describe('normalizePath', () => {
  const cases: Readonly<Record<string, readonly (readonly [path: string, expected: string | null])[]>> = {
    'decodes escapes of unreserved characters alone (RFC 3986 §6.2.2.2)': [
      ['/%61%7E%2d%5f', '/a~-_'],
      ['/%2f%3a%c3%a9', '/%2F%3A%C3%A9'],
      ['/a%20b', '/a%20b'],
      ['/%0d%0A', '/%0D%0A'],
      ['/%5c', '/%5C'],
    ],
    'decodes once': [
      ['/%252e%252E', '/%252e%252E'],
      ['/%25%32%65', '/%252e'],
    ],
    'resolves dot segments, escaped or not (RFC 3986 §5.2.4)': [
      ['/a/./b', '/a/b'],
      ['/a/../b', '/b'],
      ['/a/%2e%2E/b', '/b'],
      ['/a/.%2e', '/'],
      ['/../../a', '/a'],
      ['/a/b/..', '/a/'],
      ['/a/.', '/a/'],
      ['/..', '/'],
      ['/.', '/'],
      ['/.a/..b/c.', '/.a/..b/c.'],
      ['/...', '/...'],
      ['/a/..%2fb', '/a/..%2Fb'],
      ['/a/..;/b', '/a/..;/b'],
    ],
    'merges slashes behind that': [
      ['//', '/'],
      ['//a///b//', '/a/b/'],
      ['/a//../b', '/a/b'],
      ['/a/..//b', '/b'],
    ],
    'reads a backslash as a slash': [
      ['/a\\..\\b', '/b'],
      ['/\\a', '/a'],
    ],
    'refuses malformed escapes and NUL': [
      ['/%', null],
      ['/%4', null],
      ['/%4g', null],
      ['/%%41', null],
      ['/%00', null],
      ['/%u0041', null],
      ['/%\x11\x11', null],
    ],
    'refuses what is not a path': [
      ['a', null],
      ['/a b', null],
      ['/é', null],
      ['/a?b', null],
      ['/a#b', null],
      ['/\x7f', null],
      ['**', null],
      ['/\\%', null],
    ],
    'keeps the forms without a path': [
      ['*', '*'],
      ['', ''],
    ],
  };
  for (const [name, pairs] of Object.entries(cases)) {
    test(name, () => {
      for (const [path, expected] of pairs) assert.equal(normalizePath(path), expected, JSON.stringify(path));
    });
  }

  test('is its own normal form, for any path', () => {
    const piece = fc.constantFrom(
      '/',
      '.',
      '..',
      '%2e',
      '%2F',
      '%41',
      '%5c',
      '\\',
      'a',
      '%',
      '%25',
      ';',
      '//',
      '%00',
      '~',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const normal = normalizePath(`/${pieces.join('')}`);
        if (normal === null) return;
        assert.equal(normalizePath(normal), normal);
        assert.doesNotMatch(normal, /\/\/|\/\.\.?(\/|$)|\\|%(?![0-9A-F]{2})/);
        assert.ok(normal.startsWith('/'));
      }),
      { numRuns: 1000 },
    );
  });
});
