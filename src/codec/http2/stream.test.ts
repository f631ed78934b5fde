import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseHead } from '#http/head.ts';
import { NO_ERROR } from './error-code.ts';
import {
  ACK,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  PING,
  RST_STREAM,
  WINDOW_UPDATE,
} from './frame/frame-type.ts';
import { Blocks, fields, frame, GET, int32, POST } from './testing/frames.ts';
import { createServer } from './testing/recording.ts';

const OPEN = END_HEADERS;
const respond = new ResponseHead(200, fields(), -1);
const text = (length: number, c = 'x'): Buffer => Buffer.alloc(length, c);

test('Http2Stream ends on its last frame where that has not left yet', () => {
  const server = createServer();
  const blocks = new Blocks();
  server.receive([blocks.headers(1, GET), blocks.headers(3, GET), blocks.headers(5, GET)]);
  const [a, b, c] = server.streams.map(({ stream }) => stream!);
  a!.respond(respond, false);
  b!.respond(respond, false);
  a!.write(text(5));
  a!.end(null);
  b!.end(null);
  c!.respond(respond, false);
  const flagsOf = () => server.take().map(({ streamId, type, flags }) => [streamId, type, flags & END_STREAM]);
  assert.deepEqual(flagsOf(), [
    [1, HEADERS, 0],
    [3, HEADERS, 1],
    [1, DATA, 1],
    [5, HEADERS, 0],
  ]);
  c!.end(null);
  assert.deepEqual(flagsOf(), [[5, DATA, 1]]);
});

test('Http2Stream sends trailers behind what waits', () => {
  const server = createServer({}, 4, 3);
  server.receive(new Blocks().headers(1, GET));
  const { stream } = server.streams[0]!;
  stream!.respond(respond, false);
  stream!.write(text(5));
  stream!.end(fields('x-sum', '1'));
  assert.deepEqual(
    server.take().map(({ type }) => type),
    [HEADERS, DATA],
  );
  server.receive(frame(WINDOW_UPDATE, 0, 1, int32(100)));
  assert.deepEqual(
    server.take().map(({ type, flags }) => [type, flags & END_STREAM]),
    [
      [DATA, 0],
      [HEADERS, 1],
    ],
  );
});

test('Sender gives each stream that waits a frame in turn', () => {
  const server = createServer({ outputBytes: 1 << 20 }, 4, 1 << 20);
  const blocks = new Blocks();
  server.receive([blocks.headers(1, GET), blocks.headers(3, GET), blocks.headers(5, GET)]);
  for (const [i, { stream }] of server.streams.entries()) {
    stream!.respond(respond, false);
    stream!.write(text([65_535, 40_000, 40_000][i]!)); // the first closes the connection's window
  }
  server.receive(frame(WINDOW_UPDATE, 0, 0, int32(1 << 20)));
  const order = server
    .take()
    .filter(({ type }) => type === DATA)
    .map(({ streamId }) => streamId);
  assert.deepEqual(order, [1, 1, 1, 1, 3, 5, 3, 5, 3, 5]);
  assert.deepEqual(
    server.streams.map(({ writables }) => writables),
    [0, 1, 1],
  );
});

test('Http2Stream writes again from writable, in the same output', () => {
  const server = createServer({}, 4, 2);
  server.receive(new Blocks().headers(1, GET));
  const [call] = server.streams;
  call!.stream!.respond(respond, false);
  call!.stream!.write(Buffer.from('abcd'));
  call!.onWritable = () => {
    call!.stream!.write(Buffer.from('ef'));
    call!.stream!.end(null);
  };
  server.take();
  server.receive(frame(WINDOW_UPDATE, 0, 1, int32(100)));
  const sent = server.take().map(({ payload, flags }) => [payload.toString(), flags]);
  assert.deepEqual(sent, [
    ['cd', 0],
    ['ef', END_STREAM],
  ]);
});

test('Http2Stream holds content while paused, and passes it on in order with the end', () => {
  const server = createServer();
  server.receive(new Blocks().headers(1, POST, OPEN));
  const [call] = server.streams;
  call!.wantsMore = false;
  const large = text(10_000);
  server.receive([
    frame(DATA, 0, 1, 'a'),
    frame(DATA, 0, 1, 'b'),
    frame(DATA, 0, 1, large),
    frame(DATA, END_STREAM, 1),
  ]);
  assert.deepEqual([call!.content, call!.complete], ['a', false]);
  call!.stream!.resume();
  assert.ok(call!.content.startsWith('ab') && call!.content.length < large.length);
  assert.equal(call!.complete, false);
  call!.wantsMore = true;
  call!.stream!.resume();
  assert.deepEqual([call!.content, call!.complete], [`ab${large.toString('latin1')}`, true]);
});

test('Http2Connection opens windows in large steps, as content is passed on', () => {
  const server = createServer({ streamWindowBytes: 100_000, connectionWindowBytes: 150_000 });
  server.receive(new Blocks().headers(1, POST, OPEN));
  for (let i = 0; i < 4; i++) server.receive(frame(DATA, 0, 1, text(10_000)));
  assert.deepEqual(server.take(), []);
  for (let i = 0; i < 4; i++) server.receive(frame(DATA, 0, 1, text(10_000)));
  const updates = server.take().map(({ type, streamId, payload }) => [type, streamId, payload.readUInt32BE(0)]);
  assert.deepEqual(updates, [
    [WINDOW_UPDATE, 1, 50_000],
    [WINDOW_UPDATE, 0, 80_000],
  ]);
});

test('Http2Connection gives the connection’s window back for content that was dropped', () => {
  const server = createServer({ connectionWindowBytes: 65_535 });
  const blocks = new Blocks();
  for (let id = 1; id < 200; id += 2) {
    server.receive([blocks.headers(id, POST, OPEN), frame(DATA, 0, id, text(10_000))]);
    if (id % 4 === 1) server.streams.at(-1)!.stream!.reset(8);
    server.receive(frame(DATA, END_STREAM | 8, id, Buffer.concat([Buffer.from([100]), text(100)])));
    server.streams.at(-1)!.stream!.respond(respond, true);
    server.take();
  }
  assert.equal(server.failure, null);
});

test('Http2Stream.discard drops the rest of a request, and stops it once the response has ended', () => {
  const server = createServer();
  server.receive(new Blocks().headers(1, POST, OPEN));
  const [call] = server.streams;
  call!.stream!.respond(respond, false);
  call!.stream!.discard();
  server.receive(frame(DATA, 0, 1, text(1000)));
  assert.equal(call!.content, '');
  call!.stream!.write(text(3));
  call!.stream!.end(null);
  const sent = server.take().map(({ type, flags }) => [type, flags & END_STREAM]);
  assert.deepEqual(sent, [
    [HEADERS, 0],
    [DATA, 1],
    [RST_STREAM, 0],
  ]);
  assert.equal(server.sent.at(-1)!.payload.readUInt32BE(0), NO_ERROR);
  assert.equal(call!.failure, null);
});

test('Http2Connection drains: first it says that it will go, then which stream was the last (RFC 9113 §6.8)', () => {
  const server = createServer();
  const blocks = new Blocks();
  server.receive(blocks.headers(1, GET));
  server.connection.drain();
  const [warning, ping] = server.take();
  assert.deepEqual([warning!.type, warning!.payload.readUInt32BE(0)], [GOAWAY, 0x7fffffff]);
  server.receive(blocks.headers(3, GET)); // was under way
  server.receive(frame(PING, ACK, 0, ping!.payload));
  const [last] = server.take();
  assert.deepEqual([last!.type, last!.payload.readUInt32BE(0)], [GOAWAY, 3]);
  server.receive(blocks.headers(5, [...GET, 'x-seen', 'by the table']));
  assert.equal(server.streams.length, 2, 'what comes later is ignored');
  assert.equal(server.connection.drained, false);
  for (const { stream } of server.streams) stream!.respond(respond, true);
  assert.equal(server.connection.drained, true);
  assert.equal(server.failure, null);
});

test('Http2Stream sends informational heads before the final one, and nothing twice', () => {
  const server = createServer();
  server.receive(new Blocks().headers(1, POST, OPEN));
  const { stream } = server.streams[0]!;
  stream!.end(null); // nothing to end yet
  stream!.inform(new ResponseHead(100, fields(), 0));
  stream!.inform(new ResponseHead(101, fields(), 0));
  stream!.respond(respond, true);
  stream!.respond(respond, true);
  stream!.inform(new ResponseHead(103, fields(), 0));
  assert.equal(stream!.write(text(3)), true);
  stream!.end(null);
  assert.deepEqual(
    server.take().map(({ type, flags }) => [type, flags & END_STREAM]),
    [
      [HEADERS, 0],
      [HEADERS, 1],
    ],
  );
});
