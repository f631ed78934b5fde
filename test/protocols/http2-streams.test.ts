import assert from 'node:assert/strict';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { test, type TestContext } from 'node:test';
import { DEFAULT_HTTP2_LIMITS } from '#codec/http2/limits.ts';
import type { GatewayTest } from '../data-plane/testing/declarations.ts';
import { TestGateway } from '../data-plane/testing/gateway.ts';
import { until } from '../data-plane/testing/peer.ts';
import { Http2Caller, Http2Origin } from './testing/http2-peers.ts';

/* What many requests on one connection do to each other: nothing. */

const { NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_REFUSED_STREAM } = constants;

interface Pair {
  readonly gateway: TestGateway;
  readonly origin: Http2Origin;
  readonly caller: Http2Caller;
}

type Serve = Parameters<typeof Http2Origin.start>[1];

const startPair = async (
  t: TestContext,
  serve: Serve,
  test: Omit<GatewayTest, 'clusters'> & { readonly options?: Parameters<typeof Http2Origin.start>[2] } = {},
): Promise<Pair> => {
  const origin = await Http2Origin.start(t, serve, test.options);
  const gateway = await TestGateway.start(t, {
    ...test,
    clusters: [{ protocol: 'http2', endpoints: [{ port: origin.port }] }],
  });
  return { gateway, origin, caller: new Http2Caller(t, gateway.port) };
};

/** Waits until nothing is left of any request, and the clients have gone. */
const settle = async ({ gateway, caller }: Pair): Promise<void> => {
  await caller.close();
  await gateway.atRest();
};

const hello: Serve = (stream, headers) => {
  stream.respond({ ':status': 200 });
  stream.end(`hello ${String(headers[':path'])}`);
};

const silent: Serve = () => {};

const fill = (stream: ServerHttp2Stream, octets: number): void => {
  const chunk = Buffer.alloc(16_384, 'x');
  let left = octets;
  const write = (): void => {
    while (left > 0 && !stream.destroyed) {
      left -= chunk.length;
      if (!stream.write(chunk)) {
        stream.once('drain', write);
        return;
      }
    }
    stream.end();
  };
  write();
};

test('requests of one client share one connection to the backend, and each gets its own answer', async (t) => {
  const pair = await startPair(t, hello);
  const calls = Array.from({ length: 90 }, (_, i) => pair.caller.get(`/${i}`));
  for (const [i, call] of calls.entries()) assert.equal((await call.finish()).text, `hello /${i}`);
  assert.equal(pair.origin.sessions.length, 1);
  await pair.gateway.recorded(90);
  await settle(pair);
});

test('answers come in the order in which they are ready', async (t) => {
  const slow: ServerHttp2Stream[] = [];
  const pair = await startPair(t, (stream, headers) => {
    if (headers[':path'] === '/slow') slow.push(stream);
    else hello(stream, headers);
  });
  const first = pair.caller.get('/slow');
  await until('the slow request', () => slow.length === 1);
  assert.equal((await pair.caller.get('/fast').finish()).text, 'hello /fast');
  assert.equal(first.headers, null);
  slow[0]!.respond({ ':status': 200 });
  slow[0]!.end('at last');
  assert.equal((await first.finish()).text, 'at last');
  await settle(pair);
});

test('answers that their clients do not read stall no other client of the same backend connection, and are held in bounds', async (t) => {
  const pair = await startPair(t, (stream, headers) => {
    stream.respond({ ':status': 200 });
    if (headers[':path'] === '/large') fill(stream, 64 * 1024 * 1024);
    else stream.end('small');
  });
  const callers = Array.from({ length: 8 }, () => new Http2Caller(t, pair.gateway.port));
  const calls = callers.flatMap((caller) => [0, 1].map(() => caller.call({ ':path': '/large' }, '', { reads: false })));
  for (const call of calls) await call.head();
  const before = process.memoryUsage();
  for (let i = 0; i < 20; i++) assert.equal((await pair.caller.get('/small').finish()).text, 'small');
  assert.equal(pair.origin.sessions.length, 1);
  const after = process.memoryUsage();
  assert.ok(after.external + after.arrayBuffers - before.external - before.arrayBuffers < 64 * 1024 * 1024);
  for (const call of calls) call.stream.close(NGHTTP2_CANCEL);
  for (const caller of callers) await caller.close();
  await settle(pair);
});

test('a stalled upload stalls no other request of its client', async (t) => {
  const pair = await startPair(t, (stream, headers) => {
    if (headers[':path'] === '/stalled') stream.pause();
    else hello(stream, headers);
  });
  const stalled = pair.caller.call({ ':method': 'POST', ':path': '/stalled' }, null);
  stalled.stream.write(Buffer.alloc(4 * 1024 * 1024));
  await until('the upload at the origin', () => pair.origin.streams.length === 1);
  for (let i = 0; i < 10; i++) assert.equal((await pair.caller.get('/other').finish()).text, 'hello /other');
  stalled.stream.close(NGHTTP2_CANCEL);
  await settle(pair);
});

test('a request that its client resets is reset at the backend', async (t) => {
  const pair = await startPair(t, silent);
  const call = pair.caller.get('/');
  await until('the request at the origin', () => pair.origin.streams.length === 1);
  call.stream.close(NGHTTP2_CANCEL);
  await until('the reset at the origin', () => pair.origin.streams[0]!.closed);
  assert.equal(pair.origin.streams[0]!.rstCode, NGHTTP2_CANCEL);
  assert.equal((await pair.gateway.recorded(1)).error?.code, 'downstream_closed');
  assert.equal(pair.gateway.load.connections, 1, 'the connection lives on');
  await settle(pair);
});

test('all requests of a client that goes away are reset at the backend', async (t) => {
  const pair = await startPair(t, silent);
  for (let i = 0; i < 5; i++) pair.caller.get(`/${i}`);
  await until('the requests at the origin', () => pair.origin.streams.length === 5);
  pair.caller.session.destroy();
  await until('the resets at the origin', () => pair.origin.streams.every((stream) => stream.closed));
  await pair.gateway.recorded(5);
  await pair.gateway.atRest();
});

test('a request that the backend refuses is tried again (RFC 9113 §8.7)', async (t) => {
  let refusals = 0;
  const pair = await startPair(t, (stream, headers) => {
    if (refusals++ === 0) stream.close(NGHTTP2_REFUSED_STREAM);
    else hello(stream, headers);
  });
  const call = await pair.caller.call({ ':method': 'POST', ':path': '/' }, 'content').finish();
  assert.deepEqual([call.status, call.text], [200, 'hello /']);
  assert.equal((await pair.gateway.recorded(1)).attempts, 2);
  await settle(pair);
});

test('a request that the backend resets otherwise is answered, not tried again', async (t) => {
  const pair = await startPair(t, (stream) => stream.close(NGHTTP2_CANCEL));
  const call = await pair.caller.call({ ':method': 'POST', ':path': '/' }, 'content').finish();
  assert.equal(call.status, 502);
  const record = await pair.gateway.recorded(1);
  assert.deepEqual([record.attempts, record.error?.code], [1, 'upstream_reset']);
  await settle(pair);
});

test('a reset in the middle of an answer resets it downstream, and nothing else', async (t) => {
  const pair = await startPair(t, (stream, headers) => {
    if (headers[':path'] !== '/broken') return hello(stream, headers);
    stream.respond({ ':status': 200 });
    stream.write('half of it', () => stream.destroy(new Error('broken'))); // `close` would end it first
  });
  const broken = pair.caller.get('/broken');
  assert.equal((await pair.caller.get('/whole').finish()).text, 'hello /whole');
  await broken.finish();
  assert.equal(broken.status, 200);
  assert.notEqual(broken.stream.rstCode, NGHTTP2_NO_ERROR);
  await settle(pair);
});

test('requests beyond what the backend takes at once wait for a place, or get another connection', async (t) => {
  const open: ServerHttp2Stream[] = [];
  const pair = await startPair(t, (stream) => open.push(stream), {
    options: { settings: { maxConcurrentStreams: 4 } },
  });
  const calls = Array.from({ length: 12 }, (_, i) => pair.caller.get(`/${i}`));
  await until('twelve streams', () => open.length === 12);
  assert.equal(pair.origin.sessions.length, 3);
  for (const stream of open) {
    stream.respond({ ':status': 200 });
    stream.end('x');
  }
  for (const call of calls) assert.equal((await call.finish()).text, 'x');
  for (const record of pair.gateway.records) assert.equal(record.attempts, 1, 'nothing was refused');
  await settle(pair);
});

test('a backend that goes away in order loses no request', async (t) => {
  const pair = await startPair(t, (stream, headers) => {
    hello(stream, headers);
    if (pair.origin.streams.length % 50 === 0) stream.session?.close(); // GOAWAY
  });
  for (let round = 0; round < 10; round++) {
    const calls = Array.from({ length: 40 }, (_, i) => pair.caller.call({ ':method': 'POST', ':path': `/${i}` }, 'x'));
    for (const [i, call] of calls.entries()) assert.equal((await call.finish()).text, `hello /${i}`);
  }
  assert.ok(pair.origin.sessions.length > 1);
  await pair.gateway.recorded(400);
  await settle(pair);
});

test('a connection whose backend has gone is replaced', async (t) => {
  const pair = await startPair(t, hello);
  await pair.caller.get('/1').finish();
  pair.origin.sessions[0]!.destroy();
  await until('no connection', () => pair.gateway.load.connections === 0);
  assert.equal((await pair.caller.get('/2').finish()).text, 'hello /2');
  await settle(pair);
});

test('a server of HTTP/1.1 in the place of one of HTTP/2 is answered for with 502, at once', async (t) => {
  const { createServer } = await import('node:http');
  const server = createServer((_, response) => response.end());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const gateway = await TestGateway.start(t, { clusters: [{ protocol: 'http2', endpoints: [{ port }] }] });
  const caller = new Http2Caller(t, gateway.port);
  assert.equal((await caller.get('/').finish()).status, 502);
  assert.equal((await gateway.recorded(1)).error?.code, 'upstream_connect_failed');
  await caller.close();
  await gateway.atRest();
});

test('a server that accepts and says nothing is given up when the time to connect is over', async (t) => {
  const { createServer } = await import('node:net');
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const gateway = await TestGateway.start(t, {
    clusters: [{ protocol: 'http2', connectTimeoutMs: 50, endpoints: [{ port }] }],
  });
  const caller = new Http2Caller(t, gateway.port);
  assert.equal((await caller.get('/').finish()).status, 502);
  assert.match((await gateway.recorded(1)).error!.cause, /SETTINGS/);
  await caller.close();
  await gateway.atRest();
  assert.equal(gateway.load.connections, 0);
});

test('a gateway that drains says GOAWAY, finishes what is open and closes', async (t) => {
  const open: ServerHttp2Stream[] = [];
  const pair = await startPair(t, (stream) => open.push(stream));
  const call = pair.caller.get('/');
  await until('the request at the origin', () => open.length === 1);
  const drained = pair.gateway.gateway.drain();
  await until('GOAWAY', () => pair.caller.goAways.length > 0);
  open[0]!.respond({ ':status': 200 });
  open[0]!.end('still served');
  assert.equal((await call.finish()).text, 'still served');
  await drained;
  await pair.gateway.atRest();
});

test('an idle connection is closed with GOAWAY, one with a request is not', async (t) => {
  const open: ServerHttp2Stream[] = [];
  const pair = await startPair(t, (stream) => open.push(stream), { limits: { keepAliveIdleMs: 60 } });
  const idle = new Http2Caller(t, pair.gateway.port);
  const call = pair.caller.get('/');
  await until('the end of the idle connection', () => idle.closed);
  assert.deepEqual(idle.goAways, [NGHTTP2_NO_ERROR]);
  open[0]!.respond({ ':status': 200 });
  open[0]!.end('served');
  assert.equal((await call.finish()).text, 'served');
  await until('the end of the other', () => pair.caller.closed);
  await pair.gateway.atRest();
});

test('a request on which nothing moves is ended, in either phase', async (t) => {
  const pair = await startPair(
    t,
    (stream, headers) => {
      if (headers[':path'] !== '/begun') return;
      stream.respond({ ':status': 200 });
      stream.write('begun');
    },
    { limits: { streamIdleMs: 60 }, timeouts: { requestMs: 0 } },
  );
  const [silence, begun, upload] = [
    pair.caller.get('/silent'),
    pair.caller.get('/begun'),
    pair.caller.call({ ':method': 'POST', ':path': '/upload' }, null),
  ];
  assert.equal((await silence.finish()).status, 504);
  await begun.finish();
  assert.deepEqual([begun.status, begun.text], [200, 'begun']);
  assert.notEqual(begun.stream.rstCode, NGHTTP2_NO_ERROR);
  await upload.head();
  assert.equal(upload.status, 408);
  await pair.gateway.recorded(3);
  await settle(pair);
});

test('requests beyond the limit of the connection are refused, and the rest is served', async (t) => {
  const open: ServerHttp2Stream[] = [];
  const limits = { http2: { ...DEFAULT_HTTP2_LIMITS, concurrentStreams: 3 } };
  const pair = await startPair(t, (stream) => open.push(stream), { limits });
  const calls = Array.from({ length: 10 }, (_, i) => pair.caller.get(`/${i}`));
  await until('three at the origin', () => open.length === 3);
  for (let served = 0; served < 10; served++) {
    await until('one more at the origin', () => open.length > served || calls.every((call) => call.closed));
    open[served]?.respond({ ':status': 200 });
    open[served]?.end('x');
  }
  for (const call of calls) await call.finish();
  assert.ok(calls.filter((call) => call.text === 'x').length >= 3);
  await settle(pair);
});

test('a request that cannot be read is recorded with an id, and its connection goes on', async (t) => {
  const pair = await startPair(t, hello);
  const refused = await pair.caller.get(`/${'x'.repeat(20_000)}`).finish();
  assert.equal(refused.status, 414);
  assert.equal((await pair.gateway.recorded(1)).error?.code, 'target_too_long');
  assert.equal((await pair.caller.get('/').finish()).text, 'hello /');
  await settle(pair);
});

test('CONNECT is refused (RFC 9110 §9.3.6)', async (t) => {
  const pair = await startPair(t, hello);
  const call = pair.caller.call({ ':method': 'CONNECT', ':authority': 'example.com:443' }, null);
  await call.head();
  assert.equal(call.status, 405);
  call.stream.end();
  await settle(pair);
});

test('an answer before the end of its request is delivered whole, and the rest of the request dropped', async (t) => {
  const pair = await startPair(t, (stream) => {
    stream.respond({ ':status': 413 });
    stream.end('too much');
  });
  const call = pair.caller.call({ ':method': 'POST', ':path': '/' }, null);
  call.stream.write(Buffer.alloc(1_000_000));
  await call.finish();
  assert.deepEqual([call.status, call.text, call.stream.rstCode], [413, 'too much', NGHTTP2_NO_ERROR]);
  await settle(pair);
});

test('a backend that is gone without a word is noticed by the first request that times out, and its connection replaced', async (t) => {
  const { createServer } = await import('node:net');
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
    socket.write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])); // SETTINGS, and nothing ever after
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const timeouts = { requestMs: 60 };
  const gateway = await TestGateway.start(t, {
    timeouts,
    clusters: [{ protocol: 'http2', connectTimeoutMs: 60, endpoints: [{ port }] }],
  });
  const caller = new Http2Caller(t, gateway.port);
  assert.equal((await caller.get('/').finish()).status, 504);
  await until('the end of the dead connection', () => gateway.load.connections === 0);
  assert.equal((await caller.get('/').finish()).status, 504);
  assert.equal(connections, 2);
  await caller.close();
  await gateway.atRest();
});

test('a backend that is only slow keeps its connection', async (t) => {
  const origin = await Http2Origin.start(t, silent);
  const test = {
    timeouts: { requestMs: 60 },
    clusters: [{ protocol: 'http2' as const, connectTimeoutMs: 60, endpoints: [{ port: origin.port }] }],
  };
  const gateway = await TestGateway.start(t, test);
  const caller = new Http2Caller(t, gateway.port);
  for (let i = 0; i < 4; i++) assert.equal((await caller.get('/').finish()).status, 504);
  assert.equal(origin.sessions.length, 1);
  await caller.close();
  await gateway.atRest();
});
