import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPair } from './testing/gateway.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

test('a request goes to the backend and its response comes back', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('GET /a?b=c HTTP/1.1\r\nHost: Shop.example:81\r\nAccept: x\r\n\r\n');
  const server = await origin.accept();
  const head = await server.readHead();
  assert.match(head, /^GET \/a\?b=c HTTP\/1\.1\r\nhost: shop\.example:81\r\naccept: x\r\n/);
  server.send(OK);
  const { head: answer, body } = await client.readMessage();
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(body, 'ok');
  const record = await gateway.recorded(1);
  assert.equal(record.response?.status, 200);
  assert.equal(record.error, null);
  client.end();
  assert.equal(await client.readToEnd(), '');
  await gateway.atRest();
});
