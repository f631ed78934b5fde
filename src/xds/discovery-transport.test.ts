import assert from 'node:assert/strict';
import { connect as connectSocket, createServer } from 'node:net';
import { after, test } from 'node:test';
import { bind } from '#transport/bind.ts';
import { Clock } from '#transport/clock.ts';
import { connect } from '#transport/connect.ts';
import { openArrival } from '#transport/read.ts';
import { DiscoveryClient } from './discovery-client.ts';
import { DiscoveryServer, type DiscoveryServerOptions } from './discovery-server.ts';
import { afterOnClock, connectDiscovery, discoveryMethod, DISCOVERY_PATH } from './discovery-transport.ts';
import { GrpcServer } from './grpc-server.ts';
import type { Patience } from './http2-link.ts';
import { ResourceLayer } from './server/resource-layer.ts';
import { eventually } from './testing/eventually.ts';
import { delta, endpoints, resource } from './testing/resources.ts';

const closers: (() => void)[] = [];
after(() => {
  for (const close of closers) close();
});

/** A control plane on a free port of the loopback interface. */
async function startControl(
  layer: ResourceLayer,
  options: Partial<DiscoveryServerOptions> = {},
  port = 0,
  patience?: Patience,
) {
  const clock = new Clock();
  const discovery = new DiscoveryServer({
    admit: () => ({ admitted: true, layers: [layer] }),
    schedule: (task) => void setImmediate(task),
    ...options,
  });
  const server = new GrpcServer(clock, new Map([[DISCOVERY_PATH, discoveryMethod(discovery)]]), patience);
  const socket = await bind({
    address: '127.0.0.1',
    port,
    shared: false,
    accept: (arrival) => openArrival(arrival, (connection) => server.serve(connection, '')),
  });
  const close = (): void => {
    socket.close();
    discovery.close();
    server.close();
    clock.stop();
  };
  closers.push(close);
  return { port: socket.port, discovery, server, close };
}

/** A proxy that talks to it. */
function startProxy(port: number, id = 'p', patience?: Patience) {
  const clock = new Clock();
  const applied = new Map<string, string>();
  const client = new DiscoveryClient(
    {
      node: { id, service: 'shop/cart', zone: '', version: '0', metadata: {} },
      wildcardTypes: ['listener'],
      backoff: { firstMs: 10, mostMs: 20 },
    },
    {
      connect: connectDiscovery((observer) => connect('127.0.0.1', port, observer), 'control', clock, patience),
      apply: ({ type, upserts, removals }, done) => {
        for (const { name, version } of upserts) applied.set(`${type} ${name}`, version);
        for (const name of removals) applied.delete(`${type} ${name}`);
        setImmediate(() => done([]));
      },
      changed: () => {},
      after: afterOnClock(clock),
      nowMs: () => clock.now(),
    },
  );
  closers.push(() => {
    client.stop();
    clock.stop();
  });
  client.start();
  return { client, applied };
}

test('DiscoveryClient and DiscoveryServer agree over sockets, also on more than the windows of HTTP/2 hold', async () => {
  const layer = new ResourceLayer('everybody');
  const large = Array.from({ length: 1000 }, (_, i) => endpoints(`s${i}`, '1', 50));
  layer.apply(delta('1', [resource('listener', 'l', '1'), ...large]));
  const { port, discovery } = await startControl(layer);
  const { client, applied } = startProxy(port);
  for (const { name } of large) client.subscribe('endpoints', name);
  await eventually(() => applied.size === 1001);
  await eventually(() => client.synced);
  layer.apply(delta('2', [endpoints('s7', '2')], ['endpoints s8']));
  await eventually(() => applied.get('endpoints s7') === '2' && !applied.has('endpoints s8'));
  await eventually(() => discovery.status()[0]!.types.every(({ unanswered }) => unanswered === 0));
  assert.deepEqual(
    discovery.status()[0]!.types.map(({ type, wildcard, names }) => ({ type, wildcard, names })),
    [
      { type: 'endpoints', wildcard: false, names: 1000 },
      { type: 'listener', wildcard: true, names: 0 },
    ],
  );
});

test('DiscoveryClient keeps what it has while its control plane is away, and is sent only what changed meanwhile', async () => {
  const layer = new ResourceLayer('everybody');
  layer.apply(delta('1', [resource('listener', 'l', '1'), endpoints('a', '1'), endpoints('b', '1')]));
  const first = await startControl(layer);
  const { client, applied } = startProxy(first.port);
  client.subscribe('endpoints', 'a');
  client.subscribe('endpoints', 'b');
  await eventually(() => applied.size === 3);
  first.close();
  await eventually(() => client.status().state !== 'open');
  assert.equal(applied.size, 3);
  layer.apply(delta('2', [endpoints('b', '2')]));
  applied.delete('endpoints a'); // so that it would be seen if it came again
  await startControl(layer, {}, first.port);
  await eventually(() => applied.get('endpoints b') === '2');
  assert.equal(applied.has('endpoints a'), false);
});

test('DiscoveryServer turns a proxy away with the reason, and serves others', async () => {
  const layer = new ResourceLayer('everybody');
  layer.apply(delta('1', [resource('listener', 'l', '1')]));
  const { port } = await startControl(layer, {
    admit: ({ id }) =>
      id === 'stranger'
        ? { admitted: false, status: { code: 7, message: 'not of this mesh: ü' } }
        : { admitted: true, layers: [layer] },
  });
  const stranger = startProxy(port, 'stranger');
  const friend = startProxy(port, 'friend');
  await eventually(() => friend.applied.size === 1);
  await eventually(() => stranger.client.status().failure === 'not of this mesh: ü');
  assert.equal(stranger.applied.size, 0);
});

test('GrpcServer closes connections of peers that speak something else, and serves others', async () => {
  const layer = new ResourceLayer('everybody');
  layer.apply(delta('1', [resource('listener', 'l', '1')]));
  const { port, server } = await startControl(layer);
  const socket = connectSocket(port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  socket.resume();
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await closed;
  const { applied } = startProxy(port);
  await eventually(() => applied.size === 1);
  assert.equal(server.connectionCount, 1);
});

test('DiscoveryClient gives up a control plane that gives no sign of life, and tries again', async (t) => {
  let connections = 0;
  const silent = createServer((socket) => {
    connections++;
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
  t.after(() => silent.close());
  const { client } = startProxy((silent.address() as { port: number }).port, 'p', { silenceMs: 30, answerMs: 30 });
  await eventually(() => connections > 1);
  assert.match(client.status().failure, /^no sign of life for \d+ ms$/);
});

test('GrpcServer gives up proxies that give no sign of life, and no others', async () => {
  const layer = new ResourceLayer('everybody');
  layer.apply(delta('1', [resource('listener', 'l', '1')]));
  const patience = { silenceMs: 200, answerMs: 200 };
  const { port, server } = await startControl(layer, {}, 0, patience);
  const { client } = startProxy(port);
  await eventually(() => client.synced);
  const socket = connectSocket(port, '127.0.0.1');
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.on('error', () => {});
  socket.resume();
  await eventually(() => server.connectionCount === 2);
  await closed;
  assert.equal(server.connectionCount, 1);
  assert.deepEqual([client.status().state, client.status().failure], ['open', '']);
});
