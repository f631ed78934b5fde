import assert from 'node:assert/strict';
import { test } from 'node:test';
import { grpcStatusOfHttp, parseGrpcStatus } from './status.ts';

test('parseGrpcStatus takes what gRPC knows, and all else for UNKNOWN', () => {
  assert.deepEqual(['0', '5', '16'].map(parseGrpcStatus), [0, 5, 16]);
  assert.deepEqual(['', '17', '-1', '1e1', '999', 'OK'].map(parseGrpcStatus), [2, 2, 2, 2, 2, 2]);
});

test('grpcStatusOfHttp maps as gRPC says, and all else to UNKNOWN', () => {
  const statuses = [400, 401, 403, 404, 429, 502, 503, 504, 200, 418, 500];
  assert.deepEqual(statuses.map(grpcStatusOfHttp), [13, 16, 7, 12, 14, 14, 14, 14, 2, 2, 2]);
});
