import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { createServer, connect, type AddressInfo } from 'node:net';
import type { ProxyProtocolReading } from '#model/snapshot/listener.ts';
import { readProxyHeader } from '#codec/proxy-protocol/decoder.ts';
import { encodeProxyHeader } from '#codec/proxy-protocol/encoder.ts';
import { createCertificate } from '#transport/testing/certificates.ts';
import { declareCluster, declareRoute } from './testing/declarations.ts';
import { bothWays, certificate, Edge, ending, listener, streamRoute } from './testing/edge.ts';
import { dial, Peer, ScriptedOrigin, until } from './testing/peer.ts';

const FROM = {
  sourceAddress: '203.0.113.9',
  sourcePort: 4711,
  destinationAddress: '198.51.100.1',
  destinationPort: 443,
};
const REQUEST = 'GET / HTTP/1.1\r\nhost: a.example\r\n\r\n';
const shop = createCertificate({ name: 'shop.example.com', alternatives: ['shop.example.com'] });

const reading = (mode: ProxyProtocolReading['mode'], ...trusted: readonly string[]): ProxyProtocolReading => ({
  mode,
  trusted,
});

const startEdge = async (
  context: TestContext,
  proxyProtocol: ProxyProtocolReading,
): Promise<{ edge: Edge; origin: ScriptedOrigin }> => {
  const origin = await ScriptedOrigin.start();
  context.after(() => origin.stop());
  const edge = new Edge(context);
  await edge.apply([
    listener({ proxyProtocol }),
    declareRoute({}),
    ...declareCluster({ endpoints: [{ port: origin.port }] }),
  ]);
  return { edge, origin };
};

const forwardedFor = async (origin: ScriptedOrigin): Promise<string | undefined> =>
  /x-forwarded-for: (.*)\r/.exec(await (await origin.accept()).readHead())?.[1];

for (const version of [1, 2] as const) {
  test(`a listener believes a trusted peer's PROXY header of version ${version}, however it is split`, async (context) => {
    const { edge, origin } = await startEdge(context, reading('required', '127.0.0.0/8'));
    const client = await dial(edge.port);
    await client.sendSlowly(encodeProxyHeader(version, FROM) + REQUEST);
    assert.equal(await forwardedFor(origin), '203.0.113.9');
  });
}

test('a listener that requires the PROXY protocol closes connections without, malformed, or from peers that are not trusted', async (context) => {
  const { edge } = await startEdge(context, reading('required', '127.0.0.1'));
  for (const start of [REQUEST, 'PROXY TCP4 nonsense\r\n']) {
    const client = await dial(edge.port);
    client.send(start);
    assert.equal(await client.readToEnd(), '');
  }
  await edge.apply([listener({ proxyProtocol: reading('required', '10.0.0.0/8') })]);
  const stranger = await dial(edge.port);
  stranger.send(encodeProxyHeader(1, FROM) + REQUEST);
  assert.equal(await stranger.readToEnd(), '');
  assert.equal(edge.count('selvage_downstream_connection_failures_total'), 3);
});

test('a listener where the PROXY protocol is optional serves peers that do not speak it', async (context) => {
  const { edge, origin } = await startEdge(context, reading('optional', '127.0.0.1'));
  const client = await dial(edge.port);
  client.send(REQUEST);
  assert.equal(await forwardedFor(origin), '127.0.0.1');
});

test('a listener does not believe the PROXY header of peers that are not trusted, even where it is optional', async (context) => {
  const { edge } = await startEdge(context, reading('optional', '10.0.0.0/8'));
  const client = await dial(edge.port);
  client.send(encodeProxyHeader(1, FROM) + REQUEST);
  assert.match(await client.readHead(), /^HTTP\/1.1 400 /);
});

bothWays((way, enter) => {
  test(`a listener reads the PROXY header in front of TLS, ${way}`, async (context) => {
    enter(context);
    const origin = await ScriptedOrigin.start();
    context.after(() => origin.stop());
    const edge = new Edge(context);
    await edge.apply([
      certificate('shop', shop),
      listener({ protocol: 'HTTPS', tls: ending('shop'), proxyProtocol: reading('required', '127.0.0.1') }),
      declareRoute({}),
      ...declareCluster({ endpoints: [{ port: origin.port }] }),
    ]);
    const plain = connect(edge.port, '127.0.0.1');
    plain.write(encodeProxyHeader(2, FROM), 'latin1');
    const peer = new Peer(connectTls({ socket: plain, ca: shop.certificate, servername: 'shop.example.com' }));
    peer.send(REQUEST);
    assert.equal(await forwardedFor(origin), '203.0.113.9');
    peer.socket.destroy();
  });

  test(`a backend is told of the client in front of TLS, ${way}`, async (context) => {
    enter(context);
    const seen: string[] = [];
    const secure = createTlsServer({ cert: shop.certificate, key: shop.key }, (socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes: Buffer) => socket.write(bytes));
    });
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', (bytes: Buffer) => {
        const header = readProxyHeader(bytes, bytes.length);
        assert.ok(header.kind === 'header');
        seen.push(String(header.addresses?.sourcePort));
        socket.pause();
        socket.unshift(bytes.subarray(header.length));
        secure.emit('connection', socket);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => server.close());
    const edge = new Edge(context);
    const tls = {
      hostname: 'shop.example.com',
      caCertificates: shop.certificate,
      subjectAltNames: [],
      clientCertificate: null,
    };
    await edge.apply([
      listener({ protocol: 'TCP' }),
      streamRoute('a', ['origin']),
      ...declareCluster({ tls, proxyProtocol: 2, endpoints: [{ port: (server.address() as AddressInfo).port }] }),
    ]);
    const client = await dial(edge.port);
    client.send('hello');
    assert.equal(await client.readBytes(5), 'hello');
    assert.deepEqual(seen, [String(client.socket.localPort)]);
    client.socket.destroy();
  });
});

test('a backend of a TCP route is told of the client', async (context) => {
  const origin = await ScriptedOrigin.start();
  context.after(() => origin.stop());
  const edge = new Edge(context);
  await edge.apply([
    listener({ protocol: 'TCP' }),
    streamRoute('a', ['origin']),
    ...declareCluster({ proxyProtocol: 1, endpoints: [{ port: origin.port }] }),
  ]);
  const client = await dial(edge.port);
  const server = await origin.accept();
  const expected = `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.socket.localPort} ${edge.port}\r\n`;
  assert.equal(await server.readBytes(expected.length), expected);
});

test('a backend of an HTTP route is told of each client, on a connection of its own', async (context) => {
  const origin = await ScriptedOrigin.start();
  context.after(() => origin.stop());
  const edge = new Edge(context);
  await edge.apply([
    listener({}),
    declareRoute({}),
    ...declareCluster({ proxyProtocol: 1, endpoints: [{ port: origin.port }] }),
  ]);
  for (let i = 0; i < 2; i++) {
    const client = await dial(edge.port);
    client.send(REQUEST);
    const server = await origin.accept();
    assert.equal(
      await server.read('\r\n'),
      `PROXY TCP4 127.0.0.1 127.0.0.1 ${client.socket.localPort} ${edge.port}\r\n`,
    );
    await server.readHead();
    server.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    assert.match(await client.readHead(), /^HTTP\/1.1 200 /);
    await server.untilClosed();
    client.socket.destroy();
  }
  await until('no connection', () => edge.gateway.activity.clusters[0]!.connections === 0);
});
