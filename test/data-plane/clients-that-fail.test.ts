import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startOrigin, startPair, TestGateway } from './testing/gateway.ts';
import { until } from './testing/peer.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

test('a client that leaves while it waits ends the request at the backend', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  client.reset();
  await server.untilClosed();
  const record = await gateway.recorded(1);
  assert.deepEqual([record.error?.code, record.response], ['downstream_closed', null]);
  await gateway.atRest();
  assert.equal(gateway.load.connections, 0);
});

test('a client that leaves behind its whole content is noticed, though a connect was under way', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody');
  const server = await origin.accept();
  await server.readMessage();
  client.reset();
  await server.untilClosed();
  await gateway.recorded(1);
  await gateway.atRest();
});

test('a client that leaves within its content ends the request at the backend', async (t) => {
  const { gateway, origin } = await startPair(t);
  for (const leave of ['reset', 'end'] as const) {
    const client = await gateway.dial();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');
    const server = await origin.accept();
    await server.readHead();
    assert.equal(await server.readBytes(5), 'hello');
    client[leave]();
    await server.untilClosed();
    if (leave === 'end') assert.equal(await client.readToEnd(), '');
  }
  assert.deepEqual([(await gateway.recorded(2)).error?.code], ['downstream_closed']);
  await gateway.atRest();
});

test('a client that leaves within the response ends it at the backend', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  server.send('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\npart');
  await client.read('part');
  client.reset();
  await server.untilClosed();
  const record = await gateway.recorded(1);
  assert.deepEqual([record.error?.code, record.response?.status], ['downstream_closed', 200]);
  await gateway.atRest();
});

test('a client that leaves with a pipelined request behind the present one', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(REQUEST + REQUEST);
  const server = await origin.accept();
  await server.readHead();
  server.send('HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n');
  await client.readHead();
  client.reset();
  const flood = setInterval(() => server.socket.write(Buffer.alloc(64 * 1024)), 1);
  await server.untilClosed();
  clearInterval(flood);
  await gateway.recorded(1);
  await gateway.atRest();
});

test('a client that leaves while its request waits for a connection', async (t) => {
  const { gateway, origin } = await startPair(t, {
    cluster: { limits: { connections: 1, pendingRequests: 8, requests: 8 } },
  });
  const first = await gateway.dial();
  first.send(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  const second = await gateway.dial();
  second.send(REQUEST);
  await until('it waits', () => gateway.load.pending === 1);
  second.reset();
  await until('it waits no more', () => gateway.load.pending === 0);
  server.send(OK);
  await first.readMessage();
  first.end();
  await gateway.recorded(2);
  await gateway.atRest();
});

for (const [name, request, status] of [
  ['garbage', '\x16\x03\x01\x02\x00\x01\x00', 400],
  ['a malformed head', 'GET / HTTP/1.1\r\nHost : a\r\n\r\n', 400],
  ['a path that holds NUL', 'GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n', 400],
  ['an unknown expectation', 'GET / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n', 417],
  ['a head of a megabyte', `GET / HTTP/1.1\r\nHost: a\r\nX-Big: ${'x'.repeat(1024 * 1024)}\r\n\r\n`, 431],
] as const) {
  test(`${name} is answered ${status}, recorded under an id, and the client can read it`, async (t) => {
    const { gateway, origin } = await startPair(t);
    const client = await gateway.dial();
    client.send(request);
    const { head, body } = await client.readMessage();
    assert.match(head, new RegExp(`^HTTP/1\\.1 ${status} `));
    const record = await gateway.recorded(1);
    assert.equal((JSON.parse(body) as { trace: { requestId: string } }).trace.requestId, record.requestId);
    assert.match(record.requestId, /^[0-9a-f-]{36}$/);
    client.end();
    await client.readToEnd();
    await gateway.atRest();
    assert.equal(origin.peers.length, 0);
  });
}

test('content that turns out malformed ends the request at the backend', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  const server = await origin.accept();
  await server.read('hello\r\n');
  client.send('zz\r\n');
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 400 [^]*connection: close/);
  await server.untilClosed();
  assert.doesNotMatch(server.unread, /0\r\n\r\n/);
  client.end();
  await gateway.recorded(1);
  await gateway.atRest();
});

test('content that turns out malformed within the response breaks the connection', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  const server = await origin.accept();
  await server.read('hello\r\n');
  server.send('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart');
  await client.read('part');
  client.send('zz\r\n');
  await client.untilClosed();
  await server.untilClosed();
  assert.equal((await gateway.recorded(1)).error?.code, 'bad_request');
  await gateway.atRest();
});

test('a head that comes octet by octet is served, one that does not come in time is answered 408', async (t) => {
  const { gateway, origin } = await startPair(t, { limits: { headTimeoutMs: 200, lingerMs: 50 } });
  const slow = await gateway.dial();
  slow.send('GET / HTTP/1.1\r\nHo');
  assert.match((await slow.readMessage()).head, /^HTTP\/1\.1 408 [^]*connection: close/);
  assert.equal(await slow.readToEnd(), '');
  assert.equal((await gateway.recorded(1)).error?.code, 'request_timeout');
  const steady = await gateway.dial();
  await steady.sendSlowly(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  server.send(OK);
  await steady.readMessage();
  steady.end();
  slow.end();
  await gateway.atRest();
});

test('a connection that sends nothing, or nothing more, is closed without an answer', async (t) => {
  const { gateway, origin } = await startPair(t, { limits: { keepAliveIdleMs: 40, lingerMs: 40 } });
  const silent = await gateway.dial();
  assert.equal(await silent.readToEnd(), '');
  const client = await gateway.dial();
  client.send(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  server.send(OK);
  await client.readMessage();
  assert.equal(await client.readToEnd(), '');
  await gateway.recorded(1);
  await gateway.atRest(); // though neither closes its own half
});

test('an upload that stands still is answered 408', async (t) => {
  const { gateway, origin } = await startPair(t, { limits: { streamIdleMs: 60, lingerMs: 40 } });
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');
  const server = await origin.accept();
  await server.readHead();
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 408 /);
  await server.untilClosed();
  await gateway.recorded(1);
  await gateway.atRest();
});

test('an answer that the client does not read ends with the idle timeout', async (t) => {
  const { gateway, origin } = await startPair(t, { limits: { streamIdleMs: 60 } });
  const client = await gateway.dial();
  client.socket.pause();
  client.send(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  server.send('HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\n');
  const piece = Buffer.alloc(256 * 1024);
  while (!server.closed) {
    if (server.socket.writableLength < 1024 * 1024) server.socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal((await gateway.recorded(1)).error?.code, 'stream_idle_timeout');
  await gateway.atRest();
});

test('what closes all at once leaves nothing under way', async (t) => {
  const origin = await startOrigin(t);
  const gateway = await TestGateway.start(t, { clusters: [{ endpoints: [{ port: origin.port }] }] });
  const clients = await Promise.all(Array.from({ length: 10 }, () => gateway.dial()));
  for (const client of clients) client.send(REQUEST);
  await until('all are under way', () => gateway.load.requests === 10);
  gateway.gateway.destroy();
  await Promise.all(clients.map((client) => client.untilClosed()));
  await gateway.recorded(10);
  await gateway.atRest();
  await until('no connection is left', () => gateway.load.connections === 0 && origin.open === 0);
});
