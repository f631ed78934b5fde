import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grpcFormOf, inGrpcForm } from './media-type.ts';

test('grpcFormOf tells the forms apart, and from what only begins alike', () => {
  const types = [
    'application/grpc',
    'application/grpc+proto',
    'application/grpc; x=y',
    'application/grpc-web',
    'application/grpc-web+proto',
  ];
  assert.deepEqual(types.map(grpcFormOf), ['grpc', 'grpc', 'grpc', 'grpc-web', 'grpc-web']);
  assert.deepEqual(['application/grpc-web-text', 'application/grpc-web-text+proto'].map(grpcFormOf), [
    'grpc-web-text',
    'grpc-web-text',
  ]);
  assert.deepEqual(['application/grpcx', 'application/grpc-webs', 'application/json', '', undefined].map(grpcFormOf), [
    null,
    null,
    null,
    null,
    null,
  ]);
});

test('inGrpcForm keeps the format of the messages', () => {
  assert.equal(inGrpcForm('application/grpc-web-text+proto; charset=x', 'grpc'), 'application/grpc+proto');
  assert.equal(inGrpcForm('application/grpc', 'grpc-web'), 'application/grpc-web');
});
