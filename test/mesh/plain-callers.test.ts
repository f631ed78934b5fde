import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { WorkloadPort } from '#model/snapshot/workload.ts';
import { until } from '../data-plane/testing/peer.ts';
import { askAt, codeOf } from './testing/client.ts';
import { countersOf, declareWorkload, startApplication, startInbound } from './testing/sidecars.ts';

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
