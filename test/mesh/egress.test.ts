import assert from 'node:assert/strict';
import { connect, createServer, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { OutboundOptions } from '#proxy/outbound.ts';
import { until } from '../data-plane/testing/peer.ts';
import type { EgressMode } from '#model/snapshot/workload.ts';
import type { SnapshotResource } from '#model/snapshot/snapshot.ts';
import { createCertificate } from '#transport/testing/certificates.ts';
import { createServer as createTlsServer } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { declareCluster } from '../data-plane/testing/declarations.ts';
import { ask, codeOf, openTunnel } from './testing/client.ts';
import { countersOf, declareWorkload, startApplication, startOutbound } from './testing/sidecars.ts';

const startEgress = (context: TestContext, egress: EgressMode, options: Partial<OutboundOptions> = {}) =>
  startOutbound(context, [declareWorkload([], { egress })], undefined, options);

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

test('AllowAny lets nothing out that is named as a service is, while nobody can say whether it is one', async (context) => {
  const application = await startApplication(context, (_, response) => void response.end('outside'));
  let mayBeService = true;
  const { outbound } = await startEgress(context, 'AllowAny', { mayBeService: () => mayBeService });
  const authority = `localhost:${application.port}`;
  assert.equal(codeOf(await ask(outbound.proxyPort, `http://${authority}/`)), 'no_healthy_upstream');
  assert.equal(await openTunnel(outbound.proxyPort, authority), 503);
  mayBeService = false;
  assert.equal((await ask(outbound.proxyPort, `http://${authority}/`)).body, 'outside');
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

const AUTHORITY = createCertificate({ name: 'somebody', isAuthority: true });
const API = createCertificate({ name: 'api', alternatives: ['api.example.com'], issuer: AUTHORITY });

/** A server outside of the mesh, with a certificate of an authority of its own. */
const startOutside = async (context: TestContext): Promise<number> => {
  const server = createTlsServer({ cert: API.certificate, key: API.key }, (incoming, response) => {
    const { servername } = incoming.socket as unknown as { readonly servername: string };
    response.end(`${servername} ${incoming.headers.host} ${incoming.url}`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

/** A declared Backend: requests at port 80 go over TLS, and the client's own TLS passes at the port of the endpoint. */
const declareOutside = (port: number, caCertificates: string): readonly SnapshotResource[] => [
  ...declareCluster({
    name: 'Backend/shop/api',
    tls: { hostname: 'api.example.com', caCertificates, subjectAltNames: [], clientCertificate: null },
    endpoints: [{ port }],
  }),
  ...declareCluster({ name: 'Backend/shop/api#passthrough', endpoints: [{ port }] }),
  {
    type: 'mesh-service',
    name: 'host/api.example.com',
    version: '',
    hostnames: ['api.example.com'],
    ports: [
      { port: 80, protocol: 'http', cluster: 'Backend/shop/api' },
      { port, protocol: 'tcp', cluster: 'Backend/shop/api#passthrough', sealed: true },
    ],
  },
];

const DECLARED = { egress: 'RegistryOnly', hosts: ['api.example.com'] } as const;

test('RegistryOnly lets requests out to declared hosts, over verified TLS where that is declared', async (context) => {
  const port = await startOutside(context);
  const resources = [declareWorkload([], DECLARED), ...declareOutside(port, AUTHORITY.certificate)];
  const { outbound, records } = await startOutbound(context, resources);
  const reply = await ask(outbound.proxyPort, 'http://api.example.com/items');
  assert.deepEqual([reply.status, reply.body], [200, 'api.example.com api.example.com /items']);
  assert.equal(codeOf(await ask(outbound.proxyPort, 'http://www.example.com/')), 'egress_denied');
  assert.equal(codeOf(await ask(outbound.proxyPort, 'https://api.example.com/')), 'bad_request');
  await until('all are recorded', () => records.exchanges.length === 3);
});

test('a declared host that shows a certificate of somebody else is sent nothing', async (context) => {
  const port = await startOutside(context);
  const other = createCertificate({ name: 'somebody', isAuthority: true });
  const resources = [declareWorkload([], DECLARED), ...declareOutside(port, other.certificate)];
  const { outbound } = await startOutbound(context, resources);
  const reply = await ask(outbound.proxyPort, 'http://api.example.com/items');
  assert.deepEqual([reply.status, codeOf(reply)], [502, 'upstream_tls_failed']);
});

test('RegistryOnly lets byte streams out to the ports of declared hosts alone', async (context) => {
  const port = await startOutside(context);
  const resources = [declareWorkload([], DECLARED), ...declareOutside(port, AUTHORITY.certificate)];
  const { outbound } = await startOutbound(context, resources);
  const socket = await openTunnel(outbound.proxyPort, `api.example.com:${port}`);
  assert.ok(typeof socket !== 'number', 'refused');
  const tls = connectTls({ socket, servername: 'api.example.com', ca: AUTHORITY.certificate });
  await once(tls, 'secureConnect');
  assert.equal(tls.getPeerX509Certificate()?.subject, 'CN=api');
  tls.destroy();
  assert.equal(await openTunnel(outbound.proxyPort, 'api.example.com:22'), 502);
  assert.equal(await openTunnel(outbound.proxyPort, 'www.example.com:443'), 502);
});

for (const how of ['tunnel', 'capture'] as const)
  test(`a ${how} to a declared host with TLS passes nothing that is none`, async (context) => {
    let heard = '';
    const server = createServer((socket) =>
      socket.on('data', (bytes) => (heard += String(bytes))).on('error', () => {}),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const resources = [declareWorkload([], DECLARED), ...declareOutside(port, AUTHORITY.certificate)];
    const capture = {
      address: '127.0.0.1',
      port: 0,
      service: 'host/api.example.com',
      servicePort: port,
      protocol: 'tcp',
    } as const;
    const { outbound, records } = await startOutbound(context, resources, undefined, { captures: [capture] });
    const socket =
      how === 'tunnel'
        ? await openTunnel(outbound.proxyPort, `api.example.com:${port}`)
        : connect(outbound.capturePorts[0]!, '127.0.0.1');
    assert.ok(typeof socket !== 'number', 'refused');
    socket.on('error', () => {}).resume();
    socket.write('GET /secret HTTP/1.1\r\nhost: api.example.com\r\n\r\n');
    await once(socket, 'close');
    await until('it is recorded', () => records.streams.length === 1);
    assert.deepEqual([records.streams[0]!.error?.code, heard], ['bad_request', '']);
    assert.match(records.streams[0]!.error!.cause, /takes TLS alone/);
  });

test('a declared host is not called as it is while it is not known how it is called', async (context) => {
  const { outbound } = await startOutbound(context, [declareWorkload([], { ...DECLARED, egress: 'AllowAny' })]);
  for (const host of ['api.example.com', 'api.example.com.', 'API.example.com:8080'])
    assert.equal(codeOf(await ask(outbound.proxyPort, `http://${host}/`)), 'no_healthy_upstream', host);
  assert.equal(await openTunnel(outbound.proxyPort, 'api.example.com:443'), 503);
});
