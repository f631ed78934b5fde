import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test, type TestContext } from 'node:test';
import { CapturedServices } from '#app/agent/capture/captured-services.ts';
import { DirectPlace } from '#app/agent/capture/direct-place.ts';
import { LoopbackAddresses } from '#app/agent/capture/loopback-addresses.ts';
import type { MeshServicePort, MeshServiceResource } from '#model/snapshot/mesh-service.ts';
import { freePort } from '../end-to-end/testing/free-port.ts';
import { deltaOf, startOutbound } from '../mesh/testing/sidecars.ts';

const HOSTNAMES = ['catalog', 'catalog.shop', 'catalog.shop.svc', 'catalog.shop.svc.cluster.local'];

const declare = (...ports: Pick<MeshServicePort, 'port' | 'protocol'>[]): MeshServiceResource => ({
  type: 'mesh-service',
  name: 'shop/catalog',
  version: '',
  hostnames: HOSTNAMES,
  ports: ports.map((port) => ({ ...port, cluster: `Service/shop/catalog:${port.port}` })),
});

/** What a capture answers whose service the outbound has not been told of. */
const CAPTURED = 404;

/** A block that no workload of another test has. */
const BLOCK = 1000;

const start = async (t: TestContext, demanded: readonly MeshServiceResource[] = [], isEager = false) => {
  const { outbound } = await startOutbound(t, []);
  const [asked, warnings]: [string[], string[]] = [[], []];
  const services: CapturedServices = new CapturedServices({
    search: ['corp.test'],
    addresses: new LoopbackAddresses(BLOCK),
    place: new DirectPlace((capture) => outbound.capture(capture)),
    demand: async (authority) => {
      asked.push(authority);
      if (HOSTNAMES.includes(authority)) await services.take(deltaOf(demanded));
    },
    mayBeService: (authority) => authority === 'unheard-of',
    isEager,
    warn: (message) => warnings.push(message),
  });
  return { services, outbound, asked, warnings };
};

/** @returns what an HTTP client is answered at an address, or why it is not */
const statusAt = (address: string, port: number): Promise<number | string> =>
  fetch(`http://${address}:${port}/`).then(
    ({ status }) => status,
    (error: { message: string; cause?: { code?: string } }) => error.cause?.code ?? error.message,
  );

const addressOf = async (services: CapturedServices, name: string): Promise<string> => {
  const found = await services.addressOf(name);
  assert.ok(typeof found === 'object', `${name} is not found`);
  return found.address;
};

test('CapturedServices finds out about a service when its name is first asked for, and captures its ports', async (t) => {
  const port = await freePort();
  const { services, outbound, asked } = await start(t, [declare({ port, protocol: 'http' })]);
  assert.equal(await services.addressOf('nobody.test'), 'none');
  // Whoever is asked elsewhere may know one of that name, and the call would leave the mesh.
  assert.equal(await services.addressOf('unheard-of'), 'failed');
  assert.equal(outbound.capturePorts.length, 0);
  const address = await addressOf(services, 'catalog.shop');
  assert.equal(await statusAt(address, port), CAPTURED);
  for (const name of [...HOSTNAMES, 'catalog.corp.test']) assert.equal(await addressOf(services, name), address);
  assert.deepEqual(asked, ['nobody.test', 'unheard-of', 'catalog.shop', 'catalog.corp.test']);
  assert.equal(outbound.capturePorts.length, 1);
});

test('CapturedServices follows the ports of a service, and keeps its address', async (t) => {
  const [one, two] = [await freePort(), await freePort()];
  const { services, outbound } = await start(t, [declare({ port: one, protocol: 'http' })]);
  const address = await addressOf(services, 'catalog');
  await services.take(deltaOf([declare({ port: two, protocol: 'http' })]));
  assert.deepEqual([await statusAt(address, one), await statusAt(address, two)], ['ECONNREFUSED', CAPTURED]);
  await services.take(deltaOf([declare({ port: two, protocol: 'tcp' })]));
  assert.notEqual(await statusAt(address, two), CAPTURED);
  await services.take(deltaOf([], ['mesh-service shop/catalog']));
  assert.equal(await statusAt(address, two), 'ECONNREFUSED');
  assert.equal(outbound.capturePorts.length, 0);
  await services.take(deltaOf([declare({ port: one, protocol: 'http' })]));
  assert.equal(await addressOf(services, 'catalog'), address);
  assert.equal(await statusAt(address, one), CAPTURED);
});

test('CapturedServices takes another address where somebody listens at the first', async (t) => {
  const port = await freePort();
  const other = createServer();
  const first = new LoopbackAddresses(BLOCK).take('shop/catalog');
  await new Promise<void>((resolve) => other.listen(port, first, resolve));
  t.after(() => other.close());
  const { services, warnings } = await start(t, [declare({ port, protocol: 'http' })]);
  const address = await addressOf(services, 'catalog');
  assert.notEqual(address, first);
  assert.equal(await statusAt(address, port), CAPTURED);
  assert.deepEqual(warnings, []);
});

test('CapturedServices tells once of a port that is taken at all addresses, and has it when it is free', async (t) => {
  const port = await freePort();
  const everywhere = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => everywhere.listen(port, '0.0.0.0', resolve));
  const { services, warnings } = await start(t, [declare({ port, protocol: 'http' })]);
  const address = await addressOf(services, 'catalog');
  assert.equal(await addressOf(services, 'catalog.shop'), address);
  assert.equal(warnings.length, 1);
  assert.match(warnings[0]!, /cannot capture shop\/catalog:\d+: somebody listens on port \d+ at all addresses/);
  await new Promise((resolve) => everywhere.close(resolve));
  assert.equal(await statusAt(await addressOf(services, 'catalog'), port), CAPTURED);
});

test('CapturedServices that is eager captures what it hears of', async (t) => {
  const port = await freePort();
  const { services, outbound } = await start(t, [], true);
  await services.take(deltaOf([declare({ port, protocol: 'http' })]));
  assert.deepEqual(outbound.capturePorts, [port]);
});
