import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseHead } from '#http/head.ts';
import { ENHANCE_YOUR_CALM } from '../error-code.ts';
import { DATA, END_HEADERS, PING, PRIORITY, RST_STREAM, WINDOW_UPDATE } from '../frame/frame-type.ts';
import { Blocks, fields, frame, GET, int32, POST, settings } from '../testing/frames.ts';
import { createServer } from '../testing/recording.ts';

// CVE-2019-9511 to -9518: frames that cost nothing to send and something to take.

const FLOODS: Record<string, Buffer> = {
  'PING (CVE-2019-9512)': frame(PING, 0, 0, '12345678'),
  'empty SETTINGS (CVE-2019-9515)': settings(),
  'PRIORITY (CVE-2019-9513)': frame(PRIORITY, 0, 3, Buffer.from('0000000000', 'hex')),
  'WINDOW_UPDATE (CVE-2019-9511)': frame(WINDOW_UPDATE, 0, 0, int32(1)),
  'empty DATA (CVE-2019-9518)': frame(DATA, 0, 1),
  'frames of unknown types': frame(0xee, 0, 0, 'x'),
};

for (const [name, octets] of Object.entries(FLOODS)) {
  test(`Http2Connection ends at ${name} without end`, () => {
    let nowMs = 0;
    const server = createServer({ nowMs: () => nowMs });
    server.receive(new Blocks().headers(1, POST, END_HEADERS));
    let sent = 0;
    for (; server.failure === null && sent < 10_000; sent++) {
      server.receive(octets);
      server.take(); // answers are read
    }
    assert.equal(server.goAwayCode(), ENHANCE_YOUR_CALM);
    assert.ok(sent > 1900 && sent < 2100, `${sent}`);
    nowMs++;
  });
}

test('Http2Connection takes as many WINDOW_UPDATE frames as the content that it sends makes sensible', () => {
  const server = createServer({ nowMs: () => 0, overheadBurst: 100 });
  const blocks = new Blocks();
  server.onOpened = ({ stream }) => {
    stream!.respond(new ResponseHead(200, fields(), 10), false);
    stream!.write(Buffer.from('0123456789'));
    stream!.end(null);
  };
  for (let id = 1; id < 2000; id += 2) {
    server.receive([
      blocks.headers(id, GET),
      frame(WINDOW_UPDATE, 0, id, int32(10)),
      frame(WINDOW_UPDATE, 0, 0, int32(10)),
    ]);
    server.take();
  }
  assert.equal(server.failure, null);
});

test('Http2Connection ends when its answers are not read', () => {
  for (const octets of [FLOODS['PING (CVE-2019-9512)']!, FLOODS['empty SETTINGS (CVE-2019-9515)']!]) {
    const server = createServer({ queuedControlFrames: 100 });
    for (let sent = 0; sent < 200; sent++) server.receive(octets);
    assert.equal(server.goAwayCode(), ENHANCE_YOUR_CALM);
  }
});

test('Http2Connection ends when its resets are not read (CVE-2019-9514)', () => {
  const server = createServer({ queuedControlFrames: 50, faultBurst: 1000 });
  const blocks = new Blocks();
  for (let id = 1; id < 1000 && server.failure === null; id += 2) server.receive(blocks.headers(id, ['bad', 'x']));
  assert.equal(server.goAwayCode(), ENHANCE_YOUR_CALM);
  assert.equal(server.sent.filter(({ type }) => type === RST_STREAM).length, 51);
});
