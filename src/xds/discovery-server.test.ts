import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiscoveryServer, type DiscoveryServerOptions } from './discovery-server.ts';
import type { GrpcStatus } from './grpc-status.ts';
import type { GrpcObserver, GrpcSender } from './grpc-stream.ts';
import { decodeResponse } from './message-decoder.ts';
import { encodeRequest } from './message-encoder.ts';
import { type DeltaRequest, EMPTY_REQUEST } from './messages.ts';
import { encodeRejections } from './rejection.ts';
import { ResourceLayer } from './server/resource-layer.ts';
import { delta, endpoints, resource } from './testing/resources.ts';

const NODE = { id: 'p', service: 'shop/cart', zone: '', version: '', metadata: {} };
const url = (type: string): string => `type.selvage.dev/${type}`;

/** A client by hand. */
class Peer implements GrpcSender {
  readonly responses: { nonce: string; systemVersion: string; text: string }[] = [];
  readonly parts: Uint8Array[] = [];
  bytes = 0;
  end: GrpcStatus | null = null;
  slow = false;
  readonly observer: GrpcObserver;

  constructor(server: DiscoveryServer, principal = '') {
    this.observer = server.accept(this, principal);
  }

  send(parts: readonly Uint8Array[]): boolean {
    const octets = Buffer.concat(parts);
    this.bytes += octets.length;
    this.parts.push(...parts);
    const decoded = decodeResponse(octets);
    if (!decoded.ok) throw new Error(decoded.reason);
    const { typeUrl, resources, removed, nonce, systemVersion } = decoded.message;
    const names = [
      ...resources.map(({ name, version }) => `+${name}@${version}`),
      ...removed.map((name) => `-${name}`),
    ];
    this.responses.push({ nonce, systemVersion, text: [typeUrl.split('/')[1], ...names].join(' ') });
    return !this.slow;
  }

  close(status: GrpcStatus): void {
    this.end = status;
  }

  ask(type: string, request: Partial<DeltaRequest> = {}): void {
    this.observer.received(encodeRequest({ ...EMPTY_REQUEST, typeUrl: url(type), ...request }));
  }

  /** Acknowledges all responses. @returns what they said */
  take(): string[] {
    const taken = this.responses.splice(0);
    for (const { nonce, text } of taken) this.ask(text.split(' ')[0]!, { nonce });
    return [...taken.map(({ text }) => text), ...(this.responses.length > 0 ? this.take() : [])];
  }
}

function createServer(options: Partial<DiscoveryServerOptions> = {}) {
  const layer = new ResourceLayer('everybody');
  const tasks: (() => void)[] = [];
  const server = new DiscoveryServer({
    admit: () => ({ admitted: true, layers: [layer] }),
    schedule: (task) => void tasks.push(task),
    nowMs: () => 5,
    ...options,
  });
  const flush = (): void => {
    for (const task of tasks.splice(0)) task();
  };
  const publish = (...args: Parameters<typeof delta>): void => {
    layer.apply(delta(...args));
    flush();
  };
  return { server, layer, publish, flush, tasks };
}

test('DiscoveryServer answers a subscription with what there is, and says what there is not', () => {
  const { server, publish } = createServer();
  publish('1', [resource('cluster', 'a', '1'), resource('cluster', 'b', '1')]);
  const peer = new Peer(server);
  peer.ask('cluster', { node: NODE, subscribe: ['a', 'x'] });
  assert.deepEqual(peer.take(), ['cluster +a@1 -x']);
  publish('2', [resource('cluster', 'b', '2'), resource('cluster', 'x', '1')]);
  assert.deepEqual(peer.take(), ['cluster +x@1']);
});

test('DiscoveryServer takes an empty first request and a star as a wish for all', () => {
  for (const subscribe of [[], ['*']]) {
    const { server, publish } = createServer();
    publish('1', [resource('listener', 'a', '1')]);
    const peer = new Peer(server);
    peer.ask('listener', { node: NODE, subscribe });
    assert.deepEqual(peer.take(), ['listener +a@1']);
    publish('2', [resource('listener', 'b', '1')], ['listener a']);
    assert.deepEqual(peer.take(), ['listener +b@1', 'listener -a']);
  }
});

test('DiscoveryServer answers a wish for all also where there is nothing', () => {
  const { server } = createServer();
  const peer = new Peer(server);
  peer.ask('listener', { node: NODE, subscribe: ['*'] });
  assert.deepEqual(
    peer.responses.map(({ text, systemVersion }) => [text, systemVersion]),
    [['listener', '-']],
  );
});

test('DiscoveryServer sends a proxy that comes back only what differs from what it has', () => {
  const { server, publish } = createServer();
  publish('1', [
    resource('cluster', 'same', '1'),
    resource('cluster', 'newer', '2'),
    resource('cluster', 'unseen', '1'),
  ]);
  const peer = new Peer(server);
  const initialVersions = new Map([
    ['same', '1'],
    ['newer', '1'],
    ['gone', '1'],
  ]);
  peer.ask('cluster', { node: NODE, subscribe: ['*'], initialVersions });
  assert.deepEqual(peer.take(), ['cluster +newer@2 +unseen@1', 'cluster -gone']);
  const named = new Peer(server);
  named.ask('cluster', { node: NODE, subscribe: ['same', 'gone'], initialVersions });
  assert.deepEqual(named.take(), ['cluster -gone']);
});

test('DiscoveryServer sends again what is subscribed to again, and what is unsubscribed from below a wish for all', () => {
  const { server, publish } = createServer();
  publish('1', [resource('cluster', 'a', '1')]);
  const peer = new Peer(server);
  peer.ask('cluster', { node: NODE, subscribe: ['a'] });
  assert.deepEqual(peer.take(), ['cluster +a@1']);
  peer.ask('cluster', { subscribe: ['a'] });
  assert.deepEqual(peer.take(), ['cluster +a@1']);
  peer.ask('cluster', { subscribe: ['*'] });
  peer.take();
  peer.ask('cluster', { unsubscribe: ['a'] });
  assert.deepEqual(peer.take(), ['cluster +a@1']);
  peer.ask('cluster', { unsubscribe: ['*'] });
  publish('2', [resource('cluster', 'a', '2')]);
  assert.deepEqual(peer.take(), []);
});

test('DiscoveryServer sends what is new before what refers to it, and removes in the reverse order, last', () => {
  const { server, layer, flush } = createServer();
  const peer = new Peer(server);
  for (const type of ['http-route', 'listener', 'endpoints', 'cluster']) {
    peer.ask(type, { subscribe: ['*'], ...(type === 'http-route' ? { node: NODE } : {}) });
  }
  peer.take();
  const all = (name: string) =>
    (['http-route', 'endpoints', 'listener', 'cluster'] as const).map((type) => resource(type, name, '1'));
  layer.apply(delta('1', all('old')));
  flush();
  assert.deepEqual(peer.take(), ['cluster +old@1', 'endpoints +old@1', 'http-route +old@1', 'listener +old@1']);
  layer.apply(delta('2', all('new'), ['cluster old', 'endpoints old', 'listener old', 'http-route old']));
  flush();
  assert.deepEqual(peer.take(), [
    'cluster +new@1',
    'endpoints +new@1',
    'http-route +new@1',
    'listener +new@1',
    'listener -old',
    'http-route -old',
    'endpoints -old',
    'cluster -old',
  ]);
});

test('DiscoveryServer sends bytes for what changed only, the same octets to all', () => {
  const { server, publish } = createServer();
  publish(
    '1',
    Array.from({ length: 1000 }, (_, i) => endpoints(`Service/shop/s${i}:80`, '1', 20)),
  );
  const peers = Array.from({ length: 3 }, () => new Peer(server));
  for (const peer of peers) peer.ask('endpoints', { node: NODE, subscribe: ['*'] });
  const [full] = peers.map((peer) => {
    peer.take();
    const { bytes } = peer;
    peer.bytes = 0;
    peer.parts.length = 0;
    return bytes;
  });
  const changed = endpoints('Service/shop/s7:80', '2', 20);
  publish('2', [changed]);
  const size = Buffer.byteLength(JSON.stringify(changed));
  for (const peer of peers) {
    assert.ok(peer.bytes < size + 200, `${peer.bytes} octets for a resource of ${size}`);
    assert.equal(peer.parts[1], peers[0]!.parts[1]);
  }
  assert.ok(full! > 500 * size);
});

test('DiscoveryServer sends a slow proxy the newest version only, when it can take it', () => {
  const { server, publish } = createServer({ limits: { outstandingResponses: 2 } });
  const peer = new Peer(server);
  peer.slow = true;
  publish('1', [resource('cluster', 'a', '1')]);
  peer.ask('cluster', { node: NODE, subscribe: ['a'] });
  for (let version = 2; version < 50; version++) publish(String(version), [resource('cluster', 'a', String(version))]);
  assert.deepEqual(
    peer.responses.map(({ text }) => text),
    ['cluster +a@1'],
  );
  peer.slow = false;
  peer.observer.writable();
  publish('50', [resource('cluster', 'a', '50')]);
  publish('51', [resource('cluster', 'a', '51')]);
  // Two are unanswered now, so the third waits.
  assert.deepEqual(peer.take(), ['cluster +a@1', 'cluster +a@49', 'cluster +a@51']);
});

test('DiscoveryServer cuts what is more than a response may hold, and says with the last that it is', () => {
  const { server, publish } = createServer({ limits: { responseBytes: 2000 } });
  publish('v7', [endpoints('a', '1', 5), endpoints('b', '1', 5), endpoints('c', '1', 30)]);
  const peer = new Peer(server);
  peer.ask('endpoints', { node: NODE, subscribe: ['*'] });
  assert.deepEqual(
    peer.responses.map(({ text, systemVersion }) => [text, systemVersion]),
    [
      ['endpoints +a@1 +b@1', ''],
      ['endpoints +c@1', 'v7'],
    ],
  );
});

test('DiscoveryServer keeps in its status what a proxy refuses, until it takes or drops it', () => {
  const told: string[] = [];
  const { server, publish } = createServer({
    refused: ({ id }, type, name, reason) => told.push(`${id}: ${type} ${name}: ${reason}`),
  });
  publish('1', [resource('cluster', 'a', '1'), resource('cluster', 'b', '1')]);
  const peer = new Peer(server, 'spiffe://mesh/ns/shop/sa/cart');
  peer.ask('cluster', { node: NODE, subscribe: ['a', 'b'] });
  const refusals = () => server.status()[0]!.types[0]!.refusals;
  const nonce = (): string => peer.responses.pop()!.nonce;
  const error = encodeRejections([{ name: 'b', reason: 'no such protocol' }]);
  peer.ask('cluster', { nonce: nonce(), error });
  assert.deepEqual(refusals(), [{ name: 'b', version: '1', reason: 'no such protocol' }]);
  assert.equal(error.message, 'b: no such protocol');
  assert.deepEqual(told, [`${NODE.id}: cluster b: no such protocol`]);
  publish('2', [resource('cluster', 'b', '2')]);
  peer.take();
  assert.deepEqual(refusals(), []);
  publish('3', [resource('cluster', 'a', '3'), resource('cluster', 'b', '3')]);
  peer.ask('cluster', { nonce: nonce(), error: { code: 13, message: 'out of order', details: [] } });
  assert.equal(refusals().length, 2);
  peer.ask('cluster', { unsubscribe: ['a'] });
  publish('4', [], ['cluster b']);
  assert.deepEqual(refusals(), []);
  const [status] = server.status();
  assert.deepEqual([status!.node, status!.principal, status!.sinceMs], [NODE, 'spiffe://mesh/ns/shop/sa/cart', 5]);
});

test('DiscoveryServer ends the streams of peers that talk nonsense with the reason, and no others', () => {
  const cases: [string, (peer: Peer) => void, RegExp][] = [
    ['no protobuf', (peer) => peer.observer.received(Buffer.from([0xff])), /not a DeltaDiscoveryRequest: message ends/],
    ['no node', (peer) => peer.ask('cluster', { subscribe: ['a'] }), /names no node/],
    ['a node without id', (peer) => peer.ask('cluster', { node: { ...NODE, id: '' } }), /names no node/],
    ['an unknown type', (peer) => peer.ask('spaceship', { node: NODE }), /"type.selvage.dev\/spaceship" is not served/],
    ['a nonce of nothing', (peer) => peer.ask('cluster', { node: NODE, nonce: '7' }), /nonce "7" is of no unanswered/],
    [
      'a nonce of another type',
      (peer) => {
        peer.ask('cluster', { node: NODE, subscribe: ['a'] });
        peer.ask('listener', { nonce: peer.responses[0]!.nonce });
      },
      /nonce "1" is of no unanswered/,
    ],
    [
      'a nonce twice',
      (peer) => {
        peer.ask('cluster', { node: NODE, subscribe: ['a'] });
        for (let i = 0; i < 2; i++) peer.ask('cluster', { nonce: peer.responses[0]!.nonce });
      },
      /nonce "1" is of no unanswered/,
    ],
    [
      'too many names',
      (peer) => peer.ask('cluster', { node: NODE, subscribe: ['a', 'b', 'c', 'd'] }),
      /more than 3 names/,
    ],
  ];
  for (const [name, talk, reason] of cases) {
    const ended: string[] = [];
    const { server, publish } = createServer({
      limits: { namesPerType: 3 },
      ended: (_node, _principal, { message }) => ended.push(message),
    });
    const other = new Peer(server);
    other.ask('cluster', { node: { ...NODE, id: 'other' }, subscribe: ['a'] });
    const peer = new Peer(server);
    talk(peer);
    assert.match(peer.end?.message ?? '', reason, name);
    assert.equal(ended.length, 1, name);
    const { length } = peer.responses;
    publish('1', [resource('cluster', 'a', '1')]);
    assert.equal(peer.responses.length, length, name);
    assert.deepEqual(other.take(), ['cluster -a', 'cluster +a@1'], name);
  }
});

test('DiscoveryServer shows a proxy its layers one over another', () => {
  const shared = new ResourceLayer('everybody');
  const own = new ResourceLayer('addressed');
  const { server, flush } = createServer({ admit: () => ({ admitted: true, layers: [own, shared] }) });
  shared.apply(delta('1', [resource('cluster', 'a', 'shared')]));
  const peer = new Peer(server);
  peer.ask('cluster', { node: NODE, subscribe: ['a'] });
  const steps: [ResourceLayer, Parameters<typeof delta>, string[]][] = [
    [own, ['1', [resource('cluster', 'a', 'own')]], ['cluster +a@own']],
    [shared, ['2', [resource('cluster', 'a', 'newer')]], []],
    [own, ['2', [], ['cluster a']], ['cluster +a@newer']],
    [shared, ['3', [], ['cluster a']], ['cluster -a']],
  ];
  peer.take();
  for (const [layer, change, told] of steps) {
    layer.apply(delta(...change));
    flush();
    assert.deepEqual(peer.take(), told);
  }
});

test('ResourceLayer for everybody takes no private keys', () => {
  const layer = new ResourceLayer('everybody');
  assert.throws(
    () => layer.apply(delta('1', [resource('cluster', 'a', '1'), resource('certificate', 'k', '1')])),
    /private key/,
  );
  assert.equal(layer.get('cluster', 'a'), undefined);
});

test('DiscoveryServer lets others have their turn between the streams of a change', () => {
  const { server, layer, tasks } = createServer();
  const peers = Array.from({ length: 300 }, (_, i) => {
    const peer = new Peer(server);
    peer.ask('cluster', { node: { ...NODE, id: String(i) }, subscribe: ['*'] });
    peer.take();
    return peer;
  });
  layer.apply(delta('1', [resource('cluster', 'a', '1')]));
  const told = () => peers.filter(({ responses }) => responses.length > 0).length;
  assert.deepEqual([tasks.length, told()], [1, 0]);
  tasks.shift()!();
  assert.deepEqual([tasks.length, told()], [1, 256]);
  tasks.shift()!();
  assert.deepEqual([tasks.length, told()], [0, 300]);
});

test('DiscoveryServer remembers no refusal of what a proxy has dropped or was sent anew', () => {
  const { server, publish } = createServer();
  publish('1', [resource('cluster', 'a', '1'), resource('cluster', 'b', '1')]);
  const peer = new Peer(server);
  peer.ask('cluster', { node: NODE, subscribe: ['a', 'b'] });
  const { nonce } = peer.responses[0]!;
  peer.ask('cluster', { unsubscribe: ['a'] });
  publish('2', [resource('cluster', 'b', '2')]);
  peer.ask('cluster', { nonce, error: { code: 3, message: 'no', details: [] } });
  assert.deepEqual(server.status()[0]!.types[0]!.refusals, []);
});

test('DiscoveryServer keeps the version that was acknowledged last while the next one is under way', () => {
  const { server, publish } = createServer({ limits: { responseBytes: 1 } });
  publish('1', [resource('cluster', 'a', '1')]);
  const peer = new Peer(server);
  peer.ask('cluster', { node: NODE, subscribe: ['*'] });
  peer.take();
  const acknowledged = (): string => server.status()[0]!.types[0]!.acknowledgedVersion;
  assert.equal(acknowledged(), '1');
  publish('2', [resource('cluster', 'b', '1'), resource('cluster', 'c', '1')]);
  const [part, last] = peer.responses;
  peer.ask('cluster', { nonce: part!.nonce });
  assert.equal(acknowledged(), '1');
  peer.ask('cluster', { nonce: last!.nonce });
  assert.equal(acknowledged(), '2');
});

test('DiscoveryServer does nothing for streams that have ended', () => {
  const { server, layer, tasks } = createServer();
  const peer = new Peer(server);
  peer.ask('cluster', { node: NODE, subscribe: ['a'] });
  peer.ask('listener', { subscribe: ['*'] });
  peer.observer.ended({ code: 1, message: '' });
  layer.apply(delta('1', [resource('cluster', 'a', '1'), resource('listener', 'l', '1')]));
  assert.deepEqual([tasks.length, server.streamCount, server.status()], [0, 0, []]);
});
