import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SECRET_PARAMETERS, redactSecrets } from './secret-query.ts';

const CASES: readonly (readonly [url: string, redacted: string])[] = [
  ['/plain', '/plain'],
  ['/q?', '/q?'],
  ['/q?a=1&b=2', '/q?a=1&b=2'],
  ['/q?token=abc', '/q?token=REDACTED'],
  ['/q?a=1&access_token=abc&b=2', '/q?a=1&access_token=REDACTED&b=2'],
  ['/q?API_KEY=abc&api-key=def', '/q?API_KEY=REDACTED&api-key=REDACTED'],
  ['/q?X-Amz-Signature=abc&X-Amz-Date=1', '/q?X-Amz-Signature=REDACTED&X-Amz-Date=1'],
  ['/q?access%5Ftoken=abc', '/q?access%5Ftoken=REDACTED'],
  ['/q?token[]=abc&token%5B0%5D=def', '/q?token[]=REDACTED&token%5B0%5D=REDACTED'],
  ['/q?a=1;token=abc', '/q?a=1;token=REDACTED'],
  ['/q?password=a=b=c', '/q?password=REDACTED'],
  ['/q?token', '/q?token'],
  ['/q?token&a=token', '/q?token&a=token'],
  ['/q?%zz=1&sig=abc', '/q?%zz=1&sig=REDACTED'],
  ['/q?tokens=3&keyword=shoe', '/q?tokens=3&keyword=shoe'],
  ['/token=abc?x=1', '/token=abc?x=1'],
  ['http://user:pw@example.com/x?key=1', 'http://REDACTED@example.com/x?key=REDACTED'],
  ['http://example.com/@me', 'http://example.com/@me'],
  ['example.com:443', 'example.com:443'],
  ['*', '*'],
];

for (const [url, redacted] of CASES) {
  test(`redactSecrets turns ${url} into ${redacted}`, () => assert.equal(redactSecrets(url), redacted));
}

test('redactSecrets lets the value of no secret parameter through, wherever it stands', () => {
  const word = fc.stringMatching(/^[a-z0-9%._~-]{0,8}$/);
  const pair = fc.tuple(word, word).map(([name, value]) => `${name}=${value}`);
  const pairs = fc.array(fc.oneof(pair, word), { maxLength: 4 });
  fc.assert(
    fc.property(
      pairs,
      pairs,
      fc.constantFrom(...SECRET_PARAMETERS),
      fc.boolean(),
      fc.constantFrom('&', ';'),
      (...args) => {
        const [before, behind, name, upper, separator] = args;
        const secret = `${upper ? name.toUpperCase() : name}=SUPERSECRET`;
        const url = `/x?${[...before, secret, ...behind].join(separator)}`;
        const redacted = redactSecrets(url);
        assert.ok(!redacted.includes('SUPERSECRET'), redacted);
        assert.equal(redactSecrets(redacted), redacted);
      },
    ),
  );
});
