import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  type Client as GrpcClient,
  type ClientDuplexStream,
  credentials,
  loadPackageDefinition,
  type ServiceError,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { bind } from '#transport/bind.ts';
import { Clock } from '#transport/clock.ts';
import { openArrival } from '#transport/read.ts';
import { DiscoveryServer } from './discovery-server.ts';
import { discoveryMethod, DISCOVERY_PATH } from './discovery-transport.ts';
import { GrpcServer } from './grpc-server.ts';
import { ResourceLayer } from './server/resource-layer.ts';
import { eventually } from './testing/eventually.ts';
import { delta, endpoints } from './testing/resources.ts';

/*
 * Another implementation of gRPC and protobuf as the client of this server. What it knows of the messages is
 * proto/discovery.proto, so that file is held to the code as well.
 */

const proto = loadSync(join(import.meta.dirname, '../../proto/discovery.proto'), { defaults: true });
// The loaded package has no types of its own.
type Client = new (
  address: string,
  credentials: unknown,
) => {
  DeltaAggregatedResources(): ClientDuplexStream<object, Response>;
  close(): void;
};
type Response = {
  systemVersionInfo: string;
  typeUrl: string;
  nonce: string;
  resources: { name: string; version: string; resource: { typeUrl: string; value: Buffer } }[];
  removedResources: string[];
};
const DiscoveryService = (
  loadPackageDefinition(proto) as unknown as {
    envoy: { service: { discovery: { v3: { AggregatedDiscoveryService: Client } } } };
  }
).envoy.service.discovery.v3.AggregatedDiscoveryService;

const ENDPOINTS = 'type.selvage.dev/endpoints';
const layer = new ResourceLayer('everybody');
layer.apply(delta('1', [endpoints('a', '1'), endpoints('b', '1', 5000)]));
const clock = new Clock();
const discovery = new DiscoveryServer({
  admit: () => ({ admitted: true, layers: [layer] }),
  schedule: (task) => void setImmediate(task),
});
const server = new GrpcServer(clock, new Map([[DISCOVERY_PATH, discoveryMethod(discovery)]]));
const socket = await bind({
  address: '127.0.0.1',
  port: 0,
  shared: false,
  accept: (arrival) => openArrival(arrival, (connection) => server.serve(connection, '')),
});
const client = new DiscoveryService(`127.0.0.1:${socket.port}`, credentials.createInsecure());
after(() => {
  client.close();
  socket.close();
  server.close();
  clock.stop();
});

function call() {
  const stream = client.DeltaAggregatedResources();
  const responses: Response[] = [];
  const ends: ServiceError[] = [];
  stream.on('data', (response: Response) => responses.push(response));
  stream.on('error', (error: ServiceError) => ends.push(error));
  return { stream, responses, ends };
}

const node = {
  id: 'x',
  cluster: 'shop/cart',
  locality: { zone: 'z' },
  userAgentVersion: '1',
  metadata: { fields: { role: { stringValue: 'sidecar' } } },
};

test('a client of grpc-js subscribes, acknowledges, refuses and unsubscribes', async () => {
  const { stream, responses } = call();
  stream.write({ node, typeUrl: ENDPOINTS, resourceNamesSubscribe: ['a', 'b', 'none'] });
  await eventually(() => responses.length === 1);
  const [first] = responses;
  assert.deepEqual(
    first!.resources.map(({ name, version, resource }) => [name, version, resource.typeUrl]),
    [
      ['a', '1', ENDPOINTS],
      ['b', '1', ENDPOINTS],
    ],
  );
  assert.deepEqual(JSON.parse(first!.resources[1]!.resource.value.toString()), endpoints('b', '1', 5000));
  assert.deepEqual([first!.removedResources, first!.systemVersionInfo], [['none'], '1']);
  assert.deepEqual(discovery.status()[0]!.node, {
    id: 'x',
    service: 'shop/cart',
    zone: 'z',
    version: '1',
    metadata: { role: 'sidecar' },
  });

  stream.write({ typeUrl: ENDPOINTS, responseNonce: first!.nonce });
  layer.apply(delta('2', [endpoints('a', '2')]));
  await eventually(() => responses.length === 2);
  assert.deepEqual(
    responses[1]!.resources.map(({ name, version }) => [name, version]),
    [['a', '2']],
  );
  stream.write({
    typeUrl: ENDPOINTS,
    responseNonce: responses[1]!.nonce,
    errorDetail: { code: 3, message: 'no port' },
    resourceNamesUnsubscribe: ['b'],
  });
  const refused = () => discovery.status()[0]!.types[0]!;
  await eventually(() => refused().refusals.length === 1);
  assert.deepEqual(refused().refusals, [{ name: 'a', version: '2', reason: 'no port' }]);
  assert.deepEqual([refused().names, refused().acknowledgedVersion], [2, '1']);
  stream.end();
  await eventually(() => discovery.streamCount === 0);
});

test('a client of grpc-js gets the versions that it does not have', async () => {
  const { stream, responses } = call();
  const version = layer.get('endpoints', 'a')!.version;
  stream.write({
    node,
    typeUrl: ENDPOINTS,
    resourceNamesSubscribe: ['*'],
    initialResourceVersions: { a: version, gone: '7' },
  });
  await eventually(() => responses.length === 2);
  assert.deepEqual(
    responses.map(({ resources, removedResources }) => [resources.map(({ name }) => name), removedResources]),
    [
      [['b'], []],
      [[], ['gone']],
    ],
  );
  stream.cancel();
  await eventually(() => discovery.streamCount === 0);
});

test('a client of grpc-js is told why its call ends', async () => {
  const { stream, ends } = call();
  stream.write({ node, typeUrl: 'type.googleapis.com/envoy.config.cluster.v3.Cluster' });
  await eventually(() => ends.length === 1);
  const [{ code, details }] = ends as [ServiceError];
  assert.equal(code, 3);
  assert.equal(details, 'type "type.googleapis.com/envoy.config.cluster.v3.Cluster" is not served here');
});

test('a client of grpc-js may not send huge messages, and its other calls go on', async () => {
  const other = call();
  other.stream.write({ node, typeUrl: ENDPOINTS, resourceNamesSubscribe: ['a'] });
  await eventually(() => other.responses.length === 1);
  const { stream, ends } = call();
  stream.write({ node, typeUrl: ENDPOINTS, resourceNamesSubscribe: ['x'.repeat(5_000_000)] });
  await eventually(() => ends.length === 1);
  assert.deepEqual(
    [ends[0]!.code, ends[0]!.details.replace(/\d{7}/, 'N')],
    [8, 'message has N octets, 4194304 are allowed'],
  );
  layer.apply(delta('3', [endpoints('a', '3')]));
  await eventually(() => other.responses.length === 2);
  assert.equal(server.connectionCount, 1);
  other.stream.cancel();
  await eventually(() => discovery.streamCount === 0);
});

test('a client of grpc-js is told that a method is not offered', async () => {
  const unknown = new Promise<ServiceError>((resolve) => {
    const stream = (client as unknown as GrpcClient).makeBidiStreamRequest(
      '/x.Y/Z',
      () => Buffer.alloc(0),
      () => null,
    );
    stream.on('error', resolve);
    stream.on('data', () => {});
  });
  const { code, details } = await unknown;
  assert.deepEqual([code, details], [12, '/x.Y/Z is not offered here']);
});
