import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeValidities } from './certificate-validity.ts';

const day = 24 * 3600 * 1000;
const fromMs = Date.UTC(2026, 0, 1);
const toMs = Date.UTC(2026, 3, 1);

const messagesAt = (nowMs: number, count = 1) =>
  judgeValidities(
    Array.from({ length: count }, () => ({ fromMs, toMs })),
    ['data', 'tls.crt'],
    nowMs,
  ).map(({ message }) => message);

test('judgeValidities says nothing of a certificate that is valid for more than 14 days', () => {
  assert.deepEqual(messagesAt(fromMs), []);
  assert.deepEqual(messagesAt(toMs - 14 * day - 1), []);
});

test('judgeValidities warns 14 days before a certificate expires, until its last moment', () => {
  assert.deepEqual(messagesAt(toMs - 14 * day), ['the certificate expires on 2026-04-01T00:00:00Z, in 14 days']);
  assert.deepEqual(messagesAt(toMs - 1.5 * day), ['the certificate expires on 2026-04-01T00:00:00Z, in 1 day']);
  assert.deepEqual(messagesAt(toMs), ['the certificate expires on 2026-04-01T00:00:00Z, in less than a day']);
});

test('judgeValidities tells expired certificates from those that are not valid yet, and which of a chain', () => {
  assert.deepEqual(messagesAt(toMs + 1), ['the certificate expired on 2026-04-01T00:00:00Z: peers refuse it']);
  assert.deepEqual(messagesAt(fromMs - 1, 2), [
    'certificate 1 of 2 is not valid before 2026-01-01T00:00:00Z: peers refuse it',
    'certificate 2 of 2 is not valid before 2026-01-01T00:00:00Z: peers refuse it',
  ]);
});
