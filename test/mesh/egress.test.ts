import assert from 'node:assert/strict';
import { createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { until } from '../data-plane/testing/peer.ts';
import type { EgressMode } from '#model/snapshot/workload.ts';
import { ask, codeOf, openTunnel } from './testing/client.ts';
import { countersOf, declareWorkload, startApplication, startOutbound } from './testing/sidecars.ts';

const startEgress = (context: TestContext, egress: EgressMode) =>
  startOutbound(context, [declareWorkload([], { egress })]);

test('RegistryOnly refuses hosts that are no service', async (context) => {
  const { outbound, records } = await startEgress(context, 'RegistryOnly');
  const reply = await ask(outbound.proxyPort, 'http://example.com/');
  assert.equal(reply.status, 502);
  assert.equal(codeOf(reply), 'egress_denied');
  assert.equal(await openTunnel(outbound.proxyPort, 'example.com:443'), 502);
  await until('both are recorded', () => records.exchanges.length === 2);
});

test('nothing leaves the mesh before the workload is known', async (context) => {
  const { outbound } = await startOutbound(context, []);
  assert.equal(codeOf(await ask(outbound.proxyPort, 'http://example.com/')), 'egress_denied');
});

test('AllowAny passes requests through as they are, and counts all such hosts together', async (context) => {
  const application = await startApplication(
    context,
    (incoming, response) => void response.end(`${incoming.headers.host} ${incoming.url}`),
  );
  const { outbound, records } = await startEgress(context, 'AllowAny');
  const hosts = [`127.0.0.1:${application.port}`, `localhost:${application.port}`];
  for (const host of hosts) assert.equal((await ask(outbound.proxyPort, `http://${host}/a?b`)).body, `${host} /a?b`);
  await until('both are recorded', () => records.exchanges.length === 2);
  const [labels] = [...countersOf(records, 'istio_requests_total').keys()];
  assert.match(labels!, /^source cart shop \S+ unknown unknown \S*passthrough\S* passthrough .* none$/);
});

test('AllowAny passes tunnels through', async (context) => {
  const server = createServer((socket) => socket.end('opaque'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const { outbound } = await startEgress(context, 'AllowAny');
  const socket = await openTunnel(outbound.proxyPort, `localhost:${(server.address() as AddressInfo).port}`);
  assert.ok(typeof socket !== 'number', 'refused');
  const said = await new Promise((resolve) => socket.on('data', (text) => resolve(String(text))));
  assert.equal(said, 'opaque');
  socket.destroy();
});

test('AllowAny sends no request for TLS in the clear, and none back to itself', async (context) => {
  const { outbound } = await startEgress(context, 'AllowAny');
  assert.equal(codeOf(await ask(outbound.proxyPort, 'https://example.com/')), 'bad_request');
  assert.equal(codeOf(await ask(outbound.proxyPort, `http://localhost:${outbound.proxyPort}/`)), 'misdirected_request');
});
