import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiscoveryServer } from './discovery-server.ts';
import { encodeResponseFrame, encodeResource } from './message-encoder.ts';
import { INVALID_ARGUMENT } from './grpc-status.ts';
import { decodeSavedCopy, encodeSavedCopy } from './saved-copy.ts';
import { ResourceLayer } from './server/resource-layer.ts';
import { TestProxy } from './testing/mesh.ts';
import { delta, endpoints, resource } from './testing/resources.ts';

function createMesh() {
  const layer = new ResourceLayer('everybody');
  const server = new DiscoveryServer({
    admit: () => ({ admitted: true, layers: [layer] }),
    schedule: (task) => task(),
    ended: (_node, _principal, status) => assert.notEqual(status.code, INVALID_ARGUMENT, status.message),
  });
  return { layer, server };
}

/** A proxy that is started and settled. */
function startProxy(server: DiscoveryServer, options: ConstructorParameters<typeof TestProxy>[1] = {}): TestProxy {
  const proxy = new TestProxy(server, options);
  proxy.client.start();
  proxy.settle();
  return proxy;
}

test('DiscoveryClient tells who waits for a name whether it exists, and whenever that changes', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('cluster', 'a', '1')]));
  const proxy = startProxy(server);
  const told: string[] = [];
  const a = proxy.client.subscribe('cluster', 'a', (presence) => told.push(`a ${presence}`));
  const x = proxy.client.subscribe('cluster', 'x', (presence) => told.push(`x ${presence}`));
  assert.deepEqual([a.presence, x.presence], ['unknown', 'unknown']);
  proxy.settle();
  assert.deepEqual(told.splice(0), ['a present', 'x absent']);
  layer.apply(delta('2', [resource('cluster', 'x', '1')], ['cluster a']));
  proxy.settle();
  assert.deepEqual(told.splice(0), ['x present', 'a absent']);
  x.release();
  layer.apply(delta('3', [], ['cluster x']));
  proxy.settle();
  assert.deepEqual(told, []);
  assert.equal(proxy.client.subscribe('cluster', 'x').presence, 'absent');
});

test('DiscoveryClient receives nothing of what it has not asked for, and no bytes for what did not change', () => {
  const { layer, server } = createMesh();
  const names = Array.from({ length: 1000 }, (_, i) => `Service/shop/s${i}:80`);
  layer.apply(
    delta(
      '1',
      names.map((name) => endpoints(name, '1', 20)),
    ),
  );
  const proxy = startProxy(server);
  for (const name of names.slice(0, 10)) proxy.client.subscribe('endpoints', name);
  proxy.settle();
  proxy.responseBytes = 0;
  const changed = names.slice(9, 12).map((name) => endpoints(name, '2', 20));
  layer.apply(delta('2', changed));
  proxy.settle();
  assert.deepEqual(proxy.log().at(-1), `endpoints +${names[9]}`);
  const size = Buffer.byteLength(JSON.stringify(changed[0]));
  assert.ok(
    proxy.responseBytes > size && proxy.responseBytes < size + 200,
    `${proxy.responseBytes} octets for ${size}`,
  );
});

test('DiscoveryClient drops a name that nobody has used for the idle time, and not before', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('cluster', 'a', '1'), resource('cluster', 'b', '1')]));
  const proxy = startProxy(server, { idleNameMs: 1000 });
  const leases = [proxy.client.subscribe('cluster', 'a'), proxy.client.subscribe('cluster', 'a')];
  proxy.client.subscribe('cluster', 'b');
  proxy.settle();
  proxy.time.pass(5000);
  leases[0]!.release();
  proxy.time.pass(5000);
  leases[1]!.release();
  leases[1]!.release();
  proxy.time.pass(900);
  assert.deepEqual([...proxy.applied.keys()], ['cluster a', 'cluster b']);
  proxy.time.pass(300);
  proxy.settle();
  assert.deepEqual([...proxy.applied.keys()], ['cluster b']);
  assert.equal(server.status()[0]!.types[0]!.names, 1);
  layer.apply(delta('2', [resource('cluster', 'a', '2')]));
  proxy.settle();
  assert.equal(proxy.log().at(-1), 'cluster +b');
});

test('DiscoveryClient soon drops a name that does not exist and that nobody wants any more', () => {
  const { server } = createMesh();
  const proxy = startProxy(server, { idleNameMs: 1000 });
  const lease = proxy.client.subscribe('cluster', 'none', (presence) => presence === 'absent' && lease.release());
  const kept = proxy.client.subscribe('cluster', 'neither');
  proxy.settle();
  proxy.time.pass(150);
  proxy.settle();
  assert.equal(server.status()[0]!.types[0]!.names, 1);
  assert.equal(kept.presence, 'absent');
});

test('DiscoveryClient drops nothing while the control plane is away', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('cluster', 'a', '1')]));
  const proxy = startProxy(server, { idleNameMs: 1000 });
  proxy.client.subscribe('cluster', 'a').release();
  proxy.settle();
  proxy.reachable = false;
  proxy.call!.lose();
  proxy.time.pass(100_000);
  assert.equal(proxy.applied.get('cluster a'), '1');
});

test('DiscoveryClient refuses what it cannot use, keeps what it had, and uses the rest of the response', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('cluster', 'a', '1'), resource('cluster', 'b', '1')]));
  const proxy = new TestProxy(server);
  proxy.refuses = (name, version) => (name === 'a' && version === '2' ? 'no such protocol' : '');
  proxy.client.start();
  const leases = ['a', 'b'].map((name) => proxy.client.subscribe('cluster', name));
  proxy.settle();
  layer.apply(delta('2', [resource('cluster', 'a', '2'), resource('cluster', 'b', '2')]));
  proxy.settle();
  assert.deepEqual(Object.fromEntries(proxy.applied), { 'cluster a': '1', 'cluster b': '2' });
  assert.deepEqual(server.status()[0]!.types[0]!.refusals, [{ name: 'a', version: '2', reason: 'no such protocol' }]);
  assert.deepEqual(
    leases.map(({ presence }) => presence),
    ['present', 'present'],
  );
  layer.apply(delta('3', [resource('cluster', 'a', '3')]));
  proxy.settle();
  assert.equal(proxy.applied.get('cluster a'), '3');
  assert.deepEqual(server.status()[0]!.types[0]!.refusals, []);
});

test('DiscoveryClient refuses with the reason what its applier throws at', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('cluster', 'a', '1')]));
  const proxy = new TestProxy(server);
  proxy.refuses = () => {
    throw new Error('cannot bind 127.0.0.1:80');
  };
  const lease = proxy.client.subscribe('cluster', 'a');
  proxy.client.start();
  proxy.settle();
  assert.equal(lease.presence, 'absent');
  assert.deepEqual(server.status()[0]!.types[0]!.refusals, [
    { name: 'a', version: '1', reason: 'cannot bind 127.0.0.1:80' },
  ]);
});

test('DiscoveryClient tells a new control plane what it has, also when it was applying while the old one went away', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('listener', 'l', '1'), resource('cluster', 'a', '1')]));
  const proxy = new TestProxy(server, { wildcardTypes: ['listener'] });
  proxy.manual = true;
  proxy.client.subscribe('cluster', 'a');
  proxy.client.start();
  proxy.settle();
  proxy.call!.lose();
  proxy.time.pass(1000);
  assert.equal(proxy.client.status().state, 'open');
  proxy.settle();
  assert.equal(proxy.responses.length, 1, 'it says nothing while it is changing');
  proxy.applyNext();
  proxy.settle();
  while (proxy.applyNext()) proxy.settle();
  assert.deepEqual(proxy.log(), ['cluster +a', 'listener +l']);
  assert.deepEqual(
    proxy.requests.findLast(({ typeUrl }) => typeUrl.endsWith('cluster'))!.initialVersions,
    new Map([['a', '1']]),
  );
});

test('DiscoveryClient reads nothing more while it applies', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('cluster', 'a', '1')]));
  const proxy = new TestProxy(server);
  proxy.manual = true;
  proxy.client.subscribe('cluster', 'a');
  proxy.client.start();
  proxy.settle();
  layer.apply(delta('2', [resource('cluster', 'a', '2')]));
  assert.equal(proxy.call!.client.paused, true);
  assert.equal(proxy.deliverResponse(), false);
  proxy.applyNext();
  assert.equal(proxy.call!.client.paused, false);
  proxy.settle();
  proxy.applyNext();
  assert.equal(proxy.applied.get('cluster a'), '2');
});

test('DiscoveryClient tries again after times that double up to a bound, drawn from their whole range', () => {
  const { server } = createMesh();
  const proxy = new TestProxy(server);
  proxy.reachable = false;
  const triesMs: number[] = [];
  proxy.client.start();
  for (let i = 0; i < 9; i++) {
    const { nowMs } = proxy.time;
    assert.deepEqual([proxy.client.status().state, proxy.client.status().failure], ['waiting', 'ECONNREFUSED']);
    const rangeMs = Math.min(30_000, 500 * 2 ** i);
    triesMs.push(rangeMs);
    proxy.time.pass(rangeMs / 2 - 1); // the test draws the middle
    proxy.reachable = i === 8;
    assert.equal(proxy.client.status().state, 'waiting');
    proxy.time.pass(1);
    assert.equal(proxy.time.nowMs, nowMs + rangeMs / 2);
  }
  assert.deepEqual(triesMs.slice(-3), [30_000, 30_000, 30_000]);
  assert.equal(proxy.client.status().state, 'open');
});

test('DiscoveryClient begins with short waits again once it was served, not once it was connected', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('listener', 'l', '1')]));
  const proxy = new TestProxy(server, { wildcardTypes: ['listener'] });
  proxy.client.start();
  for (let i = 0; i < 4; i++) {
    proxy.call!.lose(); // before it was served
    proxy.time.pass(250 * 2 ** i - 1);
    assert.equal(proxy.client.status().state, 'waiting');
    proxy.time.pass(1);
    assert.equal(proxy.client.status().state, 'open');
  }
  proxy.settle();
  proxy.call!.lose();
  proxy.time.pass(250);
  assert.equal(proxy.client.status().state, 'open');
  assert.equal(proxy.client.status().failure, 'connection lost');
  proxy.settle();
  assert.equal(proxy.client.status().failure, '');
});

test('DiscoveryClient breaks off with a control plane that talks nonsense, says why, and tries again', () => {
  const frame = { systemVersion: '', nonce: '1', removed: [] };
  const cases: [string, Buffer, RegExp][] = [
    ['no protobuf', Buffer.from([0xff]), /not a DeltaDiscoveryResponse: message ends within a varint/],
    [
      'an unknown type',
      encodeResponseFrame({ ...frame, typeUrl: 'type.selvage.dev/spaceship' }),
      /spaceship", which was not/,
    ],
    [
      'a type not asked for',
      encodeResponseFrame({ ...frame, typeUrl: 'type.selvage.dev/cluster' }),
      /cluster", which was not/,
    ],
  ];
  for (const [name, message, reason] of cases) {
    const { server } = createMesh();
    const proxy = startProxy(server, { wildcardTypes: ['listener'] });
    proxy.call!.server.send([message]);
    proxy.settle();
    assert.match(proxy.client.status().failure, reason, name);
    assert.equal(proxy.call!.open, false, name);
    proxy.time.pass(500);
    assert.equal(proxy.client.status().state, 'open', name);
  }
});

test('DiscoveryClient waits longer and longer for a control plane that serves it and then talks nonsense, again and again', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('listener', 'l', '1')]));
  const proxy = startProxy(server, { wildcardTypes: ['listener'] });
  const waitsMs: number[] = [];
  for (let i = 0; i < 9; i++) {
    assert.equal(proxy.client.status().state, 'open');
    const brokenAtMs = proxy.time.nowMs;
    proxy.call!.server.send([Buffer.from([0xff])]);
    proxy.settle();
    while (proxy.client.status().state !== 'open') proxy.time.pass(125);
    waitsMs.push(proxy.time.nowMs - brokenAtMs);
    proxy.settle();
  }
  assert.deepEqual(waitsMs, [250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});

test('DiscoveryClient gives a control plane up that takes its call and never answers', () => {
  const { server } = createMesh();
  const proxy = new TestProxy(server, { wildcardTypes: ['listener'] });
  proxy.client.start();
  proxy.time.pass(19_000);
  assert.equal(proxy.client.status().state, 'open');
  proxy.time.pass(1_000);
  assert.deepEqual(
    [proxy.client.status().state, proxy.client.status().failure, proxy.call!.open],
    ['waiting', 'no answer in 20000 ms', false],
  );
  proxy.time.pass(500);
  proxy.settle();
  assert.equal(proxy.client.synced, true);
  proxy.time.pass(60_000);
  assert.equal(proxy.client.status().state, 'open');
});

test('DiscoveryClient refuses resources that are not what they seem, one by one', () => {
  const typeUrl = 'type.selvage.dev/listener';
  const good = resource('listener', 'good', '1');
  const contents: [string, string, unknown][] = [
    ['good', typeUrl, good],
    ['text', typeUrl, undefined],
    ['number', typeUrl, 7],
    ['other-name', typeUrl, good],
    ['other-type', 'type.selvage.dev/cluster', good],
  ];
  const resources = contents.map(([name, typeUrl, value]) => {
    const octets = Buffer.from(value === undefined ? '{"a":' : JSON.stringify(value));
    return encodeResource({ name, version: '1', content: { typeUrl, value: octets } });
  });
  const { server } = createMesh();
  const proxy = startProxy(server, { wildcardTypes: ['listener'] });
  proxy.call!.server.send([
    encodeResponseFrame({ systemVersion: 'v', typeUrl, nonce: '99', removed: [] }),
    ...resources,
  ]);
  proxy.deliverResponse();
  assert.deepEqual([...proxy.applied.keys()], ['listener good']);
  proxy.call!.server.observer = null; // the real one does not know this nonce
  proxy.deliverRequest();
  const { nonce, error } = proxy.requests.at(-1)!;
  assert.equal(nonce, '99');
  assert.equal(
    error!.message,
    'text: it is not JSON; number: it has no type, name and version; ' +
      'other-name: its type, name or version is another one inside than outside; other-type: its type is "type.selvage.dev/cluster"',
  );
});

test('DiscoveryClient starts from its saved copy, and is sent only what changed since', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('listener', 'l', '1'), endpoints('a', '1'), endpoints('b', '1')]));
  const before = startProxy(server, { wildcardTypes: ['listener'] });
  for (const name of ['a', 'b']) before.client.subscribe('endpoints', name);
  before.settle();
  assert.equal(before.savedVersions > 0, true);
  const copy = decodeSavedCopy('me', encodeSavedCopy('me', before.client.resources()));
  assert.ok(copy.usable);
  before.client.stop();
  assert.equal(server.streamCount, 0);

  layer.apply(delta('2', [endpoints('b', '2')]));
  const proxy = new TestProxy(server, { wildcardTypes: ['listener'], idleNameMs: 1000 });
  proxy.client.restore(copy.resources);
  assert.deepEqual(
    [...proxy.applied],
    [
      ['endpoints a', '1'],
      ['endpoints b', '1'],
      ['listener l', '1'],
    ],
  );
  const lease = proxy.client.subscribe('endpoints', 'a');
  assert.equal(lease.presence, 'present');
  proxy.client.start();
  proxy.settle();
  assert.deepEqual(proxy.log(), ['endpoints +b', 'listener']);
  proxy.time.pass(1200);
  proxy.settle();
  assert.deepEqual([...proxy.applied.keys()], ['endpoints a', 'listener l'], 'what nobody has used since is dropped');
});

test('DiscoveryClient is synced once it has had all of the types that it wants all of', () => {
  const { layer } = createMesh();
  layer.apply(
    delta('1', [resource('listener', 'l', '1'), resource('http-route', 'r', '1'), resource('http-route', 'q', '1')]),
  );
  const server = new DiscoveryServer({
    admit: () => ({ admitted: true, layers: [layer] }),
    schedule: (task) => task(),
    limits: { responseBytes: 1 },
  });
  const proxy = new TestProxy(server, { wildcardTypes: ['listener', 'http-route', 'stream-route'] });
  proxy.client.start();
  while (proxy.deliverRequest());
  const synced: boolean[] = [];
  do {
    synced.push(proxy.client.synced);
  } while (proxy.deliverResponse());
  assert.deepEqual(synced, [false, false, false, false, true]);
  assert.equal(proxy.client.status().version, '1');
});

test('DiscoveryClient subscribes to no name of a type that it wants all of', () => {
  const { server } = createMesh();
  const proxy = startProxy(server, { wildcardTypes: ['listener'] });
  assert.throws(() => proxy.client.subscribe('listener', 'l'), /wants all of the type/);
});

test('DiscoveryClient does not apply again what it has', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('cluster', 'a', '1')]));
  const proxy = startProxy(server, { idleNameMs: 1000 });
  proxy.client.subscribe('cluster', 'a');
  proxy.settle();
  const again = proxy.responses[0]!;
  const content = { typeUrl: again.typeUrl, value: Buffer.from(JSON.stringify(resource('cluster', 'a', '1'))) };
  proxy.call!.server.send([
    encodeResponseFrame({ ...again, nonce: '99' }),
    encodeResource({ name: 'a', version: '1', content }),
  ]);
  proxy.deliverResponse();
  assert.equal(proxy.changes.length, 1);
});

test('DiscoveryClient tells nothing to who has released a claim, also within another telling', () => {
  const { layer, server } = createMesh();
  const proxy = startProxy(server);
  const told: string[] = [];
  proxy.client.subscribe('cluster', 'a', (presence) => {
    told.push(`first ${presence}`);
    second.release();
    proxy.client.subscribe('cluster', 'a', (later) => told.push(`third ${later}`));
  });
  const second = proxy.client.subscribe('cluster', 'a', (presence) => told.push(`second ${presence}`));
  layer.apply(delta('1', [resource('cluster', 'a', '1')]));
  proxy.settle();
  assert.deepEqual(told, ['first present']);
});

test('DiscoveryClient is well again after a while in which it was told nothing, as it has all that it wants', () => {
  const { layer, server } = createMesh();
  layer.apply(delta('1', [resource('cluster', 'a', '1')]));
  const proxy = startProxy(server, { idleNameMs: 1000 });
  proxy.client.subscribe('cluster', 'a');
  proxy.settle();
  proxy.call!.lose();
  proxy.time.pass(500);
  proxy.settle();
  assert.equal(proxy.responses.length, 1);
  proxy.time.pass(100);
  assert.deepEqual([proxy.client.status().state, proxy.client.status().failure], ['open', '']);
});
