import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { WorkloadPort } from '#model/snapshot/workload.ts';
import { bind, type BoundSocket } from '#transport/bind.ts';
import { accepts } from './application.ts';
import { PlainPorts } from './plain-ports.ts';

/** Another address of this machine than the application's. */
const ADDRESS = '127.0.0.2';

const until = async (holds: () => boolean): Promise<void> => {
  const deadlineMs = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error('it never came to that');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

const listen = (context: TestContext, port: number, address: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, address, () => resolve(server));
    context.after(() => server.close());
  });

const startPlainPorts = (context: TestContext, address = ADDRESS) => {
  const warnings: string[] = [];
  const bound: BoundSocket[] = [];
  const asked = { count: 0 };
  const plain = new PlainPorts({
    address: () => address,
    accepts: (port) => {
      asked.count++;
      return accepts(port);
    },
    serve: async (listener) => {
      const socket = await bind({ ...listener, shared: false, accept: () => {} });
      bound.push(socket);
      return { port: socket.port, close: async () => socket.close() };
    },
    warn: (message) => void warnings.push(message),
    retryMs: 10,
  });
  context.after(() => {
    plain.close();
    for (const socket of bound) socket.close();
  });
  return { plain, warnings, asked };
};

const close = (server: Server): Promise<unknown> => new Promise((resolve) => server.close(resolve));

const portOf = async (context: TestContext): Promise<number> => {
  const application = await listen(context, 0, '127.0.0.1');
  return (application.address() as AddressInfo).port;
};

const declare = (port: number, rest: Partial<WorkloadPort>): WorkloadPort => ({
  port,
  protocol: 'http',
  mtls: 'STRICT',
  exemptPaths: [],
  filters: [],
  ...rest,
});

test('PlainPorts listens once the application does, and as long as something is declared', async (context) => {
  const { plain, warnings } = startPlainPorts(context);
  const port = await portOf(context);
  plain.update([declare(port, { mtls: 'PERMISSIVE' })]);
  // Another may still take the address.
  const other = await listen(context, port, ADDRESS);
  await close(other);
  plain.start();
  await until(() => plain.places.join() === `${ADDRESS}:${port}`);
  plain.update([declare(port, { exemptPaths: ['/healthz'] })]);
  plain.update([declare(port, {})]);
  await until(() => plain.places.length === 0);
  await listen(context, port, ADDRESS);
  assert.deepEqual(warnings, []);
});

test('PlainPorts tells once of an address that it cannot have, and takes it when it is free', async (context) => {
  const { plain, warnings, asked } = startPlainPorts(context);
  let everywhere = await listen(context, 0, '0.0.0.0');
  const { port } = everywhere.address() as AddressInfo;
  plain.start();
  plain.update([declare(port, { mtls: 'PERMISSIVE' })]);
  await until(() => warnings.length > 0);
  assert.match(warnings[0]!, /cannot serve callers .* at 127\.0\.0\.2:\d+: the address is in use .*127\.0\.0\.1 alone/);
  plain.update([declare(port, { mtls: 'PERMISSIVE', exemptPaths: ['/healthz'] })]);
  // It begins anew: at no time in between is its address taken.
  await close(everywhere);
  const from = asked.count;
  await until(() => asked.count > from + 3);
  assert.deepEqual(plain.places, []);
  everywhere = await listen(context, port, '0.0.0.0');
  await close(everywhere);
  await listen(context, port, '127.0.0.1');
  await until(() => plain.places.length === 1);
  assert.equal(warnings.length, 2);
  assert.match(warnings[1]!, /served at 127\.0\.0\.2:\d+ now/);
});

test('PlainPorts leaves to the application what is its own address, and byte streams that have exempt paths alone', async (context) => {
  const { plain, warnings } = startPlainPorts(context, '127.0.0.1');
  plain.start();
  plain.update([declare(await portOf(context), { mtls: 'PERMISSIVE' })]);
  const elsewhere = startPlainPorts(context);
  elsewhere.plain.start();
  const [bytes, requests] = [await portOf(context), await portOf(context)];
  elsewhere.plain.update([
    declare(bytes, { protocol: 'tcp', exemptPaths: ['/healthz'] }),
    declare(requests, { exemptPaths: ['/healthz'] }),
  ]);
  await until(() => elsewhere.plain.places.join() === `${ADDRESS}:${requests}`);
  assert.deepEqual([plain.places, warnings], [[], []]);
});
