import assert from 'node:assert/strict';
import { createServer as createHttp1Server, type Server } from 'node:http';
import { createServer as createHttp2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import { existsSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { declareRoute, type GatewayTest } from '../data-plane/testing/declarations.ts';
import { TestGateway } from '../data-plane/testing/gateway.ts';
import { until } from '../data-plane/testing/peer.ts';
import { Http2Caller, type Call } from './testing/http2-peers.ts';
import { COMBINATIONS, type Version } from './testing/pairs.ts';

/*
 * WebSockets over both versions on both sides (RFC 6455, RFC 8441). The endpoints are `ws`; where one speaks HTTP/2,
 * `ws` runs on a stream of an extended CONNECT, as it stands on a socket.
 */

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));

type Test = Omit<GatewayTest, 'clusters'>;

const echo = (socket: WebSocket): void =>
  void socket.on('message', (content, binary) => socket.send(content, { binary }));

/** Has `ws` take over behind the handshake; its own constructor for streams is the one of its server. */
const adopt = (stream: Socket): WebSocket => {
  const socket = new (WebSocket as unknown as new (address: null, protocols: undefined, options: object) => WebSocket)(
    null,
    undefined,
    {},
  );
  const inner = socket as unknown as {
    _isServer: boolean;
    setSocket(stream: unknown, head: Buffer, options: object): void;
  };
  inner._isServer = true;
  for (const name of ['setTimeout', 'setNoDelay'] as const) stream[name] = () => stream;
  inner.setSocket(stream, Buffer.alloc(0), { allowSynchronousEvents: true, maxPayload: 0, skipUTF8Validation: false });
  return socket;
};

const startOrigin = async (t: TestContext, version: Version): Promise<number> => {
  const server =
    version === 'http1' ? createHttp1Server() : createHttp2Server({ settings: { enableConnectProtocol: true } });
  if (version === 'http1') {
    const sockets = new WebSocketServer({ server: server as Server });
    sockets.on('connection', echo);
    t.after(() => sockets.clients.forEach((socket) => socket.terminate()));
  } else {
    server.on('stream', (stream: ServerHttp2Stream, headers: Record<string, string>) => {
      stream.on('error', () => {});
      if (headers[':protocol'] !== 'websocket' || headers['sec-websocket-key'] !== undefined) {
        stream.respond({ ':status': 400 }, { endStream: true });
        return;
      }
      stream.respond({ ':status': 200 });
      echo(adopt(stream as unknown as Socket));
    });
  }
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
};

const start = async (t: TestContext, version: Version, test: Test = {}): Promise<TestGateway> => {
  const port = await startOrigin(t, version);
  return TestGateway.start(t, { ...test, clusters: [{ protocol: version, endpoints: [{ port }] }] });
};

/** Sends frames by hand on the stream of an extended CONNECT. */
class Http2WebSocket {
  readonly call: Call;

  private constructor(call: Call) {
    this.call = call;
  }

  static async open(caller: Http2Caller, path = '/', fields: Record<string, string> = {}): Promise<Http2WebSocket> {
    if (!caller.session.remoteSettings.enableConnectProtocol) {
      await new Promise((resolve) => caller.session.once('remoteSettings', resolve));
    }
    const call = caller.call(
      {
        ':method': 'CONNECT',
        ':protocol': 'websocket',
        ':path': path,
        ':scheme': 'http',
        'sec-websocket-version': '13',
        ...fields,
      },
      null,
    );
    return new Http2WebSocket(await call.head());
  }

  /** @param text shorter than 126 octets */
  send(text: string): void {
    this.call.stream.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]));
  }

  close(): void {
    this.call.stream.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8]));
    this.call.stream.end();
  }

  async read(octets: number): Promise<Buffer> {
    await until(`${octets} octets`, () => this.call.content.length >= octets || this.call.closed);
    return this.call.content;
  }
}

for (const [client, server] of COMBINATIONS) {
  test(`${client} to ${server}: messages pass both ways, and the exchange is counted once`, async (t) => {
    const gateway = await start(t, server);
    if (client === 'http1') {
      const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/chat`);
      const got: string[] = [];
      socket.on('message', (content: Buffer) => got.push(content.toString('latin1')));
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      for (const text of ['one', 'two', 'x'.repeat(100_000)]) socket.send(text);
      await until('three echoes', () => got.length === 3);
      assert.deepEqual(
        got.map((text) => text.length),
        [3, 3, 100_000],
      );
      socket.close();
      await new Promise((resolve) => socket.once('close', resolve));
    } else {
      const caller = new Http2Caller(t, gateway.port);
      const socket = await Http2WebSocket.open(caller, '/chat');
      assert.equal(socket.call.status, 200);
      assert.equal(socket.call.headers!['sec-websocket-accept'], undefined);
      socket.send('one');
      socket.send('two');
      assert.equal((await socket.read(10)).subarray(0, 10).latin1Slice(), '\x81\x03one\x81\x03two');
      socket.close();
      await socket.call.finish();
      await caller.close();
    }
    const record = await gateway.recorded(1);
    assert.deepEqual([record.error, record.response?.status], [null, 101]);
    assert.ok(record.requestBytes > 0 && record.responseBytes > 0);
    await gateway.atRest();
  });

  test(`${client} to ${server}: a WebSocket lives through a reload, and ends when nothing moves`, async (t) => {
    const gateway = await start(t, server, { limits: { streamIdleMs: 300 } });
    const caller = client === 'http2' ? new Http2Caller(t, gateway.port) : null;
    const socket =
      caller === null ? new WebSocket(`ws://127.0.0.1:${gateway.port}/`) : await Http2WebSocket.open(caller);
    if (socket instanceof WebSocket) await new Promise((resolve) => socket.once('open', resolve));
    await gateway.apply([declareRoute({ filters: [] })]);
    let closed = false;
    if (socket instanceof WebSocket) {
      socket.on('error', () => {});
      socket.on('close', () => (closed = true));
      const message = new Promise((resolve) => socket.once('message', resolve));
      socket.send('still here');
      await message;
    } else {
      socket.call.stream.on('close', () => (closed = true));
      socket.send('still here');
      await socket.read(12);
    }
    await until('the end of the idle WebSocket', () => closed);
    assert.equal((await gateway.recorded(1)).error?.code, 'stream_idle_timeout');
    if (caller !== null) await caller.close();
    await gateway.atRest();
  });
}

test('a WebSocket outlives the deadline of its handshake (x-envoy-expected-rq-timeout-ms)', async (t) => {
  const gateway = await start(t, 'http1');
  const caller = new Http2Caller(t, gateway.port);
  const socket = await Http2WebSocket.open(caller, '/', { 'x-envoy-expected-rq-timeout-ms': '60' });
  const timers = gateway.gateway.activity.timers;
  socket.send('one');
  await socket.read(5);
  // Those of the client's connection and of its request; none is left that would end it.
  assert.equal(timers, 2);
  socket.close();
  await socket.call.finish();
  await caller.close();
});

test('a backend of HTTP/2 that takes no WebSockets is answered for with 502', async (t) => {
  const server = createHttp2Server();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const gateway = await TestGateway.start(t, { clusters: [{ protocol: 'http2', endpoints: [{ port }] }] });
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/`);
  const status = await new Promise((resolve) =>
    socket.once('unexpected-response', (_, response: { statusCode: number }) => resolve(response.statusCode)),
  );
  assert.equal(status, 502);
  socket.on('error', () => {});
  socket.terminate();
  gateway.gateway.destroy();
});

test('a client of HTTP/2 is told when the backend does not switch, whatever it answers', async (t) => {
  const server = createHttp1Server((_, response) => response.end('no WebSocket here'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const gateway = await TestGateway.start(t, { clusters: [{ protocol: 'http1', endpoints: [{ port }] }] });
  const caller = new Http2Caller(t, gateway.port);
  const socket = await Http2WebSocket.open(caller);
  assert.equal(socket.call.status, 502);
  socket.call.stream.end();
  await caller.close();
  await gateway.atRest();
});

test('a backend that answers the key wrongly is not believed (RFC 6455 §4.1)', async (t) => {
  const server = createHttp1Server();
  server.on('upgrade', (_, socket) => {
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: wrong\r\n\r\n',
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const gateway = await TestGateway.start(t, { clusters: [{ protocol: 'http1', endpoints: [{ port }] }] });
  const caller = new Http2Caller(t, gateway.port);
  const socket = await Http2WebSocket.open(caller);
  assert.equal(socket.call.status, 502);
  assert.match((await gateway.recorded(1)).error!.cause, /Sec-WebSocket-Accept/);
});

test('a gateway that drains lets a WebSocket finish', async (t) => {
  const gateway = await start(t, 'http1');
  const caller = new Http2Caller(t, gateway.port);
  const socket = await Http2WebSocket.open(caller);
  const drained = gateway.gateway.drain();
  await until('GOAWAY', () => caller.goAways.length > 0);
  socket.send('late');
  assert.equal((await socket.read(6)).latin1Slice(0, 6), '\x81\x04late');
  socket.close();
  await socket.call.finish();
  await drained;
  await gateway.atRest();
});

test(
  'a page in Chromium talks to a backend of HTTP/2',
  { skip: CHROMIUM === undefined && 'no Chromium here' },
  async (t) => {
    const gateway = await start(t, 'http2');
    const { chromium } = await import('playwright-core');
    const browser = await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox'] });
    t.after(() => browser.close());
    const page = await browser.newPage();
    const script = `new Promise((resolve, reject) => {
    const socket = new WebSocket('ws://127.0.0.1:${gateway.port}/');
    socket.onopen = () => socket.send('from a page');
    socket.onmessage = ({ data }) => resolve(data);
    socket.onerror = () => reject(new Error('failed'));
  })`;
    assert.equal(await page.evaluate(script), 'from a page');
  },
);
