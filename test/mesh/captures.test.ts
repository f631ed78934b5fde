import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import type { Capture } from '#proxy/outbound.ts';
import { askAt, codeOf, dialPort } from './testing/client.ts';
import { declareService, declareWorkload, deltaOf, startMesh, startOutbound } from './testing/sidecars.ts';

const CATALOG: Capture = {
  address: '127.0.0.1',
  port: 0,
  service: 'shop/catalog',
  servicePort: 80,
  protocol: 'http',
};

test('a capture that is added serves its service, whichever host is named', async (t) => {
  const { outbound } = await startMesh(t);
  const capture = await outbound.capture(CATALOG);
  assert.equal((await askAt(capture.port, '/')).body, 'hello');
  assert.equal((await askAt(capture.port, '/', { headers: { host: 'elsewhere.test' } })).body, 'hello');
  assert.deepEqual(outbound.capturePorts.length, 2);
});

test('a capture serves its service from when that is known until it has gone, and never leaves the mesh', async (t) => {
  const { outbound } = await startOutbound(t, [declareWorkload([], { egress: 'AllowAny' })]);
  const capture = await outbound.capture(CATALOG);
  const host = { headers: { host: `127.0.0.1:${outbound.proxyPort}` } };
  assert.equal(codeOf(await askAt(capture.port, '/', host)), 'route_not_found');
  await outbound.apply(deltaOf(declareService([])));
  assert.equal(codeOf(await askAt(capture.port, '/', host)), 'no_healthy_upstream');
  await outbound.apply(deltaOf([], ['mesh-service shop/catalog']));
  assert.equal(codeOf(await askAt(capture.port, '/', host)), 'route_not_found');
});

test('a released capture accepts nothing new, and finishes what is open', async (t) => {
  let answer: (() => void) | undefined;
  const { application, outbound } = await startMesh(t, (_, response) => {
    answer = () => response.end('late');
  });
  const capture = await outbound.capture(CATALOG);
  const asked = askAt(capture.port, '/');
  await once(application, 'request');
  const released = capture.release();
  await assert.rejects(dialPort(capture.port), { code: 'ECONNREFUSED' });
  answer!();
  assert.equal((await asked).body, 'late');
  await released;
  assert.ok(!outbound.capturePorts.includes(capture.port));
});

test('a capture whose address is taken says so, and harms nothing', async (t) => {
  const { outbound } = await startMesh(t);
  const { port } = await outbound.capture(CATALOG);
  await assert.rejects(outbound.capture({ ...CATALOG, port }), /address in use/);
  assert.equal((await askAt(port, '/')).body, 'hello');
});
