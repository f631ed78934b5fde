import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect as connectTls, createServer, type ConnectionOptions } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { createCertificate } from '#transport/testing/certificates.ts';
import { declareCluster } from './testing/declarations.ts';
import { bothWays, certificate, Edge, ending, listener, streamRoute } from './testing/edge.ts';
import { closedPort, dial, Peer, ScriptedOrigin, until } from './testing/peer.ts';

const start = async (context: TestContext): Promise<ScriptedOrigin> => {
  const origin = await ScriptedOrigin.start();
  context.after(() => origin.stop());
  return origin;
};

const authority = createCertificate({ name: 'test authority', isAuthority: true });
const issue = (name: string) => createCertificate({ name, alternatives: [name], issuer: authority });
const shop = issue('shop.example.com');
const wild = issue('*.example.com');

/** A TLS server that says its name to whoever comes. */
const sayName = async (
  context: TestContext,
  name: string,
  given: { certificate: string; key: string },
): Promise<number> => {
  const server = createServer({ cert: given.certificate, key: given.key }, (socket) => {
    socket.on('error', () => {});
    socket.write(name);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  return (server.address() as AddressInfo).port;
};

const dialTls = async (port: number, options: ConnectionOptions): Promise<Peer> => {
  const socket = connectTls({ port, host: '127.0.0.1', ca: authority.certificate, ...options });
  const peer = new Peer(socket);
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('closed')));
  });
  return peer;
};

bothWays((way, enter) => {
  test(`a TCP listener passes octets both ways and each half's end, ${way}`, async (context) => {
    enter(context);
    const origin = await start(context);
    const edge = new Edge(context);
    await edge.apply([
      listener({ protocol: 'TCP' }),
      streamRoute('a', ['origin']),
      ...declareCluster({ endpoints: [{ port: origin.port }] }),
    ]);
    const client = await dial(edge.port);
    client.send('question');
    const server = await origin.accept();
    assert.equal(await server.readBytes(8), 'question');
    client.end();
    assert.equal(await server.readToEnd(), '');
    server.send('answer');
    server.end();
    assert.equal(await client.readToEnd(), 'answer');
    await until('the stream recorded', () => edge.streams.length === 1);
    const [record] = edge.streams;
    assert.deepEqual(
      [record!.receivedBytes, record!.sentBytes, record!.error, record!.attempts, record!.endpoint, record!.route],
      [8, 6, null, 1, `127.0.0.1:${origin.port}`, 'TCPRoute/test/a'],
    );
    assert.equal(edge.count('istio_tcp_sent_bytes_total'), 6);
    await until('no session', () => edge.gateway.activity.sessions === 0);
    assert.equal(edge.gateway.activity.clusters[0]!.connections, 0);
  });

  test(`a TCP listener keeps the order of much, at the pace of who reads it, ${way}`, async (context) => {
    enter(context);
    const origin = await start(context);
    const edge = new Edge(context);
    await edge.apply([
      listener({ protocol: 'TCP' }),
      streamRoute('a', ['origin']),
      ...declareCluster({ endpoints: [{ port: origin.port }] }),
    ]);
    const client = await dial(edge.port);
    const text = Buffer.from(Uint32Array.from({ length: 1 << 21 }, (_, i) => i).buffer).toString('latin1');
    const server = await origin.accept();
    server.socket.pause();
    client.send(text);
    await until('the client stalled', () => client.socket.writableNeedDrain);
    server.socket.resume();
    client.end();
    assert.ok((await server.readToEnd()) === text);
    server.end();
    await client.untilClosed();
  });

  test(`a TLS listener passes connections on by server name, ${way}`, async (context) => {
    enter(context);
    const edge = new Edge(context);
    const [first, second] = [await sayName(context, 'exact', shop), await sayName(context, 'wildcard', wild)];
    await edge.apply([
      listener({ name: 'l', protocol: 'TLS', hostname: '*.example.com' }),
      streamRoute('exact', ['one'], ['shop.example.com'], 'l'),
      streamRoute('wildcard', ['two'], ['*.example.com'], 'l'),
      ...declareCluster({ name: 'one', endpoints: [{ port: first }] }),
      ...declareCluster({ name: 'two', endpoints: [{ port: second }] }),
    ]);
    for (const [servername, expected] of [
      ['shop.example.com', 'exact'],
      ['cart.example.com', 'wildcard'],
    ] as const) {
      const client = await dialTls(edge.port, { servername });
      assert.equal(await client.readBytes(expected.length), expected);
      client.socket.destroy();
    }
    await assert.rejects(dialTls(edge.port, { servername: 'other.test' }));
    await assert.rejects(dialTls(edge.port, {}));
    const garbage = await dial(edge.port);
    garbage.send('GET / HTTP/1.1\r\n\r\n');
    await garbage.untilClosed();
    await until('all recorded', () => edge.streams.length === 4);
    assert.deepEqual(edge.streams.map(({ serverName, error }) => `${serverName} ${error?.code ?? ''}`).sort(), [
      ' route_not_found',
      'cart.example.com ',
      'other.test route_not_found',
      'shop.example.com ',
    ]);
  });

  test(`a TLS port ends TLS for one name and passes it on for another, ${way}`, async (context) => {
    enter(context);
    const edge = new Edge(context);
    const origin = await start(context);
    const passed = await sayName(context, 'passed', wild);
    await edge.apply([
      certificate('shop', shop),
      listener({ name: 'ending', protocol: 'TLS', hostname: 'shop.example.com', tls: ending('shop') }),
      listener({ name: 'passing', protocol: 'TLS', hostname: '*.example.com' }),
      streamRoute('a', ['plain'], ['shop.example.com'], 'ending'),
      streamRoute('b', ['secure'], ['*.example.com'], 'passing'),
      ...declareCluster({ name: 'plain', endpoints: [{ port: origin.port }] }),
      ...declareCluster({ name: 'secure', endpoints: [{ port: passed }] }),
    ]);
    const client = await dialTls(edge.port, { servername: 'shop.example.com' });
    client.send('in the clear');
    const server = await origin.accept();
    assert.equal(await server.readBytes(12), 'in the clear');
    server.send('x'.repeat(100_000));
    assert.equal((await client.readBytes(100_000)).length, 100_000);
    server.end();
    await client.untilClosed();
    const other = await dialTls(edge.port, { servername: 'cart.example.com' });
    assert.equal(await other.readBytes(6), 'passed');
    other.socket.destroy();
  });
});

test('a stream goes to another endpoint where one cannot be reached', async (context) => {
  const origin = await start(context);
  const edge = new Edge(context);
  await edge.apply([
    listener({ protocol: 'TCP' }),
    streamRoute('a', ['origin']),
    ...declareCluster({ endpoints: [{ port: await closedPort() }, { port: origin.port }] }),
  ]);
  for (let i = 0; i < 2; i++) {
    const client = await dial(edge.port);
    client.send('x');
    const server = await origin.accept();
    assert.equal(await server.readBytes(1), 'x');
    client.end();
    server.end();
  }
  await until('both recorded', () => edge.streams.length === 2);
  assert.ok(edge.streams.every(({ endpoint }) => endpoint === `127.0.0.1:${origin.port}`));
  assert.ok(edge.streams.some(({ attempts }) => attempts === 2));
});

test('a stream is closed where there is no route, no backend, no endpoint, or none that can be reached', async (context) => {
  const edge = new Edge(context);
  const outcome = async (count: number): Promise<string | undefined> => {
    const client = await dial(edge.port);
    await client.untilClosed();
    await until('recorded', () => edge.streams.length === count);
    return edge.streams[count - 1]!.error?.code;
  };
  await edge.apply([listener({ protocol: 'TCP' })]);
  assert.equal(await outcome(1), 'route_not_found');
  await edge.apply([streamRoute('a', ['origin'])]);
  assert.equal(await outcome(2), 'backend_invalid');
  await edge.apply(declareCluster({ endpoints: [] }));
  assert.equal(await outcome(3), 'no_healthy_upstream');
  await edge.apply(declareCluster({ endpoints: [{ port: await closedPort() }] }));
  assert.equal(await outcome(4), 'upstream_connect_failed');
  assert.equal(edge.streams[3]!.attempts, 3);
  const limits = { connections: 0, pendingRequests: 1, requests: 1 };
  await edge.apply(declareCluster({ limits, endpoints: [{ port: 1 }] }));
  assert.equal(await outcome(5), 'upstream_overflow');
});

test('a stream on which nothing moves is closed', async (context) => {
  const origin = await start(context);
  const edge = new Edge(context, { tcpIdleMs: 50 });
  await edge.apply([
    listener({ protocol: 'TCP' }),
    streamRoute('a', ['origin']),
    ...declareCluster({ endpoints: [{ port: origin.port }] }),
  ]);
  const client = await dial(edge.port);
  const server = await origin.accept();
  await client.untilClosed();
  await server.untilClosed();
  await until('recorded', () => edge.streams.length === 1);
  assert.equal(edge.streams[0]!.error?.code, 'stream_idle_timeout');
});

test('a reset on one side of a stream ends the other', async (context) => {
  const origin = await start(context);
  const edge = new Edge(context);
  await edge.apply([
    listener({ protocol: 'TCP' }),
    streamRoute('a', ['origin']),
    ...declareCluster({ endpoints: [{ port: origin.port }] }),
  ]);
  const one = await dial(edge.port);
  (await origin.accept()).reset();
  await one.untilClosed();
  const other = await dial(edge.port);
  const server = await origin.accept();
  other.reset();
  await server.untilClosed();
  await until('recorded', () => edge.streams.length === 2);
  assert.deepEqual(
    edge.streams.map(({ error }) => error?.code),
    ['upstream_reset', 'downstream_closed'],
  );
});
