import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer as createHttp1Server, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { connect, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { ClusterTest, GatewayTest } from './testing/declarations.ts';
import { startOrigin, startPair, TestGateway } from './testing/gateway.ts';
import { closedPort, until, type Peer, type ScriptedOrigin } from './testing/peer.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody';

const send = async (
  t: TestContext,
  text: string,
  test: Omit<GatewayTest, 'clusters'> & { readonly cluster?: Partial<ClusterTest> } = {},
): Promise<{ gateway: TestGateway; origin: ScriptedOrigin; client: Peer; server: Peer }> => {
  const { gateway, origin } = await startPair(t, test);
  const client = await gateway.dial();
  client.send(text);
  const server = await origin.accept();
  await server.readHead();
  return { gateway, origin, client, server };
};

for (const leave of ['end', 'reset'] as const) {
  test(`a backend that leaves (${leave}) before its response: 502, and the client's connection lives on`, async (t) => {
    const { gateway, origin, client, server } = await send(t, REQUEST);
    server[leave]();
    assert.match((await client.readMessage()).head, /^HTTP\/1\.1 502 /);
    assert.equal((await gateway.recorded(1)).error?.code, 'upstream_reset');
    client.send(REQUEST);
    const next = await origin.accept();
    await next.readHead();
    next.send(OK);
    assert.equal((await client.readMessage()).body, 'ok');
    client.end();
    await gateway.atRest();
  });

  test(`a backend that leaves (${leave}) within its response breaks the client's connection without a clean end`, async (t) => {
    const { gateway, client, server } = await send(t, REQUEST);
    server.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\n');
    await client.read('part\r\n');
    server[leave]();
    assert.doesNotMatch(await client.readToEnd(), /0\r\n/);
    const record = await gateway.recorded(1);
    assert.deepEqual([record.error?.code, record.response?.status], ['upstream_reset', 200]);
    client.end();
    await gateway.atRest();
  });

  test(`a backend that leaves (${leave}) within the request`, async (t) => {
    const { gateway, client, server } = await send(t, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello');
    server[leave]();
    assert.match((await client.readMessage()).head, /^HTTP\/1\.1 502 /);
    client.send('world');
    client.end();
    await gateway.recorded(1);
    await gateway.atRest();
  });
}

for (const [name, response] of [
  ['garbage', '\x00\x01\x02\x03\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!'],
  ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a folded field', 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 0\r\n\r\n'],
  ['a bare LF', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n'],
  ['too large a head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`],
  ['HTTP/2', '\x00\x00\x00\x04\x00\x00\x00\x00\x00'],
] as const) {
  test(`a response with ${name} is answered 502 and its connection is not used again`, async (t) => {
    const { gateway, client, server } = await send(t, REQUEST);
    server.send(response);
    assert.match((await client.readMessage()).head, /^HTTP\/1\.1 502 /);
    await server.untilClosed();
    assert.equal((await gateway.recorded(1)).error?.code, 'upstream_protocol_error');
    client.end();
    await gateway.atRest();
  });
}

test('chunks that turn out malformed break the client’s connection without a clean end', async (t) => {
  const { gateway, client, server } = await send(t, REQUEST);
  server.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\npart\r\nzz\r\n');
  assert.doesNotMatch(await client.readToEnd(), /0\r\n\r\n/);
  client.end();
  assert.equal((await gateway.recorded(1)).error?.code, 'upstream_protocol_error');
  await gateway.atRest();
});

test('octets behind a response never answer another request', async (t) => {
  const { gateway, origin, client, server } = await send(t, REQUEST);
  server.send(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`);
  assert.equal((await client.readMessage()).body, 'ok');
  await server.untilClosed();
  const other = await gateway.dial();
  other.send(REQUEST);
  const next = await origin.accept();
  await next.readHead();
  next.send(OK);
  assert.equal((await other.readMessage()).body, 'ok');
});

test('octets on an idle connection never answer the next request', async (t) => {
  const { gateway, origin, client, server } = await send(t, REQUEST);
  server.send(OK);
  await client.readMessage();
  server.send('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
  await server.untilClosed();
  await until('it is gone', () => gateway.load.connections === 0);
  client.send(REQUEST);
  const next = await origin.accept();
  await next.readHead();
  next.send(OK);
  assert.equal((await client.readMessage()).body, 'ok');
});

test('a second response behind a HEAD’s does not reach anyone', async (t) => {
  const { gateway, client, server } = await send(t, 'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n');
  server.send('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
  assert.doesNotMatch(await client.readHead(), /evil/);
  await server.untilClosed();
  assert.equal(client.unread, '');
  client.end();
  await gateway.atRest();
});

/** One exchange on a pooled connection, then the origin resets that connection as the next request comes. */
const staleConnection = async (
  t: TestContext,
  request: string,
): Promise<{ gateway: TestGateway; origin: ScriptedOrigin; client: Peer }> => {
  const { gateway, origin, client, server } = await send(t, REQUEST);
  server.send(OK);
  await client.readMessage();
  await until('the connection is idle', () => gateway.load.requests === 0);
  server.socket.once('data', () => server.reset());
  client.send(request);
  return { gateway, origin, client };
};

test('a GET that met a stale connection is sent again (RFC 9112 §9.3.1)', async (t) => {
  const { gateway, origin, client } = await staleConnection(t, REQUEST);
  const next = await origin.accept();
  await next.readHead();
  next.send(OK);
  assert.equal((await client.readMessage()).body, 'ok');
  const record = await gateway.recorded(2);
  assert.deepEqual([record.error, record.attempts], [null, 2]);
  client.end();
  await gateway.atRest();
});

test('a POST that met a stale connection is not sent again: it may have been taken', async (t) => {
  const { gateway, origin, client } = await staleConnection(t, POST);
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 502 /);
  assert.equal((await gateway.recorded(2)).attempts, 1);
  assert.equal(origin.peers.length, 1);
  client.end();
  await gateway.atRest();
});

test('a request with content of a repeatable method is sent again with all of it', async (t) => {
  const content = 'x'.repeat(50_000);
  const { gateway, origin, client } = await staleConnection(
    t,
    `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000\r\n\r\n${content}`,
  );
  const next = await origin.accept();
  assert.equal((await next.readMessage()).body, content);
  next.send(OK);
  await client.readMessage();
  client.end();
  await gateway.recorded(2);
  await gateway.atRest();
});

test('a refused connect goes to the next endpoint, whatever the method', async (t) => {
  const origin = await startOrigin(t);
  const gateway = await TestGateway.start(t, {
    clusters: [{ endpoints: [{ port: await closedPort() }, { port: origin.port }] }],
  });
  const client = await gateway.dial();
  for (let i = 0; i < 4; i++) {
    client.send(POST);
    const server = origin.peers[0] ?? (await origin.accept());
    assert.equal((await server.readMessage()).body, 'body');
    server.send(OK);
    await client.readMessage();
  }
  assert.ok(gateway.records.some((record) => record.attempts === 2));
  client.end();
  await gateway.recorded(4);
  await gateway.atRest();
});

test('content that grows while a connect is tried again arrives whole', async (t) => {
  const origin = await startOrigin(t);
  const gateway = await TestGateway.start(t, {
    clusters: [{ endpoints: [{ port: await closedPort() }, { port: origin.port }] }],
  });
  const client = await gateway.dial();
  // In small chunks, 64 KiB and more of which are decoded from one read.
  const content = Array.from({ length: 30_000 }, (_, i) => String(i % 10)).join('');
  const chunked = content.replaceAll(/\d/g, '1\r\n$&\r\n');
  for (let i = 0; i < 2; i++) {
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}0\r\n\r\n`);
    const server = origin.peers[0] ?? (await origin.accept());
    await server.readHead();
    const raw = await server.read('0\r\n\r\n');
    let got = '';
    for (let at = 0; at < raw.length;) {
      const end = raw.indexOf('\r\n', at);
      const size = Number.parseInt(raw.slice(at, end), 16);
      got += raw.slice(end + 2, end + 2 + size);
      at = end + 4 + size;
    }
    assert.equal(got, content);
    server.send(OK);
    await client.readMessage();
  }
  assert.ok(gateway.records.some((record) => record.attempts === 2));
});

/** Starts a server that answers every request with `name`. @param port 0 for any @returns its port */
const startServer = async (t: TestContext, protocol: 'http1' | 'http2', name: string, port = 0): Promise<number> => {
  const server = protocol === 'http1' ? createHttp1Server() : createHttp2Server();
  server.on('request', (_: unknown, response: ServerResponse) => {
    response.setHeader('content-length', name.length);
    response.end(name);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
};

for (const protocol of ['http1', 'http2'] as const) {
  test(`an endpoint that cannot be reached is left alone while another can, and used again when it can (${protocol})`, async (t) => {
    const port = await closedPort();
    const endpoints = [{ port }, { port: await startServer(t, protocol, 'steady') }];
    const gateway = await TestGateway.start(t, { clusters: [{ protocol, endpoints }] });
    const client = await gateway.dial();
    const ask = async (): Promise<string> => {
      client.send(POST);
      return (await client.readMessage()).body;
    };
    for (let i = 0; i < 200; i++) assert.equal(await ask(), 'steady');
    // Each wait of a second or more ends with one more try.
    const detours = gateway.records.filter(({ attempts }) => attempts > 1).length;
    assert.ok(detours >= 1 && detours < 20, `${detours} requests took a detour`);
    await startServer(t, protocol, 'back', port);
    while ((await ask()) !== 'back');
    while ((await ask()) !== 'steady');
    client.end();
    await gateway.atRest();
  });
}

test('where nobody listens, the answer is 502 after three attempts', async (t) => {
  const gateway = await TestGateway.start(t, { clusters: [{ endpoints: [{ port: await closedPort() }] }] });
  const client = await gateway.dial();
  client.send(POST);
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 502 /);
  const record = await gateway.recorded(1);
  assert.deepEqual([record.error?.code, record.attempts], ['upstream_connect_failed', 3]);
  client.end();
  await gateway.atRest();
});

test('retries of all requests together have a budget', async (t) => {
  const gateway = await TestGateway.start(t, { clusters: [{ endpoints: [{ port: await closedPort() }] }] });
  const clients = await Promise.all(Array.from({ length: 40 }, () => gateway.dial()));
  for (const client of clients) client.send(REQUEST.repeat(5));
  await until('all are answered', () => gateway.records.length === 200);
  const retries = gateway.records.reduce((sum, record) => sum + record.attempts - 1, 0);
  assert.ok(retries >= 100 && retries < 400, `${retries} retries`);
  for (const client of clients) client.end();
  await gateway.atRest();
});

/** A process that listens and accepts nothing, and enough connections to fill the kernel's queue: no SYN is answered. */
const DEAF = `require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, function () {
  require('node:fs').writeSync(1, String(this.address().port));
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
})`;

test('a connect that takes too long is answered 504', async (t) => {
  const deaf = spawn(process.execPath, ['-e', DEAF], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => deaf.kill('SIGKILL'));
  const [chunk] = (await once(deaf.stdout, 'data')) as [Buffer];
  const port = Number(chunk.toString());
  for (let i = 0; i < 8; i++) {
    const filler = connect(port, '127.0.0.1').on('error', () => {});
    t.after(() => filler.destroy());
  }
  const gateway = await TestGateway.start(t, { clusters: [{ endpoints: [{ port }], connectTimeoutMs: 40 }] });
  const client = await gateway.dial();
  client.send(REQUEST);
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 504 /);
  const record = await gateway.recorded(1);
  assert.deepEqual([record.error?.code, record.attempts], ['upstream_connect_timeout', 3]);
  client.end();
  await gateway.atRest();
  assert.equal(gateway.load.connections, 0);
});

for (const [name, timeouts, attempts] of [
  ['request', { requestMs: 40 }, 1],
  ['backendRequest', { backendRequestMs: 40 }, 1],
] as const) {
  test(`a backend that does not answer within ${name} is answered 504, and its connection is not used again`, async (t) => {
    const { gateway, client, server } = await send(t, REQUEST, { timeouts });
    assert.match((await client.readMessage()).head, /^HTTP\/1\.1 504 /);
    await server.untilClosed();
    const record = await gateway.recorded(1);
    assert.deepEqual([record.error?.code, record.attempts], ['upstream_timeout', attempts]);
    client.end();
    await gateway.atRest();
  });

  test(`a response that is not complete within ${name} is broken off`, async (t) => {
    const { gateway, client, server } = await send(t, REQUEST, { timeouts });
    server.send('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\npart');
    assert.match(await client.readToEnd(), /part$/);
    client.end();
    await server.untilClosed();
    assert.equal((await gateway.recorded(1)).error?.code, 'upstream_timeout');
    await gateway.atRest();
  });
}

test('the time of a request does not run while its client still sends', async (t) => {
  const { gateway, client, server } = await send(t, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n', {
    timeouts: { requestMs: 40 },
  });
  for (let i = 0; i < 10; i++) {
    client.send('xx');
    await server.read('xx');
    await new Promise((resolve) => setTimeout(resolve, 20)); // 200 ms in all: the test is about time
  }
  server.send(OK);
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 200 /);
  client.end();
  await gateway.atRest();
});

test('a backend that stops reading the request is late, not its client', async (t) => {
  const { gateway, origin } = await startPair(t, { timeouts: { requestMs: 100 }, limits: { lingerMs: 50 } });
  const client = await gateway.dial();
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n');
  const server = await origin.accept();
  server.socket.pause();
  const flood = setInterval(() => {
    if (client.socket.writableLength < 1024 * 1024) client.socket.write(Buffer.alloc(256 * 1024));
  }, 1);
  t.after(() => clearInterval(flood));
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 504 /);
  clearInterval(flood);
  server.socket.destroy();
  client.reset();
  assert.equal((await gateway.recorded(1)).error?.code, 'upstream_timeout');
  await gateway.atRest();
});

test('server-sent events outlast the timeout of the request', async (t) => {
  const { gateway, client, server } = await send(t, REQUEST, { timeouts: { requestMs: 30 } });
  server.send('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n');
  await client.readHead();
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20)); // longer than the timeout: the test is about time
    server.send('4\r\ndata\r\n');
    await client.read('data\r\n');
  }
  server.send('0\r\n\r\n');
  await client.read('0\r\n\r\n');
  client.end();
  await gateway.atRest();
});
