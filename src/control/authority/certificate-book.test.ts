import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CertificateBook, type IssuedRecord } from './certificate-book.ts';

const issued = (serialNumber: string, evidence: string, expiresAtMs = 1000): IssuedRecord => ({
  timeMs: 0,
  spiffeId: 'spiffe://mesh.test/ns/shop/sa/cart',
  credential: evidence.startsWith('svid') ? 'svid' : 'join-token',
  outcome: 'issued',
  evidence,
  serialNumber,
  expiresAtMs,
  keyType: 'P-256',
  publicKeySha256: '',
  issuerKeyId: 'ab',
});

test('CertificateBook follows an SVID over its renewals to the one that is used now', () => {
  const book = new CertificateBook();
  book.note(issued('a1', 'join-token 01'), 0);
  book.note(issued('a2', 'svid a1'), 0);
  // The answer was lost, and asked for again.
  book.note(issued('a3', 'svid a1'), 0);
  book.note(issued('a4', 'svid a3', 2000), 0);
  book.note(issued('b1', 'join-token 01', 1500), 0);
  for (const serial of ['a1', 'a3', 'a4']) assert.equal(book.latestOf(serial)?.serialNumber, 'a4');
  assert.equal(book.latestOf('c1'), undefined);
  const current = (nowMs: number): readonly string[] => book.current(nowMs).map((record) => record.serialNumber);
  assert.deepEqual(current(0), ['a2', 'b1', 'a4']);
  assert.deepEqual(current(1500), ['a4']);
});

test('CertificateBook forgets what has expired, and still follows those that connections were made with', () => {
  const book = new CertificateBook();
  book.note(issued('a1', 'join-token 01', 1e6), 0);
  book.note(issued('a2', 'svid a1', 1e6), 0);
  for (let i = 0; i < 2000; i++) book.note(issued(`f${i}`, i === 0 ? 'join-token 02' : `svid f${i - 1}`, i + 1), i);
  assert.equal(book.latestOf('f1'), undefined);
  assert.equal(book.latestOf('f1998')?.serialNumber, 'f1999');
  assert.equal(book.latestOf('a1')?.serialNumber, 'a2');
});
