import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SnapshotDelta, SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { Lease, Presence, PresenceObserver } from '#xds/client/wanted-names.ts';
import type { ResourceType } from '#xds/resource-type.ts';
import { ServiceDemand, serviceNameOf } from './service-demand.ts';

/** A control plane that answers when the test says so. */
class Subscriptions {
  readonly asked: string[] = [];
  readonly #leases = new Map<string, { presence: Presence; readonly observers: Set<PresenceObserver> }>();

  readonly subscribe = (type: ResourceType, name: string, observer: PresenceObserver): Lease => {
    const key = `${type} ${name}`;
    const state = this.#leases.get(key) ?? { presence: 'unknown' as Presence, observers: new Set<PresenceObserver>() };
    if (!this.#leases.has(key)) this.asked.push(key);
    this.#leases.set(key, state);
    state.observers.add(observer);
    return {
      get presence() {
        return state.presence;
      },
      release: () => void (state.observers.delete(observer) && state.observers.size === 0 && this.#leases.delete(key)),
    };
  };

  get open(): readonly string[] {
    return [...this.#leases.keys()].toSorted();
  }

  settle(key: string, presence: Presence): void {
    const state = this.#leases.get(key)!;
    state.presence = presence;
    // Whoever is told may subscribe and release.
    for (const observer of Array.from(state.observers)) observer(presence);
  }
}

function createDemand(timeoutMs = 10_000, isAway: () => boolean = () => false) {
  const control = new Subscriptions();
  const applied: SnapshotDelta[] = [];
  const demand = new ServiceDemand({
    subscribe: control.subscribe,
    namespace: 'shop',
    apply: async (delta) => void applied.push(delta),
    isAway,
    timeoutMs,
  });
  const give = async (resource: object): Promise<void> => {
    const { type, name } = resource as SnapshotResource;
    await demand.take({ type, upserts: [resource as SnapshotResource], removals: [] });
    control.settle(`${type} ${name}`, 'present');
  };
  const shown = (): string[] => applied.flatMap(({ upserts }) => upserts.map(({ type, name }) => `${type} ${name}`));
  return { control, applied, demand, give, shown };
}

const service = (version: string, routes?: readonly string[]) => ({
  type: 'mesh-service',
  name: 'shop/cart',
  version,
  hostnames: ['cart'],
  ports: [{ port: 80, protocol: 'http', cluster: 'c', ...(routes !== undefined && { routes }) }],
});
const cluster = (name: string) => ({ type: 'cluster', name, version: '1' });
const endpoints = (name: string) => ({ type: 'endpoints', name, version: '1' });
const route = (name: string, to: string) => ({
  type: 'http-route',
  name,
  version: '1',
  rules: [{ filters: [], backends: [{ cluster: to, weight: 1, filters: [] }] }],
});

test('serviceNameOf knows the spellings of services, and nothing else', () => {
  for (const authority of [
    'cart',
    'cart:80',
    'cart.shop',
    'cart.shop.svc:1',
    'cart.shop.svc.cluster.local',
    'cart.shop.svc.cluster.local.',
  ])
    assert.equal(serviceNameOf(authority, 'shop'), 'shop/cart', authority);
  assert.equal(serviceNameOf('cart.stock', 'shop'), 'stock/cart');
  for (const authority of [
    '',
    'localhost',
    'localhost:80',
    '10.0.0.1',
    '[::1]:80',
    'www.example.com',
    'cart.shop.svc.example.com',
    'a.b.svc.cluster',
    '-x',
    'a..b',
    '*',
  ])
    assert.equal(serviceNameOf(authority, 'shop'), undefined, authority);
});

test('ServiceDemand shows a service when all that it leads to is known', async () => {
  const { control, demand, give, shown } = createDemand();
  const waiting = demand.demand('cart');
  let isDone = false;
  void waiting?.then(() => (isDone = true));
  assert.deepEqual(control.asked, ['mesh-service shop/cart']);
  await give(service('1', ['r']));
  assert.deepEqual(control.asked.slice(1), ['cluster c', 'endpoints c', 'http-route r']);
  await give(cluster('c'));
  await give(endpoints('c'));
  await give(route('r', 'd'));
  assert.deepEqual(control.asked.slice(4), ['cluster d', 'endpoints d']);
  await give(cluster('d'));
  assert.equal(isDone, false);
  control.settle('endpoints d', 'absent');
  await waiting;
  assert.equal(shown().at(-1), 'mesh-service shop/cart');
  assert.ok(shown().includes('http-route r'));
});

test('ServiceDemand asks once for a host that is no service, and lets it go', async () => {
  const { control, demand } = createDemand();
  const [first, second] = [demand.demand('example.com'), demand.demand('example.com')];
  control.settle('mesh-service com/example', 'absent');
  await Promise.all([first, second]);
  assert.equal(demand.demand('example.com'), null);
  assert.deepEqual([control.asked.length, control.open], [1, []]);
  assert.equal(demand.demand('127.0.0.1:8080'), null);
});

test('ServiceDemand asks nobody of what is not known while the control plane is away', async () => {
  let isAway = true;
  const { control, demand, give } = createDemand(10_000, () => isAway);
  assert.deepEqual([demand.demand('example.com'), demand.demand('cart'), control.asked], [null, null, []]);
  isAway = false;
  const waiting = demand.demand('cart');
  assert.deepEqual(control.asked, ['mesh-service shop/cart']);
  await give(service('1'));
  await give(cluster('c'));
  await give(endpoints('c'));
  await waiting;
  isAway = true;
  assert.ok(demand.demand('cart') !== null);
});

test('ServiceDemand takes what is named as only services are for one until it is told otherwise', async () => {
  const { control, demand } = createDemand(10_000, () => true);
  const asked = [
    'cart',
    'cart:8080',
    'cart.shop.svc',
    'cart.shop.svc.cluster.local.',
    'cart.shop',
    'a.example.com',
    '10.0.0.1',
  ];
  assert.deepEqual(
    asked.filter((authority) => demand.mayBeService(authority)),
    asked.slice(0, 4),
  );
  const known = createDemand();
  const [here, nowhere] = [known.demand.demand('cart'), known.demand.demand('legacy')];
  known.control.settle('mesh-service shop/legacy', 'absent');
  await nowhere;
  await known.give(service('1'));
  await known.give(cluster('c'));
  await known.give(endpoints('c'));
  await here;
  assert.deepEqual([known.demand.mayBeService('legacy'), known.demand.mayBeService('cart')], [false, false]);
  assert.deepEqual(control.asked, []);
});

test('ServiceDemand asks for declared hosts by their names, for as long as they are declared', async () => {
  const { control, demand, give, shown } = createDemand();
  const declare = (version: string, ...hosts: string[]) => {
    const workload = { type: 'workload', name: 'shop/cart/1', version, hosts } as unknown as SnapshotResource;
    return demand.take({ type: 'workload', upserts: [workload], removals: [] });
  };
  await declare('1', 'api.example.com', 'example.com', '[::1]');
  assert.equal(demand.demand('www.example.com'), null);
  const waiting = [demand.demand('api.example.com.:443'), demand.demand('example.com'), demand.demand('[::1]:80')];
  const names = ['host/api.example.com', 'host/example.com', 'host/[::1]'];
  assert.deepEqual(
    control.asked,
    names.map((name) => `mesh-service ${name}`),
  );
  // Whoever says that it is declared may be faster than who says how it is reached.
  control.settle('mesh-service host/api.example.com', 'absent');
  await give({ ...service('1'), name: 'host/api.example.com' });
  await give(cluster('c'));
  await give(endpoints('c'));
  await waiting[0];
  assert.equal(shown().at(-1), 'mesh-service host/api.example.com');
  control.settle('mesh-service host/example.com', 'absent');
  await declare('2', 'api.example.com', '[::1]');
  await waiting[1];
  assert.ok(!control.open.includes('mesh-service host/example.com'));
});

test('ServiceDemand makes calls wait no longer than it may, and the next ones not at all', async () => {
  const { demand } = createDemand(10);
  await demand.demand('cart');
  assert.equal(demand.demand('cart'), null);
});

test('ServiceDemand keeps the older form of a service until the newer one is complete, and drops what is not used', async () => {
  const { control, demand, give, applied, shown } = createDemand();
  const waiting = demand.demand('cart');
  await give(service('1'));
  await give(cluster('c'));
  await give(endpoints('c'));
  await waiting;
  const before = applied.length;
  await give(service('2', ['r']));
  assert.deepEqual(applied.slice(before), []);
  await give(route('r', 'c'));
  await demand.take({ type: 'cluster', upserts: [], removals: [] });
  assert.deepEqual(shown().slice(-2), ['http-route r', 'mesh-service shop/cart']);
  await give(service('3'));
  assert.ok(!control.open.includes('http-route r'));
});

test('ServiceDemand refuses what the data plane cannot use, by itself, and goes on with what it had', async () => {
  const control = new Subscriptions();
  const inUse = new Map<string, string>();
  const told: string[] = [];
  const demand = new ServiceDemand({
    subscribe: control.subscribe,
    namespace: 'shop',
    // Fails in the middle, as a data plane does that takes one resource after another.
    apply: async ({ upserts, removals }) => {
      for (const { type, name, version } of upserts) {
        inUse.set(`${type} ${name}`, version);
        if (version === 'bad') throw new Error(`${name} cannot be used`);
      }
      for (const key of removals) inUse.delete(key);
    },
    refused: ({ type, name }, reason) => told.push(`${type} ${name}: ${reason}`),
  });
  const take = (...resources: object[]) =>
    demand.take({ type: 'cluster', upserts: resources as unknown as SnapshotResource[], removals: [] });
  assert.deepEqual(await take(cluster('a'), cluster('b')), []);
  const bad = { ...cluster('a'), version: 'bad' };
  assert.deepEqual(await take(bad, { ...cluster('b'), version: '2' }, { ...cluster('n'), version: 'bad' }), [
    { name: 'a', reason: 'a cannot be used' },
    { name: 'n', reason: 'n cannot be used' },
  ]);
  assert.deepEqual(told, ['cluster a: a cannot be used', 'cluster n: n cannot be used']);
  assert.deepEqual([inUse.get('cluster a'), inUse.get('cluster b')], ['1', '2']);
  // It is not tried again with each change that follows.
  assert.deepEqual(await take({ ...cluster('b'), version: '3' }), []);
  assert.deepEqual([inUse.get('cluster a'), inUse.get('cluster b'), told.length], ['1', '3', 2]);
  assert.deepEqual(await take({ ...cluster('a'), version: '2' }), []);
  assert.equal(inUse.get('cluster a'), '2');
});
