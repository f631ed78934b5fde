import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { GatewayTest } from './testing/declarations.ts';
import { startPair, type TestGateway } from './testing/gateway.ts';
import type { Peer } from './testing/peer.ts';

const UPGRADE = 'GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
const SWITCH = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';

const openTunnel = async (
  t: TestContext,
  test: Omit<GatewayTest, 'clusters'> = {},
): Promise<{ gateway: TestGateway; client: Peer; server: Peer }> => {
  const { gateway, origin } = await startPair(t, test);
  const client = await gateway.dial();
  client.send(UPGRADE);
  const server = await origin.accept();
  assert.match(await server.readHead(), /upgrade: websocket\r\n[^]*connection: upgrade\r\n/);
  server.send(SWITCH);
  assert.match(await client.readHead(), /^HTTP\/1\.1 101 [^]*upgrade: websocket/);
  return { gateway, client, server };
};

const pingPong = async (client: Peer, server: Peer): Promise<void> => {
  client.send('\x00ping\xff');
  assert.equal(await server.readBytes(6), '\x00ping\xff');
  server.send('\x01pong\xfe');
  assert.equal(await client.readBytes(6), '\x01pong\xfe');
};

test('behind a 101 octets pass both ways (RFC 9110 §7.8)', async (t) => {
  const { gateway, client, server } = await openTunnel(t);
  await pingPong(client, server);
  await pingPong(client, server);
  client.end();
  assert.equal(await server.readToEnd(), '');
  server.end();
  await client.untilClosed();
  const record = await gateway.recorded(1);
  assert.equal(record.response?.status, 101);
  assert.deepEqual([record.error, record.requestBytes, record.responseBytes], [null, 12, 12]);
  await gateway.atRest();
});

test('a half that the client closes reaches the backend, and the other half goes on', async (t) => {
  const { gateway, client, server } = await openTunnel(t);
  client.send('last');
  client.end();
  assert.equal(await server.readToEnd(), 'last');
  for (let i = 0; i < 3; i++) {
    server.send('more');
    assert.equal(await client.readBytes(4), 'more');
  }
  server.send('bye');
  server.end();
  assert.equal(await client.readToEnd(), 'bye');
  assert.equal((await gateway.recorded(1)).error, null);
  await gateway.atRest();
  await server.untilClosed();
  assert.equal(gateway.load.connections, 0);
});

test('a half that the backend closes reaches the client, and the other half goes on', async (t) => {
  const { gateway, client, server } = await openTunnel(t);
  server.send('last');
  server.end();
  assert.equal(await client.readToEnd(), 'last');
  for (let i = 0; i < 3; i++) {
    client.send('more');
    assert.equal(await server.readBytes(4), 'more');
  }
  assert.equal(gateway.load.requests, 1, 'it counts as long as it lasts');
  client.send('bye');
  client.end();
  assert.equal(await server.readToEnd(), 'bye');
  assert.equal((await gateway.recorded(1)).error, null);
  await gateway.atRest();
  assert.equal(gateway.load.connections, 0);
});

test('a client that resets a tunnel whose other half has ended leaves nothing behind', async (t) => {
  const { gateway, client, server } = await openTunnel(t);
  server.end();
  await client.readToEnd();
  client.reset();
  await server.untilClosed();
  assert.equal((await gateway.recorded(1)).error?.code, 'downstream_closed');
  await gateway.atRest();
  assert.equal(gateway.load.connections, 0);
});

test('a client that resets a tunnel resets it for the backend', async (t) => {
  const { gateway, client, server } = await openTunnel(t);
  await pingPong(client, server);
  client.reset();
  await server.untilClosed();
  await gateway.atRest();
});

test('a backend that resets a tunnel breaks it for the client', async (t) => {
  const { gateway, client, server } = await openTunnel(t);
  await pingPong(client, server);
  server.reset();
  await client.untilClosed();
  assert.equal((await gateway.recorded(1)).error?.code, 'upstream_reset');
  await gateway.atRest();
});

test('what the client sends before the 101 is not lost', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(`${UPGRADE}early`);
  const server = await origin.accept();
  await server.readHead();
  server.send(`${SWITCH}first`);
  await client.readHead();
  assert.equal(await client.readBytes(5), 'first');
  assert.equal(await server.readBytes(5), 'early');
  await pingPong(client, server);
  client.reset();
  await gateway.atRest();
});

test('a tunnel outlives a request timeout, and a drain', async (t) => {
  const { gateway, client, server } = await openTunnel(t, { timeouts: { requestMs: 40, backendRequestMs: 40 } });
  const drained = gateway.gateway.drain();
  const other = await gateway.dial().catch(() => null);
  assert.equal(other, null, 'nothing new is accepted');
  const endMs = performance.now() + 100;
  while (performance.now() < endMs) await pingPong(client, server);
  client.end();
  await server.readToEnd();
  server.end();
  await drained;
  assert.equal((await gateway.recorded(1)).error, null);
  await gateway.atRest();
});

test('a tunnel on which nothing moves is closed', async (t) => {
  const { gateway, client, server } = await openTunnel(t, { limits: { streamIdleMs: 50 } });
  await Promise.all([client.untilClosed(), server.untilClosed()]);
  assert.equal((await gateway.recorded(1)).error?.code, 'stream_idle_timeout');
  await gateway.atRest();
});

test('a tunnel holds a fast sender up for a slow reader, both ways', async (t) => {
  const { gateway, client, server } = await openTunnel(t);
  for (const [from, to] of [
    [client, server],
    [server, client],
  ] as const) {
    to.socket.pause();
    const piece = Buffer.alloc(256 * 1024);
    const before = from.socket.bytesWritten;
    while (from.socket.writableLength < 2 * 1024 * 1024) {
      from.socket.write(piece);
      await new Promise((resolve) => setImmediate(resolve));
      assert.ok(from.socket.bytesWritten - before < 64 * 1024 * 1024, 'bounded');
    }
    const total = from.socket.bytesWritten - before;
    to.socket.resume();
    assert.equal((await to.readBytes(total)).length, total);
  }
  client.reset();
  await gateway.atRest();
});

test('an upgrade that the backend refuses is an ordinary response', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(UPGRADE);
  const server = await origin.accept();
  await server.readHead();
  server.send('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 2\r\n\r\nno');
  assert.equal((await client.readMessage()).body, 'no');
  client.end();
  await gateway.recorded(1);
  await gateway.atRest();
});

test('a 101 that nobody asked for is a malformed response', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  const server = await origin.accept();
  await server.readHead();
  server.send(SWITCH);
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 502 /);
  await server.untilClosed();
  client.end();
  await gateway.atRest();
});
