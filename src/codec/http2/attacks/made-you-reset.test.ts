import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, FRAME_SIZE_ERROR, PROTOCOL_ERROR } from '../error-code.ts';
import { DATA, END_STREAM, PRIORITY, WINDOW_UPDATE } from '../frame/frame-type.ts';
import { Blocks, frame, GET, int32 } from '../testing/frames.ts';
import { createServer } from '../testing/recording.ts';

// CVE-2025-8671: the same as rapid reset, but the client breaks its streams so that the server resets them.

test('Http2Connection ends when a client makes it reset streams by content behind the end', () => {
  const server = createServer({ faultBurst: 20, nowMs: () => 0 });
  const blocks = new Blocks();
  for (let id = 1; id < 1000 && server.failure === null; id += 2) {
    server.receive([blocks.headers(id, GET), frame(DATA, END_STREAM, id, 'x')]);
  }
  assert.equal(server.goAwayCode(), ENHANCE_YOUR_CALM);
  assert.equal(server.streams.length, 21);
  assert.ok(
    server.streams.every(({ failure }) => failure !== null),
    'whoever serves them is told to stop',
  );
});

test('Http2Connection ends when a client makes it reset streams by a second head', () => {
  const server = createServer({ faultBurst: 20, nowMs: () => 0 });
  const blocks = new Blocks();
  for (let id = 1; id < 1000 && server.failure === null; id += 2) {
    server.receive([blocks.headers(id, GET), blocks.headers(id, GET)]);
  }
  assert.equal(server.goAwayCode(), ENHANCE_YOUR_CALM);
});

test('Http2Connection ends at once at control frames that would otherwise reset a stream', () => {
  const primitives: [Buffer, number][] = [
    [frame(WINDOW_UPDATE, 0, 1, int32(0)), PROTOCOL_ERROR],
    [frame(WINDOW_UPDATE, 0, 1, int32(0x7fffffff)), FLOW_CONTROL_ERROR],
    [frame(PRIORITY, 0, 1, 'xxxx'), FRAME_SIZE_ERROR],
    [frame(PRIORITY, 0, 1, Buffer.from('0000000101', 'hex')), PROTOCOL_ERROR],
  ];
  for (const [octets, code] of primitives) {
    const server = createServer();
    server.receive([new Blocks().headers(1, GET), octets]);
    assert.equal(server.goAwayCode(), code);
  }
});
