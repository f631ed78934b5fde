import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createSpiffeId, isSameSpiffeId, parseSpiffeId } from './spiffe-id.ts';
import { parseTrustDomain } from './trust-domain.ts';

const segment = fc.stringMatching(/^[A-Za-z0-9._-]{1,40}$/).filter((text) => text !== '.' && text !== '..');
const domainName = fc.stringMatching(/^[a-z0-9._-]{1,40}$/);

test('parseSpiffeId reads what createSpiffeId wrote', () => {
  fc.assert(
    fc.property(domainName, segment, segment, (domain, namespace, serviceAccount) => {
      const id = createSpiffeId(parseTrustDomain(domain)!, namespace, serviceAccount);
      assert.ok(typeof id === 'object');
      assert.equal(id.uri, `spiffe://${domain}/ns/${namespace}/sa/${serviceAccount}`);
      const parsed = parseSpiffeId(id.uri);
      assert.deepEqual(parsed, id);
      assert.ok(typeof parsed === 'object' && isSameSpiffeId(parsed, id));
    }),
  );
});

test('parseSpiffeId never throws and accepts only texts of its one form', () => {
  const parts = fc.constantFrom(
    'spiffe://',
    'a.b',
    '/',
    'ns',
    'sa',
    'x',
    '..',
    '?',
    '#',
    '%2f',
    ':',
    '@',
    'é',
    '\0',
    ' ',
  );
  fc.assert(
    fc.property(fc.array(parts, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      const id = parseSpiffeId(text);
      if (typeof id === 'string') return;
      assert.match(text, /^spiffe:\/\/[a-z0-9._-]+\/ns\/[A-Za-z0-9._-]+\/sa\/[A-Za-z0-9._-]+$/);
    }),
    { numRuns: 2000 },
  );
});

for (const [name, text] of [
  ['nothing', ''],
  ['another scheme', 'https://a.b/ns/x/sa/y'],
  ['a scheme in upper case', 'SPIFFE://a.b/ns/x/sa/y'],
  ['a trust domain in upper case (§2.1)', 'spiffe://A.b/ns/x/sa/y'],
  ['no trust domain', 'spiffe:///ns/x/sa/y'],
  ['a port (§2.1)', 'spiffe://a.b:8443/ns/x/sa/y'],
  ['user info (§2.1)', 'spiffe://u@a.b/ns/x/sa/y'],
  ['a query (§2.2)', 'spiffe://a.b/ns/x/sa/y?z=1'],
  ['a fragment (§2.2)', 'spiffe://a.b/ns/x/sa/y#z'],
  ['a percent sign (§2.2)', 'spiffe://a.b/ns/x/sa/%79'],
  ['a trailing slash (§2.2)', 'spiffe://a.b/ns/x/sa/y/'],
  ['an empty segment (§2.2)', 'spiffe://a.b/ns//sa/y'],
  ['a dot segment (§2.2)', 'spiffe://a.b/ns/../sa/y'],
  ['no path', 'spiffe://a.b'],
  ['another path', 'spiffe://a.b/workload'],
  ['a longer path', 'spiffe://a.b/ns/x/sa/y/z'],
  ['other words', 'spiffe://a.b/namespace/x/sa/y'],
  ['letters beyond ASCII', 'spiffe://a.b/ns/x/sa/ÿ'],
  ['a line break at the end', 'spiffe://a.b/ns/x/sa/y\n'],
  ['a NUL, where C would stop reading', 'spiffe://a.b/ns/x/sa/y\0evil'],
  ['a trust domain of 256 characters (§2.3)', `spiffe://${'a'.repeat(256)}/ns/x/sa/y`],
  ['more than 2048 characters (§2.3)', `spiffe://a.b/ns/x/sa/${'y'.repeat(2048)}`],
] as const)
  test(`parseSpiffeId refuses ${name}`, () => assert.equal(typeof parseSpiffeId(text), 'string'));

test('parseSpiffeId accepts the longest trust domain and the longest id (§2.3)', () => {
  assert.equal(typeof parseSpiffeId(`spiffe://${'a'.repeat(255)}/ns/x/sa/y`), 'object');
  const start = 'spiffe://a.b/ns/x/sa/';
  assert.equal(typeof parseSpiffeId(start + 'y'.repeat(2048 - start.length)), 'object');
  assert.equal(typeof parseSpiffeId(start + 'y'.repeat(2049 - start.length)), 'string');
});

test('createSpiffeId refuses parts that would make another path', () => {
  const domain = parseTrustDomain('a.b')!;
  for (const [namespace, account] of [
    ['x/sa/admin', 'y'],
    ['x', 'y/z'],
    ['', 'y'],
    ['x', '..'],
    ['x', 'y?'],
  ])
    assert.equal(typeof createSpiffeId(domain, namespace!, account!), 'string');
});

test('isSameSpiffeId tells upper case in paths from lower case (§2.2)', () => {
  const [a, b] = ['spiffe://a.b/ns/x/sa/y', 'spiffe://a.b/ns/x/sa/Y'].map((text) => parseSpiffeId(text));
  assert.ok(typeof a === 'object' && typeof b === 'object');
  assert.equal(isSameSpiffeId(a, b), false);
});
