import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OriginMatcher } from './origin-matcher.ts';

const CASES: readonly (readonly [allowed: string, origin: string, expected: boolean])[] = [
  ['https://www.foo.com', 'https://www.foo.com', true],
  ['https://WWW.foo.com', 'https://www.foo.com', true],
  ['https://www.foo.com', 'http://www.foo.com', false],
  ['https://www.foo.com', 'https://www.foo.com:443', true],
  ['https://www.foo.com:443', 'https://www.foo.com', true],
  ['http://www.foo.com:80', 'http://www.foo.com', true],
  ['http://www.foo.com', 'http://www.foo.com:443', false],
  ['https://www.foo.com', 'https://www.foo.com:8443', false],
  ['https://www.foo.com:8443', 'https://www.foo.com:8443', true],
  ['https://www.foo.com', 'https://www.foo.com.evil.example', false],
  ['https://www.foo.com', 'https://evil.example/https://www.foo.com', false],
  ['https://www.foo.com', 'null', false],
  ['https://*.bar.com', 'https://www.bar.com', true],
  ['https://*.bar.com', 'https://xpto.www.bar.com', true],
  ['https://*.bar.com', 'https://www.bar.com:443', true],
  ['https://*.bar.com', 'https://bar.com', false],
  ['https://*.bar.com', 'https://.bar.com', false],
  ['https://*.bar.com', 'https://evilbar.com', false],
  ['https://*.bar.com', 'http://www.bar.com', false],
  ['https://*.bar.com', 'https://www.bar.com:8443', false],
  ['https://*.bar.com', 'https://evil.example/.bar.com', false],
  ['https://*.bar.com', 'https://evil.example:1.bar.com', false],
  ['https://*.bar.com:8443', 'https://www.bar.com:8443', true],
  ['https://*.bar.com:8443', 'https://www.bar.com', false],
  ['https://*', 'https://anything.example', true],
  ['https://*', 'https://[2001:db8::1]', true],
  ['https://*', 'https://anything.example:8443', false],
  ['https://*', 'https://', false],
  ['https://*:8443', 'https://anything.example:8443', true],
  ['https://*:8443', 'https://[::1]:8443', true],
  ['http://*', 'https://anything.example', false],
  ['*', 'https://anything.example:8443', true],
  ['*', 'null', true],
  ['ftp://*', 'ftp://anything.example', false],
];

for (const [allowed, origin, expected] of CASES) {
  test(`OriginMatcher of ${allowed} ${expected ? 'allows' : 'does not allow'} ${origin}`, () => {
    assert.equal(new OriginMatcher([allowed]).matches(origin), expected);
  });
}

test('OriginMatcher allows what any of its origins allows', () => {
  const matcher = new OriginMatcher(['https://a.example', 'https://*.b.example']);
  assert.deepEqual(
    ['https://a.example', 'https://x.b.example', 'https://c.example'].map((origin) => matcher.matches(origin)),
    [true, true, false],
  );
});
