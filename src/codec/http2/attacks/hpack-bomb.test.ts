import assert from 'node:assert/strict';
import { test } from 'node:test';
import { END_HEADERS, END_STREAM, HEADERS } from '../frame/frame-type.ts';
import { Blocks, frame, GET } from '../testing/frames.ts';
import { createServer } from '../testing/recording.ts';

// CVE-2016-6581 and kin: a large field is put into the table once, then named by one octet any number of times.

test('Http2Connection answers 431 to a block of few octets that stands for megabytes', () => {
  const server = createServer();
  const blocks = new Blocks();
  server.receive(blocks.headers(1, [...GET, 'user-agent', 'x'.repeat(3000)]));
  const bomb = Buffer.concat([
    blocks.encode(GET),
    Buffer.alloc(16000, blocks.encode(['user-agent', 'x'.repeat(3000)])),
  ]);
  assert.ok(bomb.length < 16384);
  server.receive(frame(HEADERS, END_HEADERS | END_STREAM, 3, bomb));
  assert.equal(server.streams.length, 1);
  assert.equal(server.refusals[0]!.code, 'fields_too_large');
  const [answer] = server.take();
  assert.equal(answer!.streamId, 3);
  assert.ok(answer!.payload.includes('431'));
  server.receive(blocks.headers(5, GET));
  assert.equal(server.streams.length, 2, 'the connection goes on');
});

test('Http2Connection answers 431 to any number of small fields, and of empty ones', () => {
  for (const field of ['\0\x01a\x01b', '\0\x01a\0']) {
    const server = createServer();
    const block = Buffer.concat([new Blocks().encode(GET), Buffer.from(field.repeat(101), 'latin1')]);
    server.receive(frame(HEADERS, END_HEADERS | END_STREAM, 1, block));
    assert.equal(server.refusals[0]!.code, 'fields_too_large');
  }
});

test('Http2Connection resets a stream with nameless fields, which some count as nothing (CVE-2019-9516)', () => {
  const server = createServer();
  const block = Buffer.concat([new Blocks().encode(GET), Buffer.alloc(3000)]);
  server.receive(frame(HEADERS, END_HEADERS | END_STREAM, 1, block));
  assert.deepEqual(server.resets(), { 1: 1 });
});
