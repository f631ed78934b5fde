import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { bind } from '#transport/bind.ts';
import { Clock } from '#transport/clock.ts';
import { openArrival } from '#transport/read.ts';
import { GrpcServer } from '#xds/grpc-server.ts';
import { unaryMethod } from './unary-method.ts';

/*
 * Another implementation of gRPC as the client: it closes its half of a call right behind the request, as most do.
 */

const clock = new Clock();
const server = new GrpcServer(
  clock,
  new Map([
    ['/test.Echo/Say', unaryMethod(async (request) => ({ said: request, after: await soon() }))],
    ['/test.Echo/Fail', unaryMethod(() => Promise.reject(new Error('secret')))],
  ]),
);
const socket = await bind({
  address: '127.0.0.1',
  port: 0,
  shared: false,
  accept: (arrival) => openArrival(arrival, (connection) => server.serve(connection, '')),
});
const client = new Client(`127.0.0.1:${socket.port}`, credentials.createInsecure());
after(() => {
  client.close();
  socket.close();
  server.close();
  clock.stop();
});

/** The answer comes in another turn than the end of the request. */
const soon = (): Promise<string> => new Promise((resolve) => setImmediate(() => resolve('a turn')));
const serialize = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const deserialize = (octets: Buffer): unknown => JSON.parse(octets.toString()) as unknown;

const call = (path: string, request: unknown): Promise<unknown> =>
  new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, serialize, deserialize, request, (error: ServiceError | null, answer?: unknown) => {
      if (error === null) resolve(answer);
      else reject(error);
    });
  });

test('unaryMethod answers a client of grpc-js, which closes its half behind the request', async () => {
  const request = { name: 'ü', pad: 'x'.repeat(40_000) };
  assert.deepEqual(await call('/test.Echo/Say', request), { said: request, after: 'a turn' });
});

test('unaryMethod says of what fails that it failed, and no more', async () => {
  await assert.rejects(call('/test.Echo/Fail', {}), { code: 13, details: 'the request failed here' });
});

test('unaryMethod takes no more than its bound', async () => {
  await assert.rejects(call('/test.Echo/Say', 'x'.repeat(70_000)), { code: 8 });
});

test('unaryMethod refuses a call that ends without a request', async () => {
  const ended = new Promise<ServiceError>((resolve) => {
    const stream = client.makeClientStreamRequest('/test.Echo/Say', serialize, deserialize, (error) =>
      resolve(error as ServiceError),
    );
    stream.end();
  });
  const { code, details } = await ended;
  assert.deepEqual([code, details], [3, 'the call ends without a request']);
});
