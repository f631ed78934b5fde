import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { TestAuthority } from '#identity/testing/authority.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import type { GrpcObserver, GrpcStream } from '#xds/grpc-stream.ts';
import { decodeRequest } from '#xds/message-decoder.ts';
import { encodeResource, encodeResponseFrame } from '#xds/message-encoder.ts';
import type { DeltaRequest } from '#xds/messages.ts';
import { typeUrlOf } from '#xds/resource-type.ts';
import type { Program } from '../end-to-end/testing/program.ts';
import { eventually } from './testing/mesh-processes.ts';
import { type Conduct, ScriptedControlPlane } from './testing/scripted-control-plane.ts';
import {
  CART,
  CATALOG,
  declareService,
  declareWorkload,
  issueIdentity,
  startApplication,
  startInbound,
} from './testing/sidecars.ts';

/*
 * A sidecar, as a process, that has been served well, and whose control plane then does what it should not. Whatever
 * that is, the requests of the application go on, and the next good word is heard.
 */

const isBad = (line: string): boolean => !line.startsWith('200 ');
const linesOf = ({ stdout }: Program): readonly string[] => stdout.split('\n').slice(0, -1);

interface Endpoint {
  readonly resources: readonly SnapshotResource[];
  readonly name: string;
}

/** An application behind its sidecar, and what leads there. */
async function startEndpoint(t: TestContext, name: string): Promise<Endpoint> {
  const { port } = await startApplication(t, (_, response) => void response.end(name));
  const { inbound } = await startInbound(t, declareWorkload([{ port }]));
  const resources = declareService([{ port, mesh: { port: inbound.port, principal: CATALOG } }]);
  return { resources, name };
}

const OWN = declareWorkload([], { name: 'shop/cart/one', principal: CART });

async function startMesh(t: TestContext) {
  const [blue, green] = [await startEndpoint(t, 'blue'), await startEndpoint(t, 'green')];
  const control = await ScriptedControlPlane.start(t, [OWN, ...blue.resources]);
  const caller = control.runCaller(issueIdentity(CART), 'http://catalog/');
  await caller.printed(/^200 blue$/m);
  return { control, caller, blue, green };
}

type Mesh = Awaited<ReturnType<typeof startMesh>>;

async function moreRequests({ caller }: Mesh, count = 30): Promise<void> {
  const from = linesOf(caller).length;
  await eventually(async () => (linesOf(caller).length >= from + count ? undefined : 'few requests'));
}

/** The control plane is good again, and what it says is heard. */
async function recover(mesh: Mesh): Promise<void> {
  mesh.control.publish([OWN, ...mesh.green.resources]);
  mesh.control.behave();
  await eventually(async () => (linesOf(mesh.caller).at(-1) === '200 green' ? undefined : 'not heard'), 45_000);
  assert.deepEqual(linesOf(mesh.caller).filter(isBad), []);
}

// ── who does not even speak the protocol ──

const DEAF: GrpcObserver = { received() {}, writable() {}, ended() {} };
const raw = (stream: GrpcStream, ...octets: Uint8Array[]): GrpcObserver => {
  stream.send(octets);
  return DEAF;
};

const strangers: Readonly<Record<string, Conduct>> = {
  'closes each connection at once': { connected: (socket) => void socket.destroy() },
  'resets each connection at once': { connected: (socket) => void socket.resetAndDestroy() },
  'accepts connections and says nothing': { connected: (socket) => void socket.resume() },
  'says noise instead of TLS': { connected: (socket) => void socket.resume().write(randomBytes(10_000)) },
  'says noise behind TLS': { secured: (socket) => void socket.resume().write(randomBytes(10_000)) },
  'speaks HTTP/1.1 behind TLS': {
    secured: (socket) => void socket.resume().end('HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n'),
  },
  'says noise as HTTP/2 frames': {
    // The empty SETTINGS that begin a connection, and frames of random types, flags and streams behind.
    secured: (socket) => {
      socket.resume().write(Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]));
      for (let i = 0; i < 100; i++) socket.write(Buffer.concat([Buffer.from([0, 0, 9]), randomBytes(15)]));
    },
  },
  'shows the certificate of a workload': { identity: issueIdentity('spiffe://mesh.test/ns/shop/sa/cart') },
  'shows a certificate of another root': {
    identity: issueIdentity('spiffe://mesh.test/ns/selvage-system/sa/selvage-control', {
      issuer: new TestAuthority('impostor'),
    }),
  },
  'answers each call with an error': {
    called: (stream) => (setImmediate(() => stream.close({ code: 13, message: 'out of order' })), DEAF),
  },
  'answers with noise': { called: (stream) => raw(stream, randomBytes(5_000)) },
  'answers with a type that nobody asked for': {
    called: (stream) =>
      raw(stream, encodeResponseFrame({ systemVersion: '', typeUrl: 'a.b/c', nonce: '1', removed: [] })),
  },
  'answers with more than anybody takes': {
    called: (stream) => raw(stream, ...Array.from({ length: 33 }, () => Buffer.alloc(1024 * 1024))),
  },
};

for (const [what, conduct] of Object.entries(strangers)) {
  test(`a sidecar goes on with what it knows while its control plane ${what}`, { timeout: 120_000 }, async (t) => {
    const mesh = await startMesh(t);
    mesh.control.behave(conduct);
    await eventually(async () => (mesh.control.connections >= 2 ? undefined : 'it has not come back'));
    await moreRequests(mesh);
    assert.equal(linesOf(mesh.caller).at(-1), '200 blue');
    // 0.5 s, 1 s, 2 s …, each a random part of it: nobody is hammered.
    assert.ok(mesh.control.connections < 30, `${mesh.control.connections} connections`);
    await recover(mesh);
  });
}

// ── who speaks it, and says nonsense ──

let nonce = 0;

/** One response. @param removed names */
function respond(stream: GrpcStream, resources: readonly object[], removed: readonly string[] = []): void {
  const [first] = resources as readonly SnapshotResource[];
  const typeUrl = typeUrlOf(first?.type ?? 'workload');
  const frame = encodeResponseFrame({ systemVersion: 'x', typeUrl, nonce: `said-${++nonce}`, removed });
  const encoded = (resources as readonly SnapshotResource[]).map((resource) =>
    encodeResource({
      name: resource.name,
      version: resource.version,
      content: { typeUrl, value: Buffer.from(JSON.stringify(resource)) },
    }),
  );
  stream.send([frame, ...encoded]);
}

/** Serves well, and once all was served says something more of its own. @returns what was answered to that */
function saying(mesh: Mesh, say: (stream: GrpcStream) => void) {
  const answers: DeltaRequest[] = [];
  mesh.control.behave({
    called: (stream, serve) => {
      const real = serve();
      let hasSaid = false;
      return {
        received: (message) => {
          const decoded = decodeRequest(message);
          if (!decoded.ok) throw new Error(decoded.reason);
          // What the real one has not asked, it must not be answered.
          if (decoded.message.nonce.startsWith('said-')) answers.push(decoded.message);
          else real.received(message);
          // The first that is acknowledged: it has begun to listen.
          if (!hasSaid && decoded.message.nonce !== '') {
            hasSaid = true;
            setImmediate(() => say(stream));
          }
        },
        writable: () => real.writable(),
        ended: (status) => real.ended(status),
      };
    },
  });
  return {
    answers,
    /** Waits until the last that was said is answered. @returns why it is refused, or '' */
    async lastAnswer(): Promise<string> {
      const last = (): DeltaRequest | undefined => answers.find((answer) => answer.nonce === `said-${nonce}`);
      await eventually(async () => (last() === undefined ? 'no answer to it' : undefined));
      return last()!.error?.message ?? '';
    },
  };
}

const version = 'nonsense';
const spoilt = (resources: readonly SnapshotResource[], type: string, change: object): object => ({
  ...resources.find((resource) => resource.type === type)!,
  version,
  ...change,
});

const nonsense: Readonly<Record<string, readonly [(mesh: Mesh) => object, RegExp]>> = {
  'a cluster without limits': [
    ({ blue }) => spoilt(blue.resources, 'cluster', { limits: undefined }),
    /its limits is no/,
  ],
  'a cluster of an unknown balancer': [
    ({ blue }) => spoilt(blue.resources, 'cluster', { loadBalancing: 'Whatever' }),
    /its loadBalancing is none of/,
  ],
  'endpoints without ports': [
    ({ blue }) => spoilt(blue.resources, 'endpoints', { endpoints: [{ address: '127.0.0.1' }] }),
    /endpoints\[0\]\.port is no port/,
  ],
  'a service whose ports are text': [
    ({ blue }) => spoilt(blue.resources, 'mesh-service', { ports: 'all of them' }),
    /its ports is no list/,
  ],
  'a workload with an unknown filter': [
    () => ({
      ...OWN,
      version,
      ports: [{ port: 1, protocol: 'http', mtls: 'STRICT', exemptPaths: [], filters: [{ type: 'Magic' }] }],
    }),
    /filters\[0\]\.type is none of/,
  ],
};

for (const [what, [make, reason]] of Object.entries(nonsense)) {
  test(`a sidecar refuses ${what}, says why, and keeps what it had`, { timeout: 120_000 }, async (t) => {
    const mesh = await startMesh(t);
    const said = saying(mesh, (stream) => respond(stream, [make(mesh)]));
    assert.match(await said.lastAnswer(), reason);
    await moreRequests(mesh);
    assert.equal(linesOf(mesh.caller).at(-1), '200 blue');
    await mesh.caller.said(/cannot use [a-z-]+ .* of the control plane: its .* \(what was known before stays in use\)/);
    await recover(mesh);
  });
}

const policy = (name: string, change: object = {}): object => ({
  type: 'authorization',
  name: `AuthorizationPolicy/shop/${name}`,
  version,
  action: 'DENY',
  audit: false,
  exemptPaths: [],
  rules: [{ name: 'rule-0', from: [[{ attribute: 'moon', negated: false, values: ['full'] }]], to: [] }],
  fault: null,
  ...change,
});

test('a sidecar takes the good of a response whose other half is nonsense', { timeout: 120_000 }, async (t) => {
  const mesh = await startMesh(t);
  const said = saying(mesh, (stream) => respond(stream, [policy('bad', { rules: null }), policy('good')]));
  assert.equal(await said.lastAnswer(), 'AuthorizationPolicy/shop/bad: its rules is no list');
  const saved = (): string => readFileSync(join(mesh.control.stateFolder, 'discovery'), 'utf8');
  await eventually(async () => (saved().includes('AuthorizationPolicy/shop/good') ? undefined : 'not in use'));
  assert.ok(!saved().includes('AuthorizationPolicy/shop/bad'));
  await moreRequests(mesh);
  await recover(mesh);
});

test('a sidecar is not moved by the removal of what it never had', { timeout: 120_000 }, async (t) => {
  const mesh = await startMesh(t);
  const said = saying(mesh, (stream) => respond(stream, [], ['shop/nobody/none', '', 'x'.repeat(10_000)]));
  assert.equal(await said.lastAnswer(), '');
  await moreRequests(mesh);
  await recover(mesh);
});

test(
  'a sidecar is not moved by policies and routes that refer to what does not exist',
  { timeout: 120_000 },
  async (t) => {
    const mesh = await startMesh(t);
    const said = saying(mesh, (stream) => respond(stream, [policy('none')]));
    assert.equal(await said.lastAnswer(), '');
    await moreRequests(mesh);
    await recover(mesh);
  },
);

test('a sidecar keeps up with a flood of versions, and ends with the last', { timeout: 120_000 }, async (t) => {
  const mesh = await startMesh(t);
  const endpoints = (at: Endpoint, i: number) => spoilt(at.resources, 'endpoints', { version: `flood-${i}` });
  const said = saying(mesh, (stream) => {
    for (let i = 0; i < 5_000; i++) respond(stream, [endpoints(i % 2 === 0 ? mesh.green : mesh.blue, i)]);
    respond(stream, [endpoints(mesh.green, 5_000)]);
  });
  assert.equal(await said.lastAnswer(), '');
  await moreRequests(mesh);
  assert.deepEqual(new Set(linesOf(mesh.caller).slice(-20)), new Set(['200 green']));
  assert.deepEqual(linesOf(mesh.caller).filter(isBad), []);
});

test('a sidecar answers the nonces that it is given, also where they are mixed up', { timeout: 120_000 }, async (t) => {
  const mesh = await startMesh(t);
  const said = saying(mesh, (stream) => {
    respond(stream, [spoilt(mesh.blue.resources, 'endpoints', { version: 'a' })]);
    nonce--;
    respond(stream, [spoilt(mesh.blue.resources, 'endpoints', { version: 'b' })]);
    nonce--;
    respond(stream, [spoilt(mesh.green.resources, 'endpoints', { version: 'c' })]);
  });
  await eventually(async () => (said.answers.length >= 3 ? undefined : `${said.answers.length} answers`));
  await eventually(async () => (linesOf(mesh.caller).at(-1) === '200 green' ? undefined : 'not the last'));
  assert.deepEqual(linesOf(mesh.caller).filter(isBad), []);
});
