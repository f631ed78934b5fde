import assert from 'node:assert/strict';
import { test } from 'node:test';
import { declareCluster, declareEndpoints } from './testing/declarations.ts';
import { startOrigin, startPair, TestGateway } from './testing/gateway.ts';
import { until, type Peer, type ScriptedOrigin } from './testing/peer.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Answers every request without content with `name`. @returns how many there were, live */
const answerAll = (origin: ScriptedOrigin, name: string): { count: number } => {
  const answered = { count: 0 };
  origin.serve((peer) =>
    peer.socket.on('data', (chunk: Buffer) => {
      const requests = chunk.latin1Slice(0, chunk.length).split('\r\n\r\n').length - 1;
      answered.count += requests;
      for (let i = 0; i < requests; i++) peer.send(`HTTP/1.1 200 OK\r\ncontent-length: ${name.length}\r\n\r\n${name}`);
    }),
  );
  return answered;
};

const get = async (client: Peer): Promise<{ readonly head: string; readonly body: string }> => {
  client.send(REQUEST);
  return client.readMessage();
};

test('a backend that does not exist is answered 500, one without endpoints 503', async (t) => {
  const gateway = await TestGateway.start(t, { clusters: [] });
  const client = await gateway.dial();
  assert.match((await get(client)).head, /^HTTP\/1\.1 500 /);
  await gateway.apply(declareCluster({ endpoints: [] }));
  assert.match((await get(client)).head, /^HTTP\/1\.1 503 [^]*retry-after: 1/);
  assert.equal((await gateway.recorded(2)).error?.code, 'no_healthy_upstream');
  client.end();
  await gateway.atRest();
});

test('requests beyond the limit of a cluster are answered 503 with Retry-After at once', async (t) => {
  const { gateway, origin } = await startPair(t, {
    cluster: { limits: { connections: 10, pendingRequests: 10, requests: 1 } },
  });
  const first = await gateway.dial();
  first.send(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  const second = await gateway.dial();
  assert.match((await get(second)).head, /^HTTP\/1\.1 503 [^]*retry-after: 1/);
  assert.equal((await gateway.recorded(1)).error?.code, 'upstream_overflow');
  server.send(OK);
  await first.readMessage();
  second.send(REQUEST);
  await server.readHead();
  server.send(OK);
  await second.readMessage();
  first.end();
  second.end();
  await gateway.atRest();
});

test('requests beyond the limit of connections wait, those beyond the limit of waiting are answered 503', async (t) => {
  const { gateway, origin } = await startPair(t, {
    cluster: { limits: { connections: 1, pendingRequests: 1, requests: 10 } },
  });
  const [first, second, third] = [await gateway.dial(), await gateway.dial(), await gateway.dial()];
  first.send(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  second.send(REQUEST);
  await until('the second waits', () => gateway.load.pending === 1);
  assert.match((await get(third)).head, /^HTTP\/1\.1 503 /);
  server.send(OK);
  await first.readMessage();
  await server.readHead();
  server.send(OK);
  await second.readMessage();
  assert.equal(origin.peers.length, 1);
  for (const client of [first, second, third]) client.end();
  await gateway.atRest();
});

test('an endpoint whose connections lie idle does not keep the others from theirs', async (t) => {
  const origins = [await startOrigin(t), await startOrigin(t), await startOrigin(t)];
  for (const [i, origin] of origins.entries()) answerAll(origin, `o${i}`);
  const gateway = await TestGateway.start(t, {
    clusters: [
      {
        endpoints: origins.map(({ port }) => ({ port })),
        limits: { connections: 1, pendingRequests: 10, requests: 10 },
      },
    ],
  });
  const client = await gateway.dial();
  const names = new Set<string>();
  for (let i = 0; i < 12; i++) names.add((await get(client)).body);
  assert.deepEqual([...names].toSorted(), ['o0', 'o1', 'o2']);
  assert.ok(gateway.load.connections <= 1);
  client.end();
  await gateway.atRest();
});

test('many requests at once share few connections fairly enough that all are served', async (t) => {
  const origins = [await startOrigin(t), await startOrigin(t)];
  for (const origin of origins) answerAll(origin, 'ok');
  const gateway = await TestGateway.start(t, {
    clusters: [
      {
        endpoints: origins.map(({ port }) => ({ port })),
        limits: { connections: 3, pendingRequests: 100, requests: 100 },
      },
    ],
  });
  const clients = await Promise.all(Array.from({ length: 40 }, () => gateway.dial()));
  for (let round = 0; round < 5; round++) await Promise.all(clients.map((client) => get(client)));
  assert.equal(gateway.records.filter((record) => record.error !== null).length, 0);
  for (const client of clients) client.end();
  await gateway.recorded(200);
  await gateway.atRest();
});

test('backends get their share by weight, and none with weight 0', async (t) => {
  const origins = [await startOrigin(t), await startOrigin(t), await startOrigin(t)];
  const counts = origins.map((origin, i) => answerAll(origin, `o${i}`));
  const gateway = await TestGateway.start(t, {
    clusters: origins.map(({ port }, i) => ({ name: `c${i}`, endpoints: [{ port }] })),
    backends: [3, 1, 0].map((weight, i) => ({ cluster: `c${i}`, weight, filters: [] })),
  });
  const client = await gateway.dial();
  client.send(REQUEST.repeat(1000));
  await until('all are answered', () => gateway.records.length === 1000);
  const [most, least, none] = counts.map(({ count }) => count);
  assert.ok(most! > 650 && most! < 850, `${most} of 1000`);
  assert.equal(most! + least!, 1000);
  assert.equal(none, 0);
});

test('an endpoint that is removed finishes what it has and gets nothing new', async (t) => {
  const origins = [await startOrigin(t), await startOrigin(t)];
  const gateway = await TestGateway.start(t, { clusters: [{ endpoints: [{ port: origins[0]!.port }] }] });
  const client = await gateway.dial();
  client.send(REQUEST);
  const server = await origins[0]!.accept();
  await server.readHead();
  await gateway.apply([declareEndpoints('origin', [{ port: origins[1]!.port }])]);
  server.send(OK);
  assert.equal((await client.readMessage()).body, 'ok');
  await server.untilClosed();
  answerAll(origins[1]!, 'new');
  assert.equal((await get(client)).body, 'new');
  client.end();
  await gateway.atRest();
});

test('a cluster that changes, goes and comes again while a request runs', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(REQUEST);
  const server = await origin.accept();
  await server.readHead();
  await gateway.apply(declareCluster({ endpoints: [{ port: origin.port }], loadBalancing: 'LeastRequest' }));
  await gateway.apply([], ['cluster origin', 'endpoints origin']);
  server.send(OK);
  assert.equal((await client.readMessage()).body, 'ok');
  assert.match((await get(client)).head, /^HTTP\/1\.1 500 /);
  await gateway.apply(declareCluster({ endpoints: [{ port: origin.port }] }));
  client.send(REQUEST);
  const next = await origin.accept();
  await next.readHead();
  next.send(OK);
  assert.equal((await client.readMessage()).body, 'ok');
  client.end();
  await gateway.recorded(3);
  await gateway.atRest();
});

test('endpoints that drain get nothing while another is ready', async (t) => {
  const origins = [await startOrigin(t), await startOrigin(t)];
  for (const [i, origin] of origins.entries()) answerAll(origin, `o${i}`);
  const gateway = await TestGateway.start(t, {
    clusters: [{ endpoints: [{ port: origins[0]!.port, state: 'draining' }, { port: origins[1]!.port }] }],
  });
  const client = await gateway.dial();
  for (let i = 0; i < 10; i++) assert.equal((await get(client)).body, 'o1');
  await gateway.apply([declareEndpoints('origin', [{ port: origins[0]!.port, state: 'draining' }])]);
  assert.equal((await get(client)).body, 'o0');
});

test('a host name is resolved', async (t) => {
  const origin = await startOrigin(t);
  answerAll(origin, 'named');
  const gateway = await TestGateway.start(t, {
    clusters: [
      { endpoints: [{ address: 'localhost', port: origin.port }], dns: { refreshIntervalMs: 1000, ipFamily: 'IPv4' } },
    ],
  });
  await until('the name is resolved', () => gateway.gateway.activity.clusters[0]!.endpoints.length === 1);
  const client = await gateway.dial();
  assert.equal((await get(client)).body, 'named');
});
