import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  COMPRESSION_ERROR,
  FLOW_CONTROL_ERROR,
  FRAME_SIZE_ERROR,
  NO_ERROR,
  PROTOCOL_ERROR,
  REFUSED_STREAM,
  STREAM_CLOSED,
} from './error-code.ts';
import {
  ACK,
  CONTINUATION,
  DATA,
  END_HEADERS,
  END_STREAM,
  GOAWAY,
  HEADERS,
  PADDED,
  PING,
  PREFACE,
  PRIORITY,
  PRIORITY_FLAG,
  PUSH_PROMISE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frame/frame-type.ts';
import { ResponseHead } from '#http/head.ts';
import { Blocks, fields, frame, GET, int32, POST, settings } from './testing/frames.ts';
import { createServer, Recording, type StreamRecording } from './testing/recording.ts';

/* What a server must do, by the sections of RFC 9113 (and in the order of the cases that h2spec knows). */

/** Expects the connection to end with that code, at once and octet by octet alike. */
function endsWith(code: number, octets: (blocks: Blocks) => Buffer[], clientSettings: number[] = []): void {
  for (const sizes of [[], [1], [10]]) {
    const server = createServer({}, ...clientSettings);
    server.onOpened = answer;
    server.receive(octets(new Blocks()), sizes);
    assert.equal(server.goAwayCode(), code);
    assert.notEqual(server.failure, null);
    assert.equal(server.connection.openStreams, 0);
  }
}

/** Expects stream 1 to be reset with that code, and the connection to go on. */
function resets(code: number, octets: (blocks: Blocks) => Buffer[], onOpened: typeof answer | null = null): void {
  for (const sizes of [[], [1], [10]]) {
    const server = createServer();
    server.onOpened = onOpened;
    const blocks = new Blocks();
    server.receive(octets(blocks), sizes);
    assert.equal(server.resets()[1], code);
    assert.equal(server.failure, null);
    server.receive(blocks.headers(101, GET), sizes);
    assert.equal(server.streams.at(-1)!.request?.path, '/', 'the connection goes on');
  }
}

/** Expects all to be well: the last request is complete. */
function accepts(octets: (blocks: Blocks) => Buffer[]): void {
  for (const sizes of [[], [1], [10]]) {
    const server = createServer();
    server.onOpened = answer;
    server.receive(octets(new Blocks()), sizes);
    assert.equal(server.goAwayCode(), null);
    assert.equal(server.streams.at(-1)?.complete, true);
  }
}

function answer({ stream }: StreamRecording): void {
  stream!.respond(new ResponseHead(200, fields(), 0), true);
}

const text = (length: number): Buffer => Buffer.alloc(length, 'x');
const OPEN = END_HEADERS;
const WHOLE = END_HEADERS | END_STREAM;

describe('3.4 connection preface', () => {
  test('Http2Connection takes a preface in any pieces', () => {
    for (const size of [1, 5, 24, 100]) {
      const server = new Recording('server');
      server.receive([PREFACE, settings(), new Blocks().headers(1, GET)], [size]);
      assert.equal(server.streams.length, 1);
    }
  });
  test('Http2Connection refuses another preface', () => {
    const server = new Recording('server');
    server.receive(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    assert.equal(server.goAwayCode(), PROTOCOL_ERROR);
  });
  test('Http2Connection refuses a first frame other than SETTINGS', () => {
    for (const first of [frame(PING, 0, 0, text(8)), frame(SETTINGS, ACK, 0), frame(DATA, 0, 1, 'x')]) {
      const server = new Recording('server');
      server.receive([PREFACE, first]);
      assert.equal(server.goAwayCode(), PROTOCOL_ERROR);
    }
  });
  test('Http2Connection introduces itself with SETTINGS, which it does not wait to be asked for', () => {
    assert.equal(new Recording('server').take()[0]!.type, SETTINGS);
    assert.deepEqual(new Recording('client').takeOctets().subarray(0, PREFACE.length), PREFACE);
  });
});

describe('4 frames', () => {
  test('Http2Connection ignores unknown types, flags and the reserved bit (4.1)', () => {
    accepts((blocks) => [
      frame(0x16, 0xff, 0, text(8)),
      frame(0xff, 0, 77, text(8)),
      frame(PING, 0x16, 0x80000000, text(8)),
      blocks.headers(1, GET, WHOLE | 0x40),
    ]);
  });
  test('Http2Connection takes frames of 2^14 octets and none larger (4.2)', () => {
    accepts((blocks) => [blocks.headers(1, POST, OPEN), frame(DATA, END_STREAM, 1, text(16384))]);
    endsWith(FRAME_SIZE_ERROR, (blocks) => [blocks.headers(1, POST, OPEN), frame(DATA, 0, 1, text(16385))]);
    endsWith(FRAME_SIZE_ERROR, () => [frame(HEADERS, WHOLE, 1, text(16385))]);
  });
  test('Http2Connection ends where a block cannot be decoded (4.3)', () => {
    endsWith(COMPRESSION_ERROR, () => [frame(HEADERS, WHOLE, 1, Buffer.from([0x40, 0x01, 0x40]))]);
  });
  test('Http2Connection refuses frames between those of a block (4.3)', () => {
    const begin = (blocks: Blocks) => frame(HEADERS, 0, 1, blocks.encode(GET));
    endsWith(PROTOCOL_ERROR, (blocks) => [begin(blocks), frame(PRIORITY, 0, 1, text(5))]);
    endsWith(PROTOCOL_ERROR, (blocks) => [begin(blocks), blocks.headers(3, GET)]);
    endsWith(PROTOCOL_ERROR, (blocks) => [begin(blocks), frame(DATA, 0, 1, 'x')]);
    endsWith(PROTOCOL_ERROR, (blocks) => [begin(blocks), frame(0x16, 0, 0, 'x')]);
  });
});

describe('5.1 stream states', () => {
  test('Http2Connection refuses frames on idle streams but HEADERS and PRIORITY', () => {
    endsWith(PROTOCOL_ERROR, () => [frame(DATA, END_STREAM, 1, 'x')]);
    endsWith(PROTOCOL_ERROR, () => [frame(RST_STREAM, 0, 1, int32(8))]);
    endsWith(PROTOCOL_ERROR, () => [frame(WINDOW_UPDATE, 0, 1, int32(100))]);
    endsWith(PROTOCOL_ERROR, () => [frame(CONTINUATION, END_HEADERS, 1, 'x')]);
    accepts((blocks) => [frame(PRIORITY, 0, 1, Buffer.concat([int32(0), text(1)])), blocks.headers(1, GET)]);
  });
  test('Http2Connection resets a half-closed (remote) stream at DATA and HEADERS', () => {
    resets(STREAM_CLOSED, (blocks) => [blocks.headers(1, GET), frame(DATA, END_STREAM, 1, 'x')]);
    resets(STREAM_CLOSED, (blocks) => [blocks.headers(1, GET), blocks.headers(1, GET)]);
    endsWith(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, GET), frame(CONTINUATION, END_HEADERS, 1, 'x')]);
  });
  test('Http2Connection ends at HEADERS on a stream that both had ended, and resets at DATA', () => {
    endsWith(STREAM_CLOSED, (blocks) => [blocks.headers(1, GET), blocks.headers(1, GET)]);
    resets(STREAM_CLOSED, (blocks) => [blocks.headers(1, GET), frame(DATA, END_STREAM, 1, 'x')], answer);
  });
  test('Http2Connection does the same behind the peer’s RST_STREAM', () => {
    const reset = frame(RST_STREAM, 0, 1, int32(8));
    resets(STREAM_CLOSED, (blocks) => [blocks.headers(1, POST, OPEN), reset, frame(DATA, 0, 1, 'x')]);
    endsWith(STREAM_CLOSED, (blocks) => [blocks.headers(1, POST, OPEN), reset, blocks.headers(1, GET)]);
  });
  test('Http2Connection ignores what was under way to a stream that it has reset', () => {
    const server = createServer();
    server.onOpened = ({ stream }) => stream!.reset(8);
    const blocks = new Blocks();
    const late = [frame(DATA, 0, 1, 'x'), blocks.headers(1, ['x-late', 'y']), frame(RST_STREAM, 0, 1, int32(8))];
    server.receive([blocks.headers(1, POST, OPEN), ...late, frame(WINDOW_UPDATE, 0, 1, int32(1))]);
    assert.deepEqual(server.resets(), { 1: 8 });
    assert.equal(server.failure, null);
    server.receive(blocks.headers(3, [...GET, 'x-late', 'y']));
    assert.equal(server.streams[1]!.request!.fields.get('x-late'), 'y', 'the late block was decoded');
  });
  test('Http2Connection refuses even identifiers and those that do not grow (5.1.1)', () => {
    endsWith(PROTOCOL_ERROR, (blocks) => [blocks.headers(2, GET)]);
    endsWith(PROTOCOL_ERROR, (blocks) => [blocks.headers(5, GET), blocks.headers(3, GET)]);
  });
  test('Http2Connection refuses streams over the limit (5.1.2)', () => {
    const server = createServer({ concurrentStreams: 2 });
    const blocks = new Blocks();
    server.receive([1, 3, 5].map((id) => blocks.headers(id, GET)));
    assert.deepEqual(server.resets(), { 5: REFUSED_STREAM });
    server.streams[0]!.stream!.respond(new ResponseHead(204, fields(), 0), true);
    server.receive(blocks.headers(7, GET));
    assert.equal(server.streams.length, 3);
  });
});

describe('6.1 DATA', () => {
  test('Http2Connection refuses DATA on stream 0', () => endsWith(PROTOCOL_ERROR, () => [frame(DATA, 0, 0, 'x')]));
  test('Http2Connection strips padding, and refuses what is longer than its frame', () => {
    const open = (blocks: Blocks) => blocks.headers(1, POST, OPEN);
    accepts((blocks) => [open(blocks), frame(DATA, END_STREAM | PADDED, 1, '\x03abc\0\0\0')]);
    accepts((blocks) => [
      open(blocks),
      frame(DATA, PADDED, 1, '\x00'),
      frame(DATA, END_STREAM | PADDED, 1, '\x02\0\0'),
    ]);
    endsWith(PROTOCOL_ERROR, (blocks) => [open(blocks), frame(DATA, END_STREAM | PADDED, 1, '\x04abc')]);
    endsWith(FRAME_SIZE_ERROR, (blocks) => [open(blocks), frame(DATA, END_STREAM | PADDED, 1)]);
    const server = createServer();
    server.receive([open(new Blocks()), frame(DATA, END_STREAM | PADDED, 1, '\x03abc\0\0\0')], [1]);
    assert.equal(server.streams[0]!.content, 'abc');
  });
});

describe('6.2 HEADERS', () => {
  test('Http2Connection refuses HEADERS on stream 0', () =>
    endsWith(PROTOCOL_ERROR, (blocks) => [blocks.headers(0, GET)]));
  test('Http2Connection strips padding and priority', () => {
    const padded = (blocks: Blocks, padding: number) =>
      Buffer.concat([Buffer.from([padding]), int32(0x80000003), text(1), blocks.encode(GET), Buffer.alloc(4)]);
    accepts((blocks) => [frame(HEADERS, WHOLE | PADDED | PRIORITY_FLAG, 1, padded(blocks, 4))]);
    endsWith(PROTOCOL_ERROR, (blocks) => [frame(HEADERS, WHOLE | PADDED | PRIORITY_FLAG, 1, padded(blocks, 200))]);
    endsWith(FRAME_SIZE_ERROR, () => [frame(HEADERS, WHOLE | PRIORITY_FLAG, 1, 'xxxx')]);
    endsWith(FRAME_SIZE_ERROR, () => [frame(HEADERS, WHOLE | PADDED, 1)]);
  });
  test('Http2Connection refuses a stream that depends on itself', () => {
    const itself = (blocks: Blocks) => Buffer.concat([int32(1), text(1), blocks.encode(GET)]);
    endsWith(PROTOCOL_ERROR, (blocks) => [frame(HEADERS, WHOLE | PRIORITY_FLAG, 1, itself(blocks))]);
    endsWith(PROTOCOL_ERROR, () => [frame(PRIORITY, 0, 1, Buffer.concat([int32(1), text(1)]))]);
  });
});

describe('6.3 to 6.8, frames of fixed forms', () => {
  test('Http2Connection checks PRIORITY (6.3)', () => {
    endsWith(PROTOCOL_ERROR, () => [frame(PRIORITY, 0, 0, text(5))]);
    endsWith(FRAME_SIZE_ERROR, () => [frame(PRIORITY, 0, 1, text(4))]);
  });
  test('Http2Connection checks RST_STREAM (6.4)', () => {
    endsWith(PROTOCOL_ERROR, () => [frame(RST_STREAM, 0, 0, int32(8))]);
    endsWith(FRAME_SIZE_ERROR, (blocks) => [blocks.headers(1, POST, OPEN), frame(RST_STREAM, 0, 1, text(3))]);
  });
  test('Http2Connection checks SETTINGS (6.5)', () => {
    endsWith(FRAME_SIZE_ERROR, () => [frame(SETTINGS, ACK, 0, settings(1, 1).subarray(9))]);
    endsWith(PROTOCOL_ERROR, () => [frame(SETTINGS, 0, 1)]);
    endsWith(FRAME_SIZE_ERROR, () => [frame(SETTINGS, 0, 0, text(3))]);
  });
  test('Http2Connection checks the values of settings, and ignores unknown ones (6.5.2)', () => {
    endsWith(PROTOCOL_ERROR, () => [settings(2, 2)]);
    endsWith(FLOW_CONTROL_ERROR, () => [settings(4, 0x80000000)]);
    endsWith(PROTOCOL_ERROR, () => [settings(5, 16383)]);
    endsWith(PROTOCOL_ERROR, () => [settings(5, 0x1000000)]);
    endsWith(PROTOCOL_ERROR, () => [settings(8, 2)]);
    endsWith(PROTOCOL_ERROR, () => [settings(8, 1), settings(8, 0)]);
    accepts((blocks) => [settings(0xff, 0xffffffff, 5, 0xffffff, 6, 0), blocks.headers(1, GET)]);
  });
  test('Http2Connection acknowledges SETTINGS once each (6.5.3)', () => {
    const server = createServer();
    server.receive([settings(), settings(3, 7)]);
    const acks = server.take().filter(({ type, flags }) => type === SETTINGS && flags === ACK);
    assert.equal(acks.length, 2);
    assert.equal(server.settingsCount, 3);
  });
  test('Http2Connection refuses PUSH_PROMISE of a client (6.6)', () => {
    endsWith(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, GET), frame(PUSH_PROMISE, END_HEADERS, 1, int32(2))]);
  });
  test('Http2Connection checks PING, and answers it with the same octets (6.7)', () => {
    endsWith(PROTOCOL_ERROR, () => [frame(PING, 0, 1, text(8))]);
    endsWith(FRAME_SIZE_ERROR, () => [frame(PING, 0, 0, text(6))]);
    const server = createServer();
    server.receive([frame(PING, 0, 0, '12345678'), frame(PING, ACK, 0, 'whatever')]);
    assert.deepEqual(
      server.take().map(({ type, flags, payload }) => [type, flags, payload.toString()]),
      [[PING, ACK, '12345678']],
    );
  });
  test('Http2Connection checks GOAWAY, and goes on serving (6.8)', () => {
    endsWith(PROTOCOL_ERROR, () => [frame(GOAWAY, 0, 1, int32(0, 0))]);
    endsWith(FRAME_SIZE_ERROR, () => [frame(GOAWAY, 0, 0, text(7))]);
    endsWith(PROTOCOL_ERROR, () => [frame(GOAWAY, 0, 0, int32(0, 0)), frame(GOAWAY, 0, 0, int32(2, 0))]);
    accepts((blocks) => [frame(GOAWAY, 0, 0, int32(0, NO_ERROR)), blocks.headers(1, GET)]);
  });
});

describe('6.9 WINDOW_UPDATE', () => {
  test('Http2Connection checks increments', () => {
    endsWith(PROTOCOL_ERROR, () => [frame(WINDOW_UPDATE, 0, 0, int32(0))]);
    endsWith(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, POST, OPEN), frame(WINDOW_UPDATE, 0, 1, int32(0))]);
    endsWith(FRAME_SIZE_ERROR, () => [frame(WINDOW_UPDATE, 0, 0, text(3))]);
  });
  test('Http2Connection refuses windows above 2^31-1 (6.9.1)', () => {
    endsWith(FLOW_CONTROL_ERROR, () => [frame(WINDOW_UPDATE, 0, 0, int32(0x7fffffff))]);
    endsWith(FLOW_CONTROL_ERROR, (blocks) => [
      blocks.headers(1, POST, OPEN),
      frame(WINDOW_UPDATE, 0, 1, int32(0x7fffffff)),
    ]);
    const grow = (blocks: Blocks) => [blocks.headers(1, POST, OPEN), frame(WINDOW_UPDATE, 0, 1, int32(0x7fff0000))];
    const server = createServer();
    server.receive([...grow(new Blocks()), settings(4, 0x7fffffff)]);
    assert.equal(server.goAwayCode(), FLOW_CONTROL_ERROR);
  });
  test('Http2Connection sends no more than the windows allow, then goes on (6.9.1, 6.9.2)', () => {
    const server = createServer({}, 4, 1);
    server.receive(new Blocks().headers(1, GET));
    const { stream } = server.streams[0]!;
    stream!.respond(new ResponseHead(200, fields(), 5), false);
    assert.equal(stream!.write(Buffer.from('hello')), false);
    stream!.end(null);
    const data = () => server.take().filter(({ type }) => type === DATA);
    assert.deepEqual(
      data().map(({ payload }) => payload.toString()),
      ['h'],
    );
    server.receive(settings(4, 3));
    assert.deepEqual(
      data().map(({ payload }) => payload.toString()),
      ['el'],
    );
    server.receive(settings(4, 0)); // now the window is negative
    server.receive(frame(WINDOW_UPDATE, 0, 1, int32(4)));
    assert.deepEqual(
      data().map(({ payload, flags }) => [payload.toString(), flags]),
      [['l', 0]],
    );
    server.receive(frame(WINDOW_UPDATE, 0, 1, int32(9)));
    assert.deepEqual(
      data().map(({ payload, flags }) => [payload.toString(), flags]),
      [['o', END_STREAM]],
    );
  });
  test('Http2Connection ends where the peer sends more than its windows (6.9.1)', () => {
    const server = createServer({ streamWindowBytes: 65535 });
    server.onOpened = (recording) => void (recording.wantsMore = false);
    const blocks = new Blocks();
    server.receive([blocks.headers(1, POST, OPEN), ...Array.from({ length: 4 }, () => frame(DATA, 0, 1, text(16384)))]);
    assert.equal(server.goAwayCode(), FLOW_CONTROL_ERROR);
  });
});

describe('6.10 CONTINUATION', () => {
  test('Http2Connection puts blocks together', () => {
    accepts((blocks) => {
      const block = blocks.encode(GET);
      const last = block.subarray(4);
      return [
        frame(HEADERS, END_STREAM, 1, block.subarray(0, 3)),
        frame(CONTINUATION, 0, 1, block.subarray(3, 4)),
        frame(CONTINUATION, 0, 1),
        frame(CONTINUATION, END_HEADERS, 1, last),
      ];
    });
  });
  test('Http2Connection refuses those that continue nothing', () => {
    const begin = (blocks: Blocks) => frame(HEADERS, END_STREAM, 1, blocks.encode(GET));
    endsWith(PROTOCOL_ERROR, (blocks) => [begin(blocks), frame(CONTINUATION, END_HEADERS, 0, 'x')]);
    endsWith(PROTOCOL_ERROR, (blocks) => [begin(blocks), frame(CONTINUATION, END_HEADERS, 3, 'x')]);
    endsWith(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, GET), frame(CONTINUATION, END_HEADERS, 1, 'x')]);
  });
});

describe('8.1 messages', () => {
  test('Http2Connection reads trailers, and refuses a second head without END_STREAM', () => {
    const server = createServer();
    const blocks = new Blocks();
    server.receive([blocks.headers(1, POST, OPEN), frame(DATA, 0, 1, 'abc'), blocks.headers(1, ['x-sum', '1'])], [1]);
    assert.equal(server.streams[0]!.trailers?.get('x-sum'), '1');
    resets(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, POST, OPEN), blocks.headers(1, ['x-sum', '1'], OPEN)]);
    resets(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, POST, OPEN), blocks.headers(1, [':method', 'GET'])]);
    resets(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, POST, OPEN), blocks.headers(1, ['content-length', '9'])]);
  });
  test('Http2Connection compares content-length with the content (8.1.1)', () => {
    const sized = (blocks: Blocks, length: string) => blocks.headers(1, [...POST, 'content-length', length], OPEN);
    accepts((blocks) => [sized(blocks, '4'), frame(DATA, 0, 1, 'ab'), frame(DATA, END_STREAM, 1, 'cd')]);
    resets(PROTOCOL_ERROR, (blocks) => [sized(blocks, '1'), frame(DATA, END_STREAM, 1, 'test')]);
    resets(PROTOCOL_ERROR, (blocks) => [sized(blocks, '1'), frame(DATA, 0, 1, 'te'), frame(DATA, END_STREAM, 1, 'st')]);
    resets(PROTOCOL_ERROR, (blocks) => [sized(blocks, '9'), frame(DATA, END_STREAM, 1, 'test')]);
    resets(PROTOCOL_ERROR, (blocks) => [sized(blocks, '9'), frame(DATA, 0, 1, 'x'), blocks.headers(1, ['x', 'y'])]);
    resets(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, [...GET, 'content-length', '4'])]);
    for (const length of ['', '+1', '01', '1 ', '1,1', 'x']) {
      resets(PROTOCOL_ERROR, (blocks) => [sized(blocks, length), frame(DATA, END_STREAM, 1, 'x')]);
    }
    resets(PROTOCOL_ERROR, (blocks) => [
      blocks.headers(1, [...POST, 'content-length', '1', 'content-length', '1'], OPEN),
      frame(DATA, END_STREAM, 1, 'x'),
    ]);
  });
});

describe('8.2 fields', () => {
  const bad = (...lines: string[]) => resets(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, [...GET, ...lines])]);
  test('Http2Connection refuses octets that no name or value may hold (8.2.1)', () => {
    for (const name of ['X-Upper', '', 'a b', 'a:b', 'é', 'a\0', ':unknown']) bad(name, 'x');
    for (const value of ['a\nb', 'a\rb', 'a\0b', ' a', 'a ', '\ta']) bad('x-value', value);
  });
  test('Http2Connection remembers that a field in the table is invalid', () => {
    const server = createServer();
    const blocks = new Blocks();
    const lines = [...GET, 'x-value', 'a\nb'];
    server.receive([1, 3, 5, 7].map((id) => blocks.headers(id, lines)));
    assert.deepEqual(server.resets(), { 1: 1, 3: 1, 5: 1, 7: 1 });
    server.receive(blocks.headers(9, [...GET, 'x-value', 'good']));
    assert.equal(server.streams[0]!.request!.fields.get('x-value'), 'good');
  });
  test('Http2Connection refuses fields of an HTTP/1.1 connection (8.2.2)', () => {
    for (const name of ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']) bad(name, 'x');
    bad('te', 'gzip');
    bad('te', 'trailers, deflate');
    accepts((blocks) => [blocks.headers(1, [...GET, 'te', 'trailers'])]);
  });
  test('Http2Connection joins the crumbs of a cookie (8.2.3)', () => {
    const server = createServer();
    server.receive(new Blocks().headers(1, [...GET, 'cookie', 'a=1', 'x', 'y', 'cookie', 'b=2', 'cookie', 'c=3']));
    assert.deepEqual(server.streams[0]!.request!.fields.entries, ['cookie', 'a=1; b=2; c=3', 'x', 'y']);
  });
});

describe('8.3 pseudo-header fields', () => {
  const bad = (...lines: string[]) => resets(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, lines)]);
  const all = [':method', 'GET', ':scheme', 'http', ':path', '/', ':authority', 'a'];
  test('Http2Connection refuses unknown, misplaced, repeated and missing ones', () => {
    bad(...all, ':test', 'x');
    bad(...all, ':status', '200');
    bad('x', 'y', ...all);
    bad(...all.slice(0, 6), 'x', 'y', ':authority', 'a');
    for (let i = 0; i < 8; i += 2) bad(...all, all[i]!, all[i + 1]!);
    for (let i = 0; i < 8; i += 2) bad(...all.toSpliced(i, 2));
  });
  test('Http2Connection refuses values of no valid form (8.3.1)', () => {
    const having = (name: string, value: string) => all.with(all.indexOf(name) + 1, value);
    for (const path of ['', '*', 'a', 'http://a/', '/a b', '/#f', '/é']) bad(...having(':path', path));
    for (const method of ['', 'G T', 'GET\n', 'x'.repeat(33)]) bad(...having(':method', method));
    for (const authority of ['', 'u@a', 'a:b', 'a/b', 'a b', 'a,b']) bad(...having(':authority', authority));
    for (const scheme of ['', 'ftp', 'HTTP']) bad(...having(':scheme', scheme));
    accepts((blocks) => [
      blocks.headers(1, [':method', 'OPTIONS', ':scheme', 'https', ':path', '*', ':authority', 'a']),
    ]);
  });
  test('Http2Connection takes the authority from host where there is no other, and none that differ', () => {
    const server = createServer();
    const blocks = new Blocks();
    const noAuthority = all.slice(0, 6);
    server.receive([
      blocks.headers(1, [...noAuthority, 'host', 'B.example:80']),
      blocks.headers(3, [...all, 'host', 'A']),
    ]);
    assert.deepEqual(
      server.streams.map(({ request }) => request!.authority),
      ['b.example:80', 'a'],
    );
    assert.deepEqual(server.streams[0]!.request!.fields.entries, []);
    bad(...all, 'host', 'b');
    bad(...noAuthority, 'host', 'a', 'host', 'a');
  });
});

describe('8.5 CONNECT', () => {
  test('Http2Connection opens tunnels', () => {
    const server = createServer();
    server.receive([
      new Blocks().headers(1, [':method', 'CONNECT', ':authority', 'db:5432'], OPEN),
      frame(DATA, END_STREAM, 1, 'octets'),
    ]);
    const [{ request, content, complete }] = server.streams as [StreamRecording];
    assert.deepEqual([request!.method, request!.authority, request!.path], ['CONNECT', 'db:5432', '']);
    assert.deepEqual([content, complete], ['octets', true]);
  });
  test('Http2Connection refuses CONNECT with what only other requests have, or without a port', () => {
    const bad = (...lines: string[]) => resets(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, lines, OPEN)]);
    bad(':method', 'CONNECT', ':authority', 'a:1', ':scheme', 'http');
    bad(':method', 'CONNECT', ':authority', 'a:1', ':path', '/');
    bad(':method', 'CONNECT', ':authority', 'a');
    bad(':method', 'CONNECT', 'host', 'a:1');
  });
  test('Http2Connection reads an extended CONNECT as the GET that it stands for (RFC 8441 §4)', () => {
    const lines = [
      ':method',
      'CONNECT',
      ':protocol',
      'websocket',
      ':scheme',
      'https',
      ':path',
      '/chat?x',
      ':authority',
      'a',
    ];
    const server = createServer();
    server.receive(new Blocks().headers(1, lines, OPEN));
    const request = server.streams[0]!.request!;
    assert.deepEqual(
      [request.method, request.upgrade, request.path, request.query],
      ['GET', 'websocket', '/chat', '?x'],
    );
    const without = createServer({ extendedConnect: false });
    without.receive(new Blocks().headers(1, lines, OPEN));
    assert.deepEqual(without.resets(), { 1: PROTOCOL_ERROR });
    resets(PROTOCOL_ERROR, (blocks) => [blocks.headers(1, [...GET, ':protocol', 'websocket'])]);
  });
});
