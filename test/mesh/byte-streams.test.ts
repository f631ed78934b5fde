import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { AuthorizationResource } from '#model/snapshot/authorization.ts';
import { until } from '../data-plane/testing/peer.ts';
import { ask, codeOf, dialPort, openTunnel } from './testing/client.ts';
import {
  CATALOG,
  CART,
  countersOf,
  declareService,
  declareWorkload,
  deltaOf,
  startInbound,
  startOutbound,
} from './testing/sidecars.ts';

/** An application that says back what it hears, and ends when its client does. */
const startEcho = async (context: TestContext) => {
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets };
};

const startStreams = async (context: TestContext) => {
  const echo = await startEcho(context);
  const { inbound, records: at } = await startInbound(context, declareWorkload([{ port: echo.port, protocol: 'tcp' }]));
  const endpoint = { port: echo.port, mesh: { port: inbound.port, principal: CATALOG } };
  const { outbound, records: from } = await startOutbound(context, declareService([endpoint], 'tcp'), undefined, {
    captures: [{ address: '127.0.0.1', port: 0, service: 'shop/catalog', servicePort: 80, protocol: 'tcp' }],
  });
  return { echo, inbound, outbound, at, from };
};

const readAll = async (socket: Socket): Promise<string> => {
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  await once(socket, 'end');
  return text;
};

test('a tunnel through the HTTP proxy passes both sidecars as a CONNECT stream', async (context) => {
  const { inbound, outbound, at, from } = await startStreams(context);
  const socket = await openTunnel(outbound.proxyPort, 'catalog:80');
  assert.ok(typeof socket !== 'number', 'refused');
  socket.end('hello over there');
  assert.equal(await readAll(socket), 'hello over there');
  await until('both recorded it', () => at.streams.length === 1 && from.streams.length === 1);
  assert.deepEqual([at.exchanges.length, from.exchanges.length], [0, 0]);
  const parties = `cart shop ${CART} catalog ${CATALOG} catalog.shop.svc.cluster.local catalog shop tcp - mutual_tls`;
  const received = 'istio_tcp_received_bytes_total';
  assert.deepEqual([...countersOf(from, received)], [[`source ${parties}`, 16]]);
  assert.deepEqual([...countersOf(at, received)], [[`destination ${parties}`, 16]]);
  await until('nothing is left', () => isIdle(inbound.activity) && isIdle(outbound.activity));
});

test('a captured address passes byte streams, many over one connection', async (context) => {
  const { inbound, outbound, from } = await startStreams(context);
  const content = 'selvage'.repeat(100_000);
  const replies = await Promise.all(
    Array.from({ length: 8 }, async () => {
      const socket = await dialPort(outbound.capturePorts[0]!);
      socket.end(content);
      return readAll(socket);
    }),
  );
  for (const reply of replies) assert.ok(reply === content);
  assert.equal(inbound.activity.sessions, 1);
  await until('all are recorded', () => from.streams.length === 8);
  for (const { receivedBytes, sentBytes, error } of from.streams) {
    assert.deepEqual(
      { receivedBytes, sentBytes, error },
      { receivedBytes: content.length, sentBytes: content.length, error: null },
    );
  }
  await until('nothing is left', () => isIdle(inbound.activity) && isIdle(outbound.activity));
});

test('a byte stream whose application goes away is reset, and no other one', async (context) => {
  const { echo, inbound, outbound } = await startStreams(context);
  const first = await dialPort(outbound.capturePorts[0]!);
  first.on('error', () => {}).on('end', () => first.destroy());
  first.write('a');
  await once(first, 'data');
  const second = await dialPort(outbound.capturePorts[0]!);
  second.write('b');
  await once(second, 'data');
  echo.sockets[0]!.resetAndDestroy();
  await once(first, 'close');
  second.end('c');
  assert.equal(await readAll(second), 'c');
  await until('nothing is left', () => isIdle(inbound.activity) && isIdle(outbound.activity));
});

test('a client that leaves ends its byte stream at the application', async (context) => {
  const { echo, inbound, outbound } = await startStreams(context);
  const client = await dialPort(outbound.capturePorts[0]!);
  client.write('a');
  await once(client, 'data');
  client.resetAndDestroy();
  await until('the application hears of it', () => echo.sockets[0]!.destroyed);
  await until('nothing is left', () => isIdle(inbound.activity) && isIdle(outbound.activity));
});

test('a stream to an application that does not listen is refused, and leaves nothing', async (context) => {
  const { inbound } = await startInbound(context, declareWorkload([{ port: 9, protocol: 'tcp' }]));
  const endpoint = { port: 9, mesh: { port: inbound.port, principal: CATALOG } };
  const { outbound } = await startOutbound(context, declareService([endpoint], 'tcp'));
  assert.equal(await openTunnel(outbound.proxyPort, 'catalog:80'), 502);
  await until('nothing is left', () => isIdle(inbound.activity) && isIdle(outbound.activity));
});

test('requests are not taken for a port of byte streams', async (context) => {
  const { outbound } = await startStreams(context);
  assert.equal(codeOf(await ask(outbound.proxyPort, 'http://catalog/')), 'method_not_supported');
});

/** Who may connect, by a policy of the port. */
const policyOf = (principal: string, audit = false): AuthorizationResource => ({
  type: 'authorization',
  name: 'AuthorizationPolicy/shop/catalog',
  version: '',
  action: 'ALLOW',
  audit,
  exemptPaths: [],
  fault: null,
  rules: [{ name: 'friends', from: [[{ attribute: 'principal', negated: false, values: [principal] }]], to: [] }],
});

test('a byte stream that a policy denies is refused and recorded with the reason, and asked for once', async (context) => {
  const { echo, inbound, outbound, at, from } = await startStreams(context);
  const filters = [{ type: 'Authorization', levels: [['AuthorizationPolicy/shop/catalog']] }] as const;
  const workload = declareWorkload([{ port: echo.port, protocol: 'tcp', filters }]);
  await inbound.apply(deltaOf([policyOf('spiffe://mesh.test/ns/shop/sa/other'), workload]));

  assert.equal(await openTunnel(outbound.proxyPort, 'catalog:80'), 403);
  const captured = await dialPort(outbound.capturePorts[0]!);
  captured.on('error', () => {}).on('end', () => captured.destroy());
  captured.resume();
  await new Promise((resolve) => captured.once('close', resolve));
  await until('all is recorded', () => at.exchanges.length === 2 && from.streams.length === 1);
  for (const refused of at.exchanges) {
    assert.deepEqual([refused.request.method, refused.response?.status], ['CONNECT', 403]);
    assert.equal(refused.authorization?.text, 'denied AuthorizationPolicy/shop/catalog no-rule');
  }
  const { error, attempts } = from.streams[0]!;
  assert.deepEqual([error?.code, error?.origin, attempts], ['access_denied', 'upstream', 1]);
  assert.match(error!.cause, /answered CONNECT with 403/);
  assert.equal(echo.sockets.length, 0);

  await inbound.apply(deltaOf([policyOf('spiffe://mesh.test/ns/shop/sa/other', true), workload]));
  const socket = await openTunnel(outbound.proxyPort, 'catalog:80');
  assert.ok(typeof socket !== 'number', 'an audit refuses nobody');
  socket.end('hello');
  assert.equal(await readAll(socket), 'hello');
  await until('it is recorded', () => at.streams.length === 1);
  assert.equal(at.streams[0]!.authorization?.text, 'would-deny AuthorizationPolicy/shop/catalog no-rule');
});

const isIdle = ({
  clusters,
}: {
  readonly clusters: readonly {
    readonly requests: number;
    readonly pendingRequests: number;
    readonly endpoints: readonly { readonly activeRequests: number }[];
  }[];
}): boolean =>
  clusters.every(
    ({ requests, pendingRequests, endpoints }) =>
      requests === 0 && pendingRequests === 0 && endpoints.every(({ activeRequests }) => activeRequests === 0),
  );
