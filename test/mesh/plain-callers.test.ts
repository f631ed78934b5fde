import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { WorkloadPort } from '#model/snapshot/workload.ts';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import type { AuthorizationCondition, AuthorizationResource } from '#model/snapshot/authorization.ts';
import { until } from '../data-plane/testing/peer.ts';
import { askAt, codeOf, dialPort } from './testing/client.ts';
import { countersOf, declareWorkload, deltaOf, startApplication, startInbound } from './testing/sidecars.ts';

const startPlain = async (context: TestContext, port: Partial<WorkloadPort>) => {
  const application = await startApplication(context, (incoming, response) => {
    response.end(JSON.stringify(incoming.headers['x-forwarded-client-cert'] ?? null));
  });
  const workload = declareWorkload([{ ...port, port: application.port }]);
  const plain = [{ address: '127.0.0.1', port: 0, target: application.port }];
  const { inbound, records } = await startInbound(context, workload, undefined, { plain });
  return { records, port: inbound.plainPorts[0]! };
};

test('STRICT takes nothing in the clear', async (context) => {
  const { port, records } = await startPlain(context, {});
  const reply = await askAt(port, '/');
  assert.equal(reply.status, 403);
  assert.equal(codeOf(reply), 'access_denied');
  await until('it is recorded', () => records.exchanges.length === 1);
  assert.match(records.exchanges[0]!.error!.cause, /mutual TLS/);
});

test('PERMISSIVE takes requests in the clear, as of nobody', async (context) => {
  const { port, records } = await startPlain(context, { mtls: 'PERMISSIVE' });
  const reply = await askAt(port, '/', { headers: { 'x-forwarded-client-cert': 'By=spiffe://mesh.test/ns/a/sa/b' } });
  assert.equal(reply.status, 200);
  assert.equal(reply.body, 'null');
  await until('it is recorded', () => records.exchanges.length === 1);
  assert.match(
    [...countersOf(records, 'istio_requests_total').keys()][0]!,
    /^destination unknown unknown unknown catalog .* none$/,
  );
});

test('health probes pass by their exact path alone', async (context) => {
  const { port } = await startPlain(context, { exemptPaths: ['/healthz'] });
  assert.equal((await askAt(port, '/healthz')).status, 200);
  assert.equal((await askAt(port, '/healthz?full=1')).status, 200);
  assert.equal((await askAt(port, '/healthz', { method: 'HEAD' })).status, 200);
  for (const target of [
    '/healthz/',
    '/healthz/more',
    '/Healthz',
    '/x/../healthz',
    '//healthz',
    '/%68ealthz',
    '/healthz;a',
  ]) {
    assert.equal((await askAt(port, target)).status, 403, target);
  }
  assert.equal((await askAt(port, '/healthz', { method: 'POST', body: 'x' })).status, 403);
});

/** A policy that permits who fits one condition. */
const allow = (attribute: AuthorizationCondition['attribute'], ...values: string[]): AuthorizationResource => ({
  type: 'authorization',
  name: 'AuthorizationPolicy/shop/some',
  version: values.join(),
  action: 'ALLOW',
  audit: false,
  exemptPaths: [],
  rules: [{ name: 'rule-0', from: [[{ attribute, negated: false, values }]], to: [] }],
  fault: null,
});

const UNDER_POLICY = [{ type: 'Authorization', levels: [['AuthorizationPolicy/shop/some']] }] as const;

test('a probe of an exempt path needs no permission, also where others may call, and switches to nothing else', async (context) => {
  const application = await startApplication(context, (_, response) => void response.end('well'));
  application.on('upgrade', (_, socket: Socket) => socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n'));
  const port = {
    port: application.port,
    mtls: 'PERMISSIVE',
    exemptPaths: ['/healthz'],
    filters: UNDER_POLICY,
  } as const;
  const { inbound } = await startInbound(context, declareWorkload([port]));
  await inbound.apply(deltaOf([allow('principal', 'spiffe://mesh.test/ns/shop/sa/cart')]));
  const plain = await inbound.servePlain({ address: '127.0.0.1', port: 0, target: application.port });
  assert.equal((await askAt(plain.port, '/healthz')).status, 200);
  assert.equal((await askAt(plain.port, '/items')).status, 403);
  const upgrade = { connection: 'upgrade', upgrade: 'websocket' };
  assert.equal((await askAt(plain.port, '/healthz', { headers: upgrade })).status, 200);
});

test('servePlain follows what is declared, and its end leaves other listeners alone', async (context) => {
  const application = await startApplication(context);
  const { inbound } = await startInbound(context, declareWorkload([]));
  const listener = { address: '127.0.0.1', port: 0, target: application.port };
  const [one, two] = [await inbound.servePlain(listener), await inbound.servePlain(listener)];
  const ask = async ({ port }: { readonly port: number }) => (await askAt(port, '/')).status;
  assert.equal(await ask(one), 404);
  await inbound.apply(deltaOf([declareWorkload([{ port: application.port, mtls: 'PERMISSIVE' }])]));
  assert.deepEqual([await ask(one), await ask(two)], [200, 200]);
  const idle = await dialPort(one.port);
  idle.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await once(idle, 'data');
  const gone = once(idle, 'end');
  const closed = one.close();
  await gone;
  idle.destroy();
  await closed;
  await assert.rejects(dialPort(one.port), { code: 'ECONNREFUSED' });
  assert.equal(await ask(two), 200);
  await inbound.apply(deltaOf([declareWorkload([{ port: application.port }])]));
  assert.equal(await ask(two), 403);
});

const startPlainStream = async (context: TestContext, port: Partial<WorkloadPort>, policy?: AuthorizationResource) => {
  const server = createServer((socket) => socket.end('opaque'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => server.close());
  const target = (server.address() as AddressInfo).port;
  const workload = declareWorkload([{ protocol: 'tcp', mtls: 'PERMISSIVE', ...port, port: target }]);
  const { inbound, records } = await startInbound(context, workload);
  if (policy !== undefined) await inbound.apply(deltaOf([policy]));
  const plain = await inbound.servePlain({ address: '127.0.0.1', port: 0, target });
  const client = await dialPort(plain.port);
  let text = '';
  client.on('data', (bytes: Buffer) => (text += String(bytes))).on('error', () => {});
  client.end();
  await once(client, 'close');
  await until('it is recorded', () => records.streams.length === 1);
  return { text, record: records.streams[0]!, records };
};

test('PERMISSIVE passes byte streams in the clear, as of nobody', async (context) => {
  const { text, records } = await startPlainStream(context, {});
  assert.equal(text, 'opaque');
  const [labels] = [...countersOf(records, 'istio_tcp_sent_bytes_total').keys()];
  assert.match(labels!, /^destination unknown unknown unknown catalog .* tcp - none$/);
});

for (const how of ['the listener is closed', 'the port becomes STRICT'] as const) {
  test(`byte streams in the clear end some time after ${how}`, async (context) => {
    const server = createServer((socket) => void socket.on('error', () => {}).pipe(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    context.after(() => server.close());
    const target = (server.address() as AddressInfo).port;
    const port = { protocol: 'tcp', mtls: 'PERMISSIVE', port: target } as const;
    const { inbound } = await startInbound(context, declareWorkload([port]));
    const plain = await inbound.servePlain({ address: '127.0.0.1', port: 0, target, closeMs: 100 });
    const client = await dialPort(plain.port);
    client.on('error', () => {}).write('a');
    assert.equal(String((await once(client, 'data'))[0]), 'a');
    const closed = how === 'the listener is closed' ? plain.close() : Promise.resolve();
    if (how === 'the port becomes STRICT')
      await inbound.apply(deltaOf([declareWorkload([{ ...port, mtls: 'STRICT' }])]));
    // It goes on for a while.
    client.write('b');
    assert.equal(String((await once(client, 'data'))[0]), 'b');
    await once(client, 'end');
    client.destroy();
    await closed;
  });
}

test('STRICT passes no byte stream in the clear, and says so', async (context) => {
  const { text, record, records } = await startPlainStream(context, { mtls: 'STRICT' });
  assert.deepEqual([text, record.error?.code], ['', 'access_denied']);
  const [labels] = [...countersOf(records, 'istio_tcp_connections_opened_total').keys()];
  assert.match(labels!, /^destination unknown .* tcp UAEX none$/);
});

for (const [what, policy, outcome] of [
  ['for somebody else', allow('principal', 'spiffe://mesh.test/ns/shop/sa/cart'), 'access_denied'],
  ['for their address', allow('ip', '127.0.0.0/8'), undefined],
  ['for another address', allow('ip', '10.0.0.0/8'), 'access_denied'],
  ['that is not known', undefined, 'policy_invalid'],
] as const) {
  test(`a policy ${what} decides over byte streams in the clear`, async (context) => {
    const { text, record } = await startPlainStream(context, { filters: UNDER_POLICY }, policy);
    assert.deepEqual([text, record.error?.code], [outcome === undefined ? 'opaque' : '', outcome]);
  });
}
