import { Metadata, status } from '@grpc/grpc-js';
import assert from 'node:assert/strict';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { GatewayTest } from '../data-plane/testing/declarations.ts';
import { TestGateway } from '../data-plane/testing/gateway.ts';
import { until } from '../data-plane/testing/peer.ts';
import {
  echoClient,
  outcomeOf,
  startEcho,
  type EchoClient,
  type EchoHandlers,
  type Outcome,
} from './testing/echo-service.ts';
import { Http2Origin } from './testing/http2-peers.ts';

/* gRPC by grpc-js, client and server, through a gateway. */

interface Echo {
  readonly gateway: TestGateway;
  readonly client: EchoClient;
}

const start = async (
  t: TestContext,
  handlers: EchoHandlers = {},
  test: Omit<GatewayTest, 'clusters'> = {},
): Promise<Echo> => behind(t, await startEcho(t, handlers), test);

const behind = async (t: TestContext, port: number, test: Omit<GatewayTest, 'clusters'> = {}): Promise<Echo> => {
  const gateway = await TestGateway.start(t, { ...test, clusters: [{ protocol: 'http2', endpoints: [{ port }] }] });
  return { gateway, client: echoClient(t, gateway.port) };
};

/** Waits until nothing is left of any call. */
const settle = async ({ gateway, client }: Echo): Promise<void> => {
  client.close();
  await gateway.atRest();
};

interface Answer extends Outcome {
  readonly message: Buffer | undefined;
}

const unary = async (
  client: EchoClient,
  message: Buffer,
  metadata = new Metadata(),
  deadlineMs?: number,
): Promise<Answer> => {
  let answer: Buffer | undefined;
  const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
  const call = client.unary(message, metadata, options, (_, value) => (answer = value));
  const outcome = await outcomeOf(call);
  return { ...outcome, message: answer };
};

const series = (gateway: TestGateway): string[] => {
  const family = gateway.metrics.collect().families.find(({ name }) => name === 'istio_requests_total');
  return (family?.labels ?? []).map((labels) => labels.slice(9, 13).join(' '));
};

test('a unary call gets its answer, and is counted and logged as gRPC', async (t) => {
  const echo = await start(t);
  const answer = await unary(echo.client, Buffer.from('hello'));
  assert.deepEqual([answer.code, answer.message?.toString()], [status.OK, 'hello']);
  const record = await echo.gateway.recorded(1);
  assert.deepEqual([record.grpc, record.responseTrailers?.first('grpc-status')], ['grpc', '0']);
  assert.deepEqual(series(echo.gateway), ['grpc 200 0 -']);
  echo.client.close();
});

test('streams of the server, of the client and of both pass', async (t) => {
  const echo = await start(t, {
    serverStream: (call) => {
      for (let i = 0; i < 100; i++) call.write(Buffer.from(`${call.request.toString()} ${i}`));
      call.end();
    },
    clientStream: (call, callback) => {
      let octets = 0;
      call.on('data', (message: Buffer) => (octets += message.length));
      call.on('end', () => callback(null, Buffer.from(String(octets))));
    },
  });
  const fromServer: string[] = [];
  const serverStream = echo.client.serverStream(Buffer.from('no'));
  serverStream.on('data', (message: Buffer) => fromServer.push(message.toString()));
  assert.equal((await outcomeOf(serverStream)).code, status.OK);
  assert.deepEqual([fromServer.length, fromServer[99]], [100, 'no 99']);

  let sum = '';
  const clientStream = echo.client.clientStream(new Metadata(), {}, (_, value) => (sum = String(value)));
  for (let i = 0; i < 100; i++) clientStream.write(Buffer.alloc(i));
  clientStream.end();
  assert.equal((await outcomeOf(clientStream)).code, status.OK);
  assert.equal(sum, '4950');

  const duplex = echo.client.duplex();
  let turns = 0;
  duplex.on('data', () => (++turns < 50 ? duplex.write(Buffer.from(`turn ${turns}`)) : duplex.end()));
  duplex.write(Buffer.from('begin'));
  assert.equal((await outcomeOf(duplex)).code, status.OK);
  assert.equal(turns, 50);
  await settle(echo);
});

test('ten thousand messages come back in order', async (t) => {
  const echo = await start(t);
  const duplex = echo.client.duplex();
  let received = 0;
  duplex.on('data', (message: Buffer) => assert.equal(message.readUInt32BE(), received++));
  for (let i = 0; i < 10_000; i++) {
    const message = Buffer.alloc(4);
    message.writeUInt32BE(i);
    duplex.write(message);
  }
  duplex.end();
  assert.equal((await outcomeOf(duplex)).code, status.OK);
  assert.equal(received, 10_000);
  await settle(echo);
});

test('messages of 4 MB and large metadata pass', async (t) => {
  const echo = await start(t, {
    unary: (call, callback) => {
      const trailers = new Metadata();
      trailers.set('x-back', call.metadata.get('x-large')[0]!);
      callback(null, call.request, trailers);
    },
  });
  const metadata = new Metadata();
  metadata.set('x-large', 'm'.repeat(30_000));
  metadata.set('x-octets-bin', Buffer.from([0, 255, 1]));
  const message = Buffer.alloc(4 * 1024 * 1024 - 5, 7);
  const answer = await unary(echo.client, message, metadata);
  assert.equal(answer.code, status.OK);
  assert.ok(answer.message!.equals(message));
  assert.equal(String(answer.trailers.get('x-back')[0]).length, 30_000);
  await settle(echo);
});

test('a status that the server gives reaches the client, behind messages and without any', async (t) => {
  const echo = await start(t, {
    unary: (_, callback) => callback({ code: status.NOT_FOUND, details: 'no such größe' }),
    serverStream: (call) => {
      call.write(Buffer.from('one'));
      call.emit('error', Object.assign(new Error('quota'), { code: status.RESOURCE_EXHAUSTED, details: 'quota' }));
    },
  });
  const answer = await unary(echo.client, Buffer.from('x'));
  assert.deepEqual([answer.code, answer.details], [status.NOT_FOUND, 'no such größe']);
  const stream = echo.client.serverStream(Buffer.from('x'));
  stream.on('data', () => {});
  stream.on('error', () => {});
  assert.equal((await outcomeOf(stream)).code, status.RESOURCE_EXHAUSTED);
  await echo.gateway.recorded(2);
  assert.deepEqual(series(echo.gateway).toSorted(), ['grpc 200 5 -', 'grpc 200 8 -']);
  echo.client.close();
});

test('a call that its client cancels is cancelled at the server', async (t) => {
  let cancelled = false;
  const echo = await start(t, {
    serverStream: (call) => void call.on('cancelled', () => (cancelled = true)).write(Buffer.from('one')),
  });
  const stream = echo.client.serverStream(Buffer.from('x'));
  stream.on('error', () => {});
  await new Promise((resolve) => stream.once('data', resolve));
  stream.cancel();
  await until('the cancellation at the server', () => cancelled);
  assert.equal((await echo.gateway.recorded(1)).error?.code, 'downstream_closed');
  await settle(echo);
});

test('a deadline is passed on with the time that remains', async (t) => {
  let told = '';
  const origin = await Http2Origin.start(t, (stream, headers) => {
    told = String(headers['grpc-timeout']);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '0' }, { endStream: true });
  });
  const echo = await behind(t, origin.port);
  await unary(echo.client, Buffer.from('x'), new Metadata(), 5000);
  assert.match(told, /^4\d{6}u$/);
  await settle(echo);
});

test('the proxy ends a call whose deadline has passed, before the head and behind it', async (t) => {
  const origin = await Http2Origin.start(t, (stream, headers) => {
    if (headers[':path'] === '/test.Echo/ServerStream') {
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
      stream.write(Buffer.from([0, 0, 0, 0, 1, 120]));
    }
  });
  const gateway = await TestGateway.start(t, { clusters: [{ protocol: 'http2', endpoints: [{ port: origin.port }] }] });
  const { Http2Caller } = await import('./testing/http2-peers.ts');
  const caller = new Http2Caller(t, gateway.port);
  const call = (method: string) =>
    caller.call(
      { ':method': 'POST', ':path': `/test.Echo/${method}`, 'content-type': 'application/grpc', 'grpc-timeout': '60m' },
      'x',
    );
  const [before, behindHead] = [call('Unary'), call('ServerStream')];
  await before.finish();
  assert.deepEqual([before.status, before.headers!['grpc-status']], [200, '4']);
  await behindHead.finish();
  assert.deepEqual([behindHead.content.length, behindHead.trailers!['grpc-status']], [6, '4']);
  await until('the resets at the origin', () => origin.streams.every((stream) => stream.closed));
  for (const record of gateway.records) assert.equal(record.error?.code, 'upstream_timeout');
  await caller.close();
  await gateway.atRest();
});

test('a call without deadline may last longer than a request of HTTP', async (t) => {
  const echo = await start(t, {}, { timeouts: { requestMs: null } });
  const timersBefore = echo.gateway.gateway.activity.timers;
  const duplex = echo.client.duplex();
  await new Promise((resolve) => duplex.once('data', resolve).write(Buffer.from('x')));
  // Those of the two idle connections and of the stream; none counts towards an end of the call.
  assert.ok(echo.gateway.gateway.activity.timers - timersBefore <= 2);
  duplex.end();
  await outcomeOf(duplex.resume());
  await settle(echo);
});

test('failures of the proxy are gRPC statuses (trailers-only)', async (t) => {
  const noEndpoint = await TestGateway.start(t, { clusters: [{ protocol: 'http2', endpoints: [] }] });
  const noRoute = await TestGateway.start(t, { backends: [], clusters: [] });
  const gone = await unary(echoClient(t, noEndpoint.port), Buffer.from('x'));
  assert.deepEqual([gone.code, gone.details], [status.UNAVAILABLE, 'No endpoint of the backend is ready']);
  const unrouted = await unary(echoClient(t, noRoute.port), Buffer.from('x'));
  assert.equal(unrouted.code, status.INTERNAL);
});

test('a malformed deadline is refused', async (t) => {
  const echo = await start(t);
  const { Http2Caller } = await import('./testing/http2-peers.ts');
  const caller = new Http2Caller(t, echo.gateway.port);
  const headers = {
    ':method': 'POST',
    ':path': '/test.Echo/Unary',
    'content-type': 'application/grpc',
    'grpc-timeout': '1 minute',
  };
  const call = await caller.call(headers, 'x').finish();
  assert.deepEqual([call.status, call.headers!['grpc-status']], [200, '3']);
  await caller.close();
  await settle(echo);
});

test('answers that are no gRPC pass as they are, and count as what callers make of them', async (t) => {
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ ':status': 503, 'content-type': 'text/html' });
    stream.end('<h1>down</h1>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const echo = await behind(t, (server.address() as AddressInfo).port);
  assert.equal((await unary(echo.client, Buffer.from('x'))).code, status.UNAVAILABLE);
  await echo.gateway.recorded(1);
  assert.deepEqual(series(echo.gateway), ['grpc 503 14 -']);
  echo.client.close();
  echo.gateway.gateway.destroy();
});

test('a backend that dies in the middle of a stream is told of with a status', async (t) => {
  const origin = await Http2Origin.start(t, (stream) => {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(Buffer.from([0, 0, 0, 0, 1, 120]), () => stream.session?.destroy());
  });
  const echo = await behind(t, origin.port);
  const stream = echo.client.serverStream(Buffer.from('x'));
  stream.on('error', () => {});
  stream.on('data', () => {});
  assert.equal((await outcomeOf(stream)).code, status.UNAVAILABLE);
  await settle(echo);
});

test('a deadline of HTTP is enforced and passed on (x-envoy-expected-rq-timeout-ms)', async (t) => {
  let told = '';
  const origin = await Http2Origin.start(
    t,
    (_, headers) => void (told = String(headers['x-envoy-expected-rq-timeout-ms'])),
  );
  const { gateway } = await behind(t, origin.port);
  const response = await fetch(`http://127.0.0.1:${gateway.port}/`, {
    headers: { 'x-envoy-expected-rq-timeout-ms': '90' },
  });
  assert.equal(response.status, 504);
  assert.ok(Number(told) > 0 && Number(told) <= 90, told);
  assert.equal((await gateway.recorded(1)).error?.code, 'upstream_timeout');
});
