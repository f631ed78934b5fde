import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseHead } from '#http/head.ts';
import { ENHANCE_YOUR_CALM } from '../error-code.ts';
import { DATA, END_HEADERS } from '../frame/frame-type.ts';
import { Blocks, fields, frame, GET, POST } from '../testing/frames.ts';
import { createServer } from '../testing/recording.ts';

// CVE-2019-9517 and kin: a client that asks for much and takes nothing, by its windows or by TCP.

const MEGABYTE = Buffer.alloc(1 << 20, 'x');

test('Http2Stream holds one write of a client that opens no window, and asks for no more', () => {
  const server = createServer({}, 4, 0);
  server.receive(new Blocks().headers(1, GET));
  const { stream } = server.streams[0]!;
  stream!.respond(new ResponseHead(200, fields(), -1), false);
  assert.equal(stream!.write(MEGABYTE), false);
  assert.equal(server.streams[0]!.writables, 0);
  assert.equal(server.take().filter(({ type }) => type === DATA).length, 0);
  assert.equal(stream!.pending!.length, MEGABYTE.length);
});

test('Http2Connection holds no more output than its limit, whatever the windows are', () => {
  const server = createServer({ outputBytes: 32768 }, 4, 0x7fffffff);
  server.receive(new Blocks().headers(1, GET));
  const { stream } = server.streams[0]!;
  stream!.respond(new ResponseHead(200, fields(), -1), false);
  assert.equal(stream!.write(MEGABYTE), false);
  assert.ok(server.connection.takeOutput()!.length <= 32768);
});

test('Http2Connection says when its peer should not be read, and ends where it is read on and on', () => {
  const server = createServer({ outputBytes: 16384, outputLimitBytes: 200_000, nowMs: () => 0 });
  server.onOpened = ({ stream }) => {
    const head = new ResponseHead(200, fields('x-request-id', 'y'.repeat(4000)), 0);
    stream!.respond(head, true);
  };
  const blocks = new Blocks();
  let id = 1;
  for (; !server.connection.congested && id < 10_000; id += 2) server.receive(blocks.headers(id, GET));
  assert.equal(server.failure, null);
  for (; server.failure === null && id < 10_000; id += 2) server.receive(blocks.headers(id, GET));
  assert.equal(server.goAwayCode(), ENHANCE_YOUR_CALM);
});

test('Http2Stream holds no more than its window of content that nobody takes', () => {
  const server = createServer({ streamWindowBytes: 100_000, connectionWindowBytes: 200_000 });
  server.onOpened = (recording) => void (recording.wantsMore = false);
  const blocks = new Blocks();
  server.receive(blocks.headers(1, POST, END_HEADERS));
  for (let i = 0; i < 10; i++) server.receive(frame(DATA, 0, 1, Buffer.alloc(10_000)));
  assert.equal(server.failure, null);
  assert.equal(server.streams[0]!.content.length, 10_000, 'one chunk was taken, the rest is held');
  assert.equal(server.take().length, 0, 'no window was opened');
  server.receive(frame(DATA, 0, 1, 'x'));
  assert.notEqual(server.failure, null);
});
