import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fields } from '#http/fields.ts';
import { encodeWebTrailers } from './web-trailers.ts';

test('encodeWebTrailers makes one frame of lines (gRPC-Web)', () => {
  const frame = encodeWebTrailers(new Fields(['grpc-status', '0', 'x-a', 'b\r\ngrpc-status: 5']));
  const text = 'grpc-status: 0\r\nx-a: b  grpc-status: 5\r\n';
  assert.deepEqual([frame[0], frame.readUInt32BE(1), frame.latin1Slice(5)], [0x80, text.length, text]);
  assert.deepEqual([...encodeWebTrailers(null)], [0x80, 0, 0, 0, 0]);
});
