import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterSpec } from '#model/snapshot/http-route.ts';
import { startOrigin, TestGateway } from './testing/gateway.ts';
import { closedPort, until } from './testing/peer.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const mirrorTo = (cluster: string): FilterSpec => ({ type: 'RequestMirror', cluster, numerator: 1, denominator: 1 });

test('copies go to several clusters, with content, and their responses to nobody', async (t) => {
  const [origin, first, second] = [await startOrigin(t), await startOrigin(t), await startOrigin(t)];
  const gateway = await TestGateway.start(t, {
    clusters: [
      { endpoints: [{ port: origin.port }] },
      { name: 'first', endpoints: [{ port: first.port }] },
      { name: 'second', endpoints: [{ port: second.port }] },
    ],
    filters: [mirrorTo('first')],
    backends: [{ cluster: 'origin', weight: 1, filters: [mirrorTo('second')] }],
  });
  const client = await gateway.dial();
  client.send('POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  const peers = [await origin.accept(), await first.accept(), await second.accept()];
  for (const peer of peers) {
    assert.match(await peer.readHead(), /^POST \/x /);
    await peer.read('5\r\nhello\r\n');
  }
  client.send('5\r\nworld\r\n0\r\n\r\n');
  for (const peer of peers) await peer.read('5\r\nworld\r\n0\r\n\r\n');
  peers[1]!.send('HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\nevil');
  peers[0]!.send(OK);
  assert.equal((await client.readMessage()).body, 'ok');
  peers[2]!.send(OK);
  await until('copies are over', () => gateway.load.requests === 0);
  assert.equal(gateway.load.connections, 3, 'all connections can be used again');
  client.end();
  await gateway.recorded(1);
  await gateway.atRest();
});

test('a mirror that is dead, deaf or full changes nothing for the exchange', async (t) => {
  const [origin, deaf] = [await startOrigin(t), await startOrigin(t)];
  const gateway = await TestGateway.start(t, {
    clusters: [
      { endpoints: [{ port: origin.port }] },
      { name: 'dead', endpoints: [{ port: await closedPort() }] },
      { name: 'deaf', endpoints: [{ port: deaf.port }] },
      { name: 'full', endpoints: [{ port: deaf.port }], limits: { connections: 1, pendingRequests: 1, requests: 0 } },
      { name: 'empty', endpoints: [] },
    ],
    filters: ['dead', 'deaf', 'full', 'empty', 'missing'].map(mirrorTo),
  });
  deaf.serve((peer) => peer.socket.pause());
  const client = await gateway.dial();
  const size = 32 * 1024 * 1024;
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`);
  client.socket.write(Buffer.alloc(size, 'x'));
  const server = await origin.accept();
  await server.readHead();
  await server.readBytes(size);
  server.send(OK);
  assert.equal((await client.readMessage()).body, 'ok');
  await until('what lags too far is given up', () => gateway.load.requests === 0);
  client.end();
  await gateway.recorded(1);
  await gateway.atRest();
});

test('a client that leaves ends the copies too, as does an answer before the end of the content', async (t) => {
  const [origin, copy] = [await startOrigin(t), await startOrigin(t)];
  const gateway = await TestGateway.start(t, {
    clusters: [{ endpoints: [{ port: origin.port }] }, { name: 'copy', endpoints: [{ port: copy.port }] }],
    filters: [mirrorTo('copy')],
  });
  for (const leaves of [true, false]) {
    const client = await gateway.dial();
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');
    const server = await origin.accept();
    const mirror = await copy.accept();
    await server.read('hello');
    await mirror.read('hello');
    if (leaves) client.reset();
    else {
      server.send(OK);
      await client.readMessage();
    }
    await mirror.untilClosed();
    await until('nothing is under way', () => gateway.load.requests === 0);
    client.reset();
  }
  await gateway.recorded(2);
  await gateway.atRest();
});

test('a copy may be answered before the request is complete, or after the client has left', async (t) => {
  const [origin, copy] = [await startOrigin(t), await startOrigin(t)];
  const gateway = await TestGateway.start(t, {
    clusters: [{ endpoints: [{ port: origin.port }] }, { name: 'copy', endpoints: [{ port: copy.port }] }],
    filters: [mirrorTo('copy')],
  });
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');
  const server = await origin.accept();
  const mirror = await copy.accept();
  await mirror.read('hello');
  mirror.send(OK);
  await mirror.untilClosed();
  client.send('world');
  await server.readMessage();
  server.send(OK);
  await client.readMessage();
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  await server.readHead();
  const late = await copy.accept();
  await late.readHead();
  server.send(OK);
  await client.readMessage();
  client.end();
  await until('the client has gone', () => gateway.gateway.activity.sessions === 0);
  late.send(OK);
  await gateway.recorded(2);
  await gateway.atRest();
});
