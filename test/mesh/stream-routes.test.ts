import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import type { MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import type { StreamRouteResource } from '#model/snapshot/stream-route.ts';
import { until } from '../data-plane/testing/peer.ts';
import { declareCluster } from '../data-plane/testing/declarations.ts';
import { dialPort, openTunnel } from './testing/client.ts';
import { CATALOG, declareWorkload, issueIdentity, startInbound, startOutbound } from './testing/sidecars.ts';

type Serve = (name: string, listening: (port: number) => void) => { close(): unknown };

/** Says its name to whoever connects. */
const plain: Serve = (name, listening) => {
  const server = createServer((socket) => socket.on('error', () => {}).end(name));
  return server.listen(0, '127.0.0.1', () => listening((server.address() as AddressInfo).port));
};

/** The same inside of TLS that ends here and nowhere else. */
const sealed: Serve = (name, listening) => {
  const { svid } = issueIdentity(CATALOG);
  const options = { cert: svid.certificateChain, key: svid.key.exportPem() };
  const server = createTlsServer(options, (socket) => socket.on('error', () => {}).end(name));
  return server.listen(0, '127.0.0.1', () => listening((server.address() as AddressInfo).port));
};

/** Two applications behind their sidecars, `main` and `next`, both called by the name of the first. */
const startServices = async (context: TestContext, serve: Serve, routes: readonly StreamRouteResource[]) => {
  const clusterOf = async (name: string) => {
    const port = await new Promise<number>((resolve) => {
      const server = serve(name, resolve);
      context.after(() => void server.close());
    });
    const { inbound } = await startInbound(context, declareWorkload([{ port, protocol: 'tcp' }]));
    return declareCluster({
      name: `Service/shop/${name}:5432`,
      service: { name, namespace: 'shop' },
      endpoints: [{ port, mesh: { port: inbound.port, principal: CATALOG } }],
    });
  };
  const service: MeshServiceResource = {
    type: 'mesh-service',
    name: 'shop/main',
    version: '',
    hostnames: ['main'],
    ports: [{ port: 5432, protocol: 'tcp', cluster: 'Service/shop/main:5432', routes: routes.map(({ name }) => name) }],
  };
  const clusters = [...(await clusterOf('main')), ...(await clusterOf('next'))];
  return startOutbound(context, [...clusters, ...routes, service], undefined, {
    captures: [{ address: '127.0.0.1', port: 0, service: 'shop/main', servicePort: 5432, protocol: 'tcp' }],
  });
};

const routeOf = (
  name: string,
  hostnames: readonly string[],
  ...backends: readonly (readonly [service: string | null, weight: number])[]
): StreamRouteResource => ({
  type: 'stream-route',
  name,
  version: '',
  createdAtMs: 0,
  attachments: [{ listener: 'mesh/shop/main:5432', hostnames }],
  backends: backends.map(([service, weight]) => ({
    cluster: service === null ? null : `Service/shop/${service}:5432`,
    weight,
    filters: [],
  })),
});

/** @returns all that is sent; '' where the connection is closed without a word */
const hear = async (socket: Socket): Promise<string> => {
  let text = '';
  socket.on('error', () => {});
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.once('end', () => socket.end());
  await new Promise((resolve) => socket.once('close', resolve));
  return text;
};

test('a TCP route leads byte streams to other services, by weight', async (context) => {
  const route = routeOf('TCPRoute/shop/split#mesh', ['*'], ['main', 1], ['next', 1], [null, 0]);
  const { outbound, records } = await startServices(context, plain, [route]);
  const heard = new Set<string>();
  for (let i = 0; i < 60 && heard.size < 2; i++) heard.add(await hear(await dialPort(outbound.capturePorts[0]!)));
  assert.deepEqual([...heard].toSorted(), ['main', 'next']);
  // The same for whoever asks for a tunnel.
  const tunnelled = new Set<string>();
  for (let i = 0; i < 60 && tunnelled.size < 2; i++) {
    const socket = await openTunnel(outbound.proxyPort, 'main:5432');
    assert.ok(typeof socket !== 'number', 'refused');
    socket.resume();
    tunnelled.add(await hear(socket));
  }
  assert.deepEqual([...tunnelled].toSorted(), ['main', 'next']);
  await until('all are recorded', () => records.streams.length >= 4);
  for (const stream of records.streams) assert.equal(stream.route, 'TCPRoute/shop/split');
});

test('a TCP route whose backend is broken closes connections, and refuses tunnels', async (context) => {
  const route = routeOf('TCPRoute/shop/broken#mesh', ['*'], [null, 1]);
  const { outbound, records } = await startServices(context, plain, [route]);
  assert.equal(await hear(await dialPort(outbound.capturePorts[0]!)), '');
  assert.equal(await openTunnel(outbound.proxyPort, 'main:5432'), 500);
  await until('it is recorded', () => records.streams.length === 1);
  assert.equal(records.streams[0]!.error?.code, 'backend_invalid');
});

/** Speaks TLS to a service that the authority of nobody has certified. */
const ask = async (socket: Socket, servername: string): Promise<string> =>
  hear(connectTls({ socket, servername, rejectUnauthorized: false }));

test('a TLS route leads connections by the server name that they ask for, and no other', async (context) => {
  const route = routeOf('TLSRoute/shop/next#mesh', ['next.db.example', '*.next.example'], ['next', 1]);
  const { outbound, records } = await startServices(context, sealed, [route]);
  const dial = (): Promise<Socket> => dialPort(outbound.capturePorts[0]!);
  const tunnel = async (): Promise<Socket> => {
    const socket = await openTunnel(outbound.proxyPort, 'main:5432');
    assert.ok(typeof socket !== 'number', 'refused');
    return socket;
  };
  for (const open of [dial, tunnel]) {
    assert.equal(await ask(await open(), 'next.db.example'), 'next');
    assert.equal(await ask(await open(), 'a.next.example'), 'next');
    assert.equal(await ask(await open(), 'other.example'), '');
  }
  const refused = records.streams.filter(({ error }) => error?.code === 'route_not_found');
  assert.deepEqual(
    refused.map(({ serverName }) => serverName),
    ['other.example', 'other.example'],
  );
});

test('a TCP route takes what no TLS route names', async (context) => {
  const named = routeOf('TLSRoute/shop/next#mesh', ['next.example'], ['next', 1]);
  const rest = routeOf('TCPRoute/shop/rest#mesh', ['*'], ['main', 1]);
  const { outbound } = await startServices(context, sealed, [named, rest]);
  const dial = (): Promise<Socket> => dialPort(outbound.capturePorts[0]!);
  assert.equal(await ask(await dial(), 'next.example'), 'next');
  assert.equal(await ask(await dial(), 'elsewhere.example'), 'main');
});

test('what is no TLS names no server', async (context) => {
  const named = routeOf('TLSRoute/shop/next#mesh', ['next.example'], ['next', 1]);
  const rest = routeOf('TCPRoute/shop/rest#mesh', ['*'], ['main', 1]);
  const { outbound } = await startServices(context, plain, [named, rest]);
  const socket = await dialPort(outbound.capturePorts[0]!);
  socket.write('hello over there\n');
  assert.equal(await hear(socket), 'main');
});
