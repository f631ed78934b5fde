import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPair } from './testing/gateway.ts';
import { until } from './testing/peer.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const LIMITS = { discardBytes: 1024 * 1024, lingerMs: 100 };

test('content with a length and in chunks goes through both ways, with trailers', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(
    'POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: te\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel',
  );
  const server = await origin.accept();
  assert.match(await server.readHead(), /transfer-encoding: chunked\r\n/);
  client.send('lo\r\n0\r\nX-Sum: 1\r\n\r\n');
  const sent = await server.read('0\r\nx-sum: 1\r\n\r\n');
  assert.equal(sent.slice(0, sent.indexOf('0\r\nx-sum')).replaceAll(/[0-9]+\r\n|\r\n/g, ''), 'hello');
  server.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n');
  await client.read('3\r\nabc\r\n');
  server.send('2\r\nde\r\n0\r\nx-end: yes\r\n\r\n');
  assert.equal(await client.read('\r\n\r\n'), '2\r\nde\r\n0\r\nx-end: yes\r\n\r\n');
  const record = await gateway.recorded(1);
  assert.deepEqual([record.requestBytes, record.responseBytes], [5, 5]);
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody');
  assert.equal((await server.readMessage()).body, 'body');
  server.send(OK);
  await client.readMessage();
  client.end();
  await gateway.atRest();
});

test('ten thousand chunks of one octet arrive as they are', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  const chunks = '1\r\nx\r\n'.repeat(10_000);
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
  const server = await origin.accept();
  await server.readHead();
  const content = await server.read('0\r\n\r\n');
  assert.equal(content.replaceAll(/[^x]/g, '').length, 10_000);
  server.send(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`);
  await client.readHead();
  assert.equal((await client.read('0\r\n\r\n')).replaceAll(/[^x]/g, '').length, 10_000);
  assert.equal((await gateway.recorded(1)).requestBytes, 10_000);
});

test('content that ends with the connection of the backend gets a framing of its own', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const server = await origin.accept();
  await server.readHead();
  server.send('HTTP/1.0 200 OK\r\n\r\nhello');
  assert.match(await client.readHead(), /transfer-encoding: chunked/);
  server.end();
  assert.match(await client.read('0\r\n\r\n'), /hello/);
  client.end();
  await gateway.atRest();
});

test('100 Continue is asked of the backend, and content follows (RFC 9110 §10.1.1)', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
  const server = await origin.accept();
  assert.match(await server.readHead(), /expect: 100-continue\r\n/);
  server.send('HTTP/1.1 100 Continue\r\n\r\n');
  assert.equal(await client.readHead(), 'HTTP/1.1 100 Continue\r\n\r\n');
  client.send('body');
  assert.equal(await server.readBytes(4), 'body');
  server.send(OK);
  const { head } = await client.readMessage();
  assert.doesNotMatch(head, /connection: close/);
  client.end();
  await gateway.atRest();
});

test('an expectation that is refused early ends the connection behind the answer', async (t) => {
  const { gateway, origin } = await startPair(t, { limits: LIMITS });
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n');
  const server = await origin.accept();
  await server.readHead();
  server.send('HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno');
  const { head, body } = await client.readMessage();
  assert.match(head, /^HTTP\/1\.1 413 [^]*connection: close/);
  assert.equal(body, 'no');
  assert.equal(await client.readToEnd(), '');
  await server.readToEnd();
  client.end();
  await gateway.recorded(1);
  await gateway.atRest();
});

test('103 Early Hints pass to HTTP/1.1 and not to HTTP/1.0', async (t) => {
  const { gateway, origin } = await startPair(t);
  const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n';
  const modern = await gateway.dial();
  modern.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const server = await origin.accept();
  await server.readHead();
  server.send(hints + hints + OK);
  assert.equal(await modern.readHead(), hints);
  assert.equal(await modern.readHead(), hints);
  assert.match((await modern.readMessage()).head, /200 OK/);
  const old = await gateway.dial();
  old.send('GET / HTTP/1.0\r\n\r\n');
  await server.readHead();
  server.send(hints + OK);
  assert.match((await old.readMessage()).head, /^HTTP\/1\.1 200 /);
});

test('interim responses without end wait for a client that does not read', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.socket.pause();
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const server = await origin.accept();
  await server.readHead();
  const hint = `HTTP/1.1 103 Early Hints\r\nlink: ${'x'.repeat(8000)}\r\n\r\n`.repeat(8);
  while (server.socket.writableLength < 1024 * 1024 && server.socket.bytesWritten < 200 * 1024 * 1024) {
    server.send(hint);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const taken = server.socket.bytesWritten - server.socket.writableLength;
  assert.ok(taken < 32 * 1024 * 1024, `${taken} octets taken`);
  client.reset();
  await server.untilClosed();
  await gateway.atRest();
});

test('an early answer reaches the client while it uploads; the rest is dropped and the connection serves on', async (t) => {
  const { gateway, origin } = await startPair(t, { limits: LIMITS });
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\nhello');
  const server = await origin.accept();
  await server.readHead();
  await server.readBytes(5);
  server.send(OK);
  assert.equal((await client.readMessage()).body, 'ok');
  await server.readToEnd(); // what is left of this request must never look like the next one
  client.send('y'.repeat(499_995));
  client.send('GET /next HTTP/1.1\r\nHost: a\r\n\r\n');
  const next = await origin.accept();
  assert.match(await next.readHead(), /^GET \/next /);
  next.send(OK);
  await client.readMessage();
  client.end();
  await gateway.recorded(2);
  await gateway.atRest();
});

test('an early answer to an upload larger than is dropped says close, and the client can read it', async (t) => {
  const { gateway, origin } = await startPair(t, { limits: LIMITS });
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\nhello');
  const server = await origin.accept();
  await server.readHead();
  server.send(OK);
  const { head, body } = await client.readMessage();
  assert.match(head, /connection: close/);
  assert.equal(body, 'ok');
  assert.equal(await client.readToEnd(), '');
  // It sends on regardless: that is read for a while, and then the connection is gone.
  const more = Buffer.alloc(64 * 1024);
  const flood = setInterval(() => client.socket.write(more), 1);
  await client.untilClosed();
  clearInterval(flood);
  await gateway.atRest();
});

test('an early answer by the gateway itself does not wait for the upload', async (t) => {
  const { gateway } = await startPair(t, { backends: [{ cluster: 'missing', weight: 1, filters: [] }] });
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 500 /);
  client.send('5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 500 /);
  client.end();
  await gateway.recorded(2);
  await gateway.atRest();
});

test('an HTTP/1.0 client that uploads sees the end of an early answer of unknown length', async (t) => {
  const { gateway, origin } = await startPair(t, { limits: LIMITS });
  const client = await gateway.dial();
  client.send('POST / HTTP/1.0\r\nContent-Length: 100\r\n\r\nhello');
  const server = await origin.accept();
  await server.readHead();
  server.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n');
  await client.readHead();
  assert.equal(await client.readToEnd(), 'ok');
  client.end();
  await gateway.atRest();
});

test('both directions flow at once', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
  const server = await origin.accept();
  await server.readHead();
  server.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
  await client.readHead();
  for (let i = 0; i < 20; i++) {
    client.send('4\r\nping\r\n');
    await server.read('ping\r\n');
    server.send('4\r\npong\r\n');
    await client.read('pong\r\n');
  }
  client.send('0\r\n\r\n');
  await server.read('0\r\n\r\n');
  server.send('0\r\n\r\n');
  await client.read('0\r\n\r\n');
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await server.readHead();
  server.send(OK);
  await client.readMessage();
  assert.equal(origin.peers.length, 1);
  client.end();
  await until('recorded', () => gateway.records.length === 2);
  await gateway.atRest();
});
