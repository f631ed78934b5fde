import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { get } from 'node:http';
import process from 'node:process';
import test from 'node:test';
import type { Worker } from 'node:worker_threads';
import type { ListenerResource } from '#model/snapshot/listener.ts';
import { WorkerPool } from './worker-pool.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const listenerAt = (port: number): ListenerResource => ({
  type: 'listener',
  name: 'default/edge/http',
  version: '1',
  gateway: 'default/edge',
  address: '127.0.0.1',
  port,
  protocol: 'HTTP',
  hostname: '',
  tls: null,
  proxyProtocol: null,
  limits: null,
});

/** @returns 0 where nobody answers */
const statusAt = (port: number): Promise<number> =>
  new Promise((resolve) => {
    const asked = get({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode ?? 0));
    });
    asked.on('error', () => resolve(0));
  });

test('WorkerPool replaces a thread that dies, and the new one knows all that was applied', async (t) => {
  const threads: Worker[] = [];
  const note = (worker: Worker): void => void threads.push(worker);
  process.on('worker', note);
  t.after(() => process.off('worker', note));
  const warned = Promise.withResolvers<string>();
  const pool = new WorkerPool({ accessLog: { type: 'none' }, trustedProxies: [] }, 1, warned.resolve);
  t.after(() => pool.close());
  const port = await freePort();
  const report = await pool.apply({ version: '1', upserts: [listenerAt(port)], removals: [] });
  assert.deepEqual(report.failures, []);
  assert.equal(await statusAt(port), 404);
  await threads[0]?.terminate();
  assert.match(await warned.promise, /^worker-0 ended unexpectedly and is replaced/);
  while ((await statusAt(port)) === 0);
  assert.equal(threads.length, 2);
  assert.deepEqual(
    pool.bound.map((one) => one.port),
    [port],
  );
});

test('WorkerPool shares no port with another program, and takes it when it is free', async (t) => {
  const port = await freePort();
  const other = createServer().listen({ port, host: '127.0.0.1', reusePort: true });
  await new Promise((resolve) => other.once('listening', resolve));
  t.after(() => other.close());
  const pool = new WorkerPool({ accessLog: { type: 'none' }, trustedProxies: [] }, 1, () => {});
  t.after(() => pool.close());
  const taken = await pool.apply({ version: '1', upserts: [listenerAt(port)], removals: [] });
  assert.match(taken.failures[0]?.message ?? '', new RegExp(`cannot bind 127.0.0.1:${port}: address in use`));
  await new Promise((resolve) => other.close(resolve));
  const free = await pool.apply({ version: '1', upserts: [], removals: [] });
  assert.deepEqual(free.failures, []);
  assert.equal(await statusAt(port), 404);
});
