import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestExchange } from '../filters/testing/exchange.ts';
import { identifyInMesh } from './mesh-fields.ts';

const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

const identify = (
  fields: readonly string[],
  certificate = '',
): { readonly requestId: string; readonly entries: readonly string[] } => {
  const exchange = createTestExchange({ fields });
  identifyInMesh(exchange, certificate);
  return { requestId: exchange.requestId, entries: exchange.request.fields.entries };
};

test('identifyInMesh removes what others say of the certificate, and says what was verified', () => {
  const came = [
    'x-forwarded-client-cert',
    'By=a',
    'accept',
    '*/*',
    'x-request-id',
    'r1',
    'x-forwarded-client-cert',
    'By=b',
  ];
  assert.deepEqual(identify(came).entries, ['accept', '*/*', 'x-request-id', 'r1']);
  assert.deepEqual(identify(came, 'By=c').entries, [
    'accept',
    '*/*',
    'x-request-id',
    'r1',
    'x-forwarded-client-cert',
    'By=c',
  ]);
});

test('identifyInMesh keeps a usable request id, one, and makes another for any other', () => {
  assert.equal(identify(['x-request-id', 'r1', 'x-request-id', 'r2']).requestId, 'r2');
  for (const id of ['', 'with space', 'ü', 'x'.repeat(129)]) {
    const { requestId, entries } = identify(['x-request-id', id]);
    assert.match(requestId, UUID_V7);
    assert.deepEqual(entries, ['x-request-id', requestId]);
  }
});
