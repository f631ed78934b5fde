import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declareListener, declareRoute } from './testing/declarations.ts';
import { startPair, TestGateway } from './testing/gateway.ts';
import { closedPort, dial, until } from './testing/peer.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

test('a drain closes idle connections, finishes busy ones with connection: close, and accepts nothing', async (t) => {
  const { gateway, origin } = await startPair(t, { limits: { lingerMs: 50 } });
  const [idle, busy, halfway, responding] = [
    await gateway.dial(),
    await gateway.dial(),
    await gateway.dial(),
    await gateway.dial(),
  ];
  halfway.send('GET / HTTP/1.1\r\nHo'); // read before what follows is
  busy.send(REQUEST + REQUEST);
  const server = await origin.accept();
  await server.readHead();
  responding.send(REQUEST);
  const other = await origin.accept();
  await other.readHead();
  other.send('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello');
  await responding.read('hello');
  await until('all are there', () => gateway.gateway.activity.sessions === 4);
  let drained = false;
  const drain = gateway.gateway.drain().then(() => (drained = true));
  await assert.rejects(gateway.dial());
  assert.equal(await idle.readToEnd(), '');
  server.send(OK);
  const { head, body } = await busy.readMessage();
  assert.match(head, /connection: close/);
  assert.equal(body, 'ok');
  assert.equal(await busy.readToEnd(), '', 'what was pipelined behind it is not answered');
  halfway.send('st: a\r\n\r\n');
  await server.readHead();
  server.send(OK);
  assert.match((await halfway.readMessage()).head, /connection: close/);
  assert.equal(drained, false);
  other.send('world');
  assert.equal(await responding.readToEnd(), 'world');
  for (const client of [idle, busy, halfway, responding]) client.end();
  await drain;
  await gateway.recorded(3);
  await gateway.atRest();
  await until('backends are left', () => gateway.load.connections === 0);
});

test('a drain may be asked for twice', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  const drains = [gateway.gateway.drain(), gateway.gateway.drain()];
  server.send(OK);
  await client.readToEnd();
  client.end();
  await Promise.all(drains);
});

test('a listener that goes drains while the others serve, and may come again', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  const before = gateway.port;
  const port = await closedPort();
  await gateway.apply([{ ...declareListener(), port }]);
  assert.equal(gateway.port, port);
  await assert.rejects(dial(before));
  server.send(OK);
  assert.match((await client.readMessage()).head, /connection: close/);
  client.end();
  const next = await gateway.dial();
  next.send(REQUEST);
  await server.readHead();
  server.send(OK);
  assert.equal((await next.readMessage()).body, 'ok');
  next.end();
  await gateway.atRest();
});

test('a listener may move to all addresses of the machine on its own port', async (t) => {
  const gateway = await TestGateway.start(t, {});
  const port = await closedPort();
  await gateway.apply([{ ...declareListener(), port }]);
  await gateway.apply([{ ...declareListener(), port, address: '' }]);
  assert.deepEqual(
    gateway.gateway.bound.map(({ address, port }) => [address, port]),
    [['', port]],
  );
  const client = await gateway.dial();
  client.send(REQUEST);
  await client.readMessage();
  client.end();
  await gateway.atRest();
});

test('a route that changes serves connections that are open', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  await gateway.apply([declareRoute({ backends: [] })]);
  server.send(OK);
  await client.readMessage();
  client.send(REQUEST);
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 500 /);
  await gateway.apply([], ['http-route test/all']);
  client.send(REQUEST);
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 404 /);
  client.end();
  await gateway.recorded(3);
  await gateway.atRest();
});
