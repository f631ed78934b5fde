import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseHead } from '#http/head.ts';
import { CANCEL, ENHANCE_YOUR_CALM } from '../error-code.ts';
import { RST_STREAM } from '../frame/frame-type.ts';
import { Blocks, fields, frame, GET, int32 } from '../testing/frames.ts';
import { createServer, type Recording } from '../testing/recording.ts';

// CVE-2023-44487: requests that are cancelled as soon as they are sent never count as concurrent, but cost a backend's
// work each.

function openAndReset(server: Recording, blocks: Blocks, from: number, count: number): void {
  for (let i = from; i < from + count && server.failure === null; i++) {
    server.receive([blocks.headers(i * 2 + 1, GET), frame(RST_STREAM, 0, i * 2 + 1, int32(CANCEL))]);
  }
}

test('Http2Connection ends when a client opens and resets streams without bound', () => {
  const server = createServer({ resetBurst: 50, nowMs: () => 0 });
  openAndReset(server, new Blocks(), 0, 50);
  assert.equal(server.failure, null);
  openAndReset(server, new Blocks(), 50, 1);
  assert.equal(server.goAwayCode(), ENHANCE_YOUR_CALM);
  assert.equal(server.streams.length, 51);
  assert.ok(server.streams.slice(0, 50).every(({ failure }) => failure?.code === 'downstream_closed'));
});

test('Http2Connection forgives resets as time passes, and for each request that completes', () => {
  let nowMs = 0;
  const server = createServer({ resetBurst: 50, resetsPerSecond: 10, nowMs: () => nowMs });
  const blocks = new Blocks();
  openAndReset(server, blocks, 0, 50);
  nowMs = 1000;
  openAndReset(server, blocks, 50, 10);
  assert.equal(server.failure, null);
  server.onOpened = ({ stream }) => stream!.respond(new ResponseHead(200, fields(), 0), true);
  for (let i = 60; i < 70; i++) server.receive(blocks.headers(i * 2 + 1, GET));
  server.onOpened = null;
  openAndReset(server, blocks, 70, 10);
  assert.equal(server.failure, null);
  openAndReset(server, blocks, 80, 1);
  assert.equal(server.goAwayCode(), ENHANCE_YOUR_CALM);
});
