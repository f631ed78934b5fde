import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRequests } from '../testing/transcript.ts';
import { assertRefused } from '../testing/refusal.ts';

// Two hosts in one request: one recipient routes by the first, another by the second.

const HOSTS = [
  'a, b',
  'a b',
  'a,b',
  'u@a',
  'a/b',
  'a?b',
  'a#b',
  'a\\b',
  'a:b',
  'a:-1',
  'a:+1',
  'a:1:2',
  'a:',
  ':80',
  'a:99999',
  'a:000080',
  '%61',
  '[::1',
  '::1',
  '[::1]x',
  '[::1]:',
  '[g::]',
  '[]',
  '[1::2::3]',
  '[1:2:3:4:5:6:7:8:9]',
  '[::1%25lo]',
  '[v1.a]',
  'http://a',
  '"a"',
  'a;b',
  'a\x00',
  'caf\xe9',
  '<a>',
  'a*',
  '',
];

for (const host of HOSTS) {
  test(`RequestDecoder refuses Host: ${JSON.stringify(host)} (RFC 9112 §3.2)`, () => {
    assertRefused(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assertRefused(`GET / HTTP/1.0\r\nHost: ${host}\r\n\r\n`);
  });
}

test('RequestDecoder refuses several Host fields, and masked ones', () => {
  for (const lines of [
    'Host: a\r\nHost: a',
    'Host: a\r\nhost: b',
    'Host: a\r\n Host: b',
    'Host: a\r\nHost : b',
    'Host : a',
  ]) {
    assertRefused(`GET / HTTP/1.1\r\n${lines}\r\n\r\n`);
    assertRefused(`GET http://c/ HTTP/1.1\r\n${lines}\r\n\r\n`);
  }
});

test('RequestDecoder gives one authority, whatever Host says beside an absolute target (RFC 9112 §3.2.2)', () => {
  const { head } = readRequests('GET http://inner.example/ HTTP/1.1\r\nHost: outer.example\r\n\r\n').messages[0]!;
  assert.equal(head.authority, 'inner.example');
  assert.equal(head.fields.has('host'), false);
});
