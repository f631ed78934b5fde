import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyError } from '#errors/proxy-error.ts';
import { Fields } from '#http/fields.ts';
import { ResponseHead } from '#http/head.ts';
import { grpcStatusOf, NO_GRPC_STATUS } from './outcome.ts';
import { sampleRecord } from './sample-record.ts';

test('grpcStatusOf says nothing of what is no gRPC', () => {
  assert.equal(grpcStatusOf(sampleRecord({ responseTrailers: new Fields(['grpc-status', '0']) })), NO_GRPC_STATUS);
});

test('grpcStatusOf takes trailers, then a head that is all, then the failure, then the HTTP status', () => {
  const head = new ResponseHead(200, new Fields(['grpc-status', '7']), 0);
  const trailers = new Fields(['grpc-status', '5']);
  const error = new ProxyError('upstream_timeout', 'upstream', 'stream');
  assert.equal(
    grpcStatusOf({ ...sampleRecord({ grpc: 'grpc', responseTrailers: trailers, error }), response: head }),
    5,
  );
  assert.equal(grpcStatusOf({ ...sampleRecord({ grpc: 'grpc', error }), response: head }), 7);
  assert.equal(grpcStatusOf(sampleRecord({ grpc: 'grpc', error })), 4);
  assert.equal(grpcStatusOf(sampleRecord({ grpc: 'grpc', status: 503 })), 14);
});
