import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { isComplete, runOneByOne } from './one-by-one.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc';

test('isComplete knows an answer that came in parts, and one that is none', () => {
  for (let length = 1; length < ANSWER.length; length++) assert.equal(isComplete(ANSWER.slice(0, length)), false);
  assert.equal(isComplete(ANSWER), true);
  assert.equal(isComplete('HTTP/1.1 503 Service Unavailable\r\n'), undefined);
  assert.equal(isComplete('HTTP/1.1 200 OK\r\n\r\n'), undefined);
});

test('runOneByOne times answers, and tells of one that is no answer', async (t) => {
  const server = createServer((request, response) => {
    response.statusCode = request.url === '/bad' ? 500 : 200;
    response.end('abc');
  });
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { p5Us, p50Us, requests } = await runOneByOne(port, '/good', 0.1);
  assert.ok(requests > 0 && p5Us > 0 && p5Us <= p50Us && p50Us < 1e6);
  await assert.rejects(runOneByOne(port, '/bad', 0.1), /500/);
});
