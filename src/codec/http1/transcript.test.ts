import { test } from 'node:test';
import assert from 'node:assert/strict';
import { readRequests, readResponses } from './transcript.ts';

test('readRequests tells messages apart', () => {
  const log = readRequests('GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.deepEqual(log.messages.map((message) => message.head.path), ['/', '/b']);
});

test('readResponses gives the rest of the octets back', () => {
  const log = readResponses('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxREST');
  assert.equal(log.rest, 'REST');
});
