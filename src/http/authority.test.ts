import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostOf, normalizeAuthority, portOf } from './authority.ts';

test('normalizeAuthority brings hosts to lower case and keeps ports (RFC 3986 §6.2.2.1)', () => {
  for (const [text, expected] of [
    ['Example.COM', 'example.com'],
    ['a:0', 'a:0'],
    ['a:65535', 'a:65535'],
    ['10.0.0.1:80', '10.0.0.1:80'],
    ['a_b-c.d~', 'a_b-c.d~'],
    ['[2001:DB8::1]:8080', '[2001:db8::1]:8080'],
    ['[::]', '[::]'],
    ['[::ffff:1.2.3.4]', '[::ffff:1.2.3.4]'],
    ['[1:2:3:4:5:6:7:8]', '[1:2:3:4:5:6:7:8]'],
    ['[1::8]', '[1::8]'],
    ['[1:2:3:4:5:6:7::]', '[1:2:3:4:5:6:7::]'],
  ] as const)
    assert.equal(normalizeAuthority(text), expected);
});

test('normalizeAuthority refuses what is not host[:port] (RFC 3986 §3.2)', () => {
  for (const text of [
    '',
    ':1',
    'a:',
    'a:65536',
    'a:123456',
    'a:1x',
    'a:\x11',
    'a b',
    'u@a',
    'a%41',
    'a,b',
    'a/b',
    'é',
    '[::1',
    '[::1]1',
    '[:::]',
    '[1:2]',
    '[12345::]',
    '[1.2.3.4]',
    '[1.2.3.4::]',
    '[::1.2.3]',
    '[::1.2.3.256]',
    '[::01.2.3.4]',
    '[::\x11]',
    '[1:2:3:4:5:6:7:8::]',
    '[::1%lo]',
  ])
    assert.equal(normalizeAuthority(text), null, JSON.stringify(text));
});

test('hostOf and portOf take an authority apart', () => {
  const partsOf = (text: string) => [hostOf(text), portOf(text)];
  assert.deepEqual(['a', 'a:1', '[::1]', '[::1]:2', ''].map(partsOf), [
    ['a', -1],
    ['a', 1],
    ['[::1]', -1],
    ['[::1]', 2],
    ['', -1],
  ]);
});
