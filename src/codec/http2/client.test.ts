import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProxyError } from '#errors/proxy-error.ts';
import { RequestHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { CANCEL, INTERNAL_ERROR, NO_ERROR, PROTOCOL_ERROR, REFUSED_STREAM, STREAM_CLOSED } from './error-code.ts';
import { DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PUSH_PROMISE, RST_STREAM } from './frame/frame-type.ts';
import { Blocks, fields, frame, int32, settings } from './testing/frames.ts';
import { createClient } from './testing/recording.ts';

/* The client's half: what it makes of responses, and of a server that misbehaves. */

const get = (): RequestHead => new RequestHead('GET', '/', 'a.example', '/', '', fields(), 20);

function post(): RequestHead {
  const head = new RequestHead('POST', '/', 'a.example', '/', '', fields(), 20);
  head.bodyLength = UNKNOWN_LENGTH;
  return head;
}

const OPEN = END_HEADERS;
const OK = [':status', '200'];

test('Http2Connection tells informational heads, the head, content and trailers, in any pieces', () => {
  for (const size of [1, 3, 100, 10_000]) {
    const client = createClient();
    const call = client.request(get());
    const blocks = new Blocks();
    client.receive(
      [
        blocks.headers(1, [':status', '103', 'link', '</a>'], OPEN),
        blocks.headers(1, [...OK, 'content-length', '3', 'x', 'y'], OPEN),
        frame(DATA, 0, 1, 'abc'),
        blocks.headers(1, ['x-sum', '7', 'authorization', 'late']),
      ],
      [size],
    );
    assert.deepEqual(
      call.informationals.map(({ status, fields }) => [status, fields.entries]),
      [[103, ['link', '</a>']]],
    );
    assert.deepEqual([call.response!.status, call.response!.bodyLength, call.content], [200, 3, 'abc']);
    assert.deepEqual([call.trailers!.entries, call.complete], [['x-sum', '7'], true]);
    assert.equal(client.connection.openStreams, 0);
  }
});

test('Http2Connection tells how long content is where there is none', () => {
  const head = (method: string, lines: string[], flags: number) => {
    const client = createClient();
    const call = client.request(new RequestHead(method, '/', 'a', '/', '', fields(), 20));
    client.receive(new Blocks().headers(1, lines, flags));
    return [call.response?.bodyLength, call.response?.declaredLength, call.complete, client.resets()[1]];
  };
  assert.deepEqual(head('GET', OK, OPEN | END_STREAM), [0, -1, true, undefined]);
  assert.deepEqual(head('GET', OK, OPEN), [UNKNOWN_LENGTH, -1, false, undefined]);
  assert.deepEqual(head('HEAD', [...OK, 'content-length', '9'], OPEN | END_STREAM), [0, 9, true, undefined]);
  assert.deepEqual(head('GET', [':status', '304', 'content-length', '9'], OPEN | END_STREAM), [0, 9, true, undefined]);
  assert.deepEqual(head('GET', [...OK, 'content-length', '9'], OPEN | END_STREAM), [undefined, undefined, false, 1]);
});

describe('a malformed response resets its stream (RFC 9113 §8.1.1)', () => {
  const broken: Record<string, (blocks: Blocks) => Buffer[]> = {
    'no status': (blocks) => [blocks.headers(1, ['x', 'y'])],
    'two statuses': (blocks) => [blocks.headers(1, [...OK, ...OK])],
    'a pseudo-header field of requests': (blocks) => [blocks.headers(1, [...OK, ':path', '/'])],
    'a status of two digits': (blocks) => [blocks.headers(1, [':status', '20'])],
    'a status below 100': (blocks) => [blocks.headers(1, [':status', '099'])],
    '101': (blocks) => [blocks.headers(1, [':status', '101'], OPEN)],
    'an informational end': (blocks) => [blocks.headers(1, [':status', '103'])],
    'content before the head': () => [frame(DATA, 0, 1, 'x')],
    'content behind HEAD or 204': (blocks) => [blocks.headers(1, [':status', '204'], OPEN), frame(DATA, 0, 1, 'x')],
    'too much content': (blocks) => [blocks.headers(1, [...OK, 'content-length', '1'], OPEN), frame(DATA, 0, 1, 'xy')],
    'too little content': (blocks) => [
      blocks.headers(1, [...OK, 'content-length', '3'], OPEN),
      frame(DATA, END_STREAM, 1, 'xy'),
    ],
    'connection fields': (blocks) => [blocks.headers(1, [...OK, 'connection', 'close'])],
  };
  for (const [name, octets] of Object.entries(broken)) {
    test(`Http2Connection refuses ${name}`, () => {
      const client = createClient();
      const call = client.request(get());
      client.receive(octets(new Blocks()));
      assert.deepEqual(client.resets(), { 1: PROTOCOL_ERROR });
      assert.deepEqual([call.failure?.code, call.failure?.scope], ['upstream_protocol_error', 'stream']);
      assert.equal(client.failure, null);
    });
  }
});

test('Http2Connection ends at a server that pushes, opens streams or answers what was not asked', () => {
  const wrong = [
    (blocks: Blocks) => frame(PUSH_PROMISE, END_HEADERS, 1, Buffer.concat([int32(2), blocks.encode(OK)])),
    (blocks: Blocks) => blocks.headers(2, OK),
    (blocks: Blocks) => blocks.headers(3, OK),
    () => frame(DATA, 0, 3, 'x'),
  ];
  for (const octets of wrong) {
    const client = createClient();
    const call = client.request(get());
    client.receive(octets(new Blocks()));
    assert.equal(client.goAwayCode(), PROTOCOL_ERROR);
    assert.deepEqual([call.failure?.code, call.failure?.scope], ['upstream_protocol_error', 'connection']);
  }
});

test('Http2Connection tells from the code of a reset whether the request may be sent again (RFC 9113 §8.7)', () => {
  const retryOf = (code: number) => {
    const client = createClient();
    const call = client.request(get());
    client.receive(frame(RST_STREAM, 0, 1, int32(code)));
    return [call.failure!.code, call.failure!.retry];
  };
  assert.deepEqual(retryOf(REFUSED_STREAM), ['upstream_reset', 'always']);
  for (const code of [CANCEL, INTERNAL_ERROR, NO_ERROR]) assert.deepEqual(retryOf(code), ['upstream_reset', 'never']);
});

test('Http2Connection takes a reset behind a complete response for no failure (RFC 9113 §8.1)', () => {
  const client = createClient();
  const call = client.request(post(), false);
  client.receive([new Blocks().headers(1, [...OK]), frame(RST_STREAM, 0, 1, int32(NO_ERROR))]);
  assert.deepEqual([call.complete, call.failure], [true, null]);
  assert.equal(call.stream!.write(Buffer.from('late')), true);
  call.stream!.end(null);
  assert.equal(client.take().filter(({ type }) => type === DATA).length, 0);
  assert.equal(client.connection.openStreams, 0);
});

test('Http2Connection fails streams beyond the last of GOAWAY, and opens none any more (RFC 9113 §6.8)', () => {
  const client = createClient();
  const [first, second] = [client.request(get()), client.request(get())];
  client.receive(frame(GOAWAY, 0, 0, int32(0x7fffffff, NO_ERROR)));
  assert.equal(client.request(get()).stream, null);
  client.receive(frame(GOAWAY, 0, 0, int32(1, NO_ERROR)));
  assert.deepEqual([first.failure, second.failure!.retry], [null, 'always']);
  assert.equal(client.connection.drained, false);
  client.receive(new Blocks().headers(1, OK));
  assert.deepEqual([first.complete, client.connection.drained], [true, true]);
  assert.deepEqual(
    client.goAways.map(({ lastStreamId }) => lastStreamId),
    [0x7fffffff, 1],
  );
});

test('Http2Connection opens no more streams than the server allows', () => {
  const client = createClient({}, 3, 2);
  const first = client.request(get());
  client.request(get());
  assert.deepEqual([client.connection.availableStreams, client.request(get()).stream], [0, null]);
  client.receive(new Blocks().headers(1, OK));
  assert.equal(first.complete, true);
  assert.equal(client.connection.availableStreams, 1);
});

test('Http2Connection asks for a protocol only where that was offered (RFC 8441)', () => {
  const head = get();
  head.upgrade = 'websocket';
  assert.equal(createClient().request(head, false).stream, null);
  const client = createClient({}, 8, 1);
  const call = client.request(head, false);
  const blocks = new Blocks();
  client.receive([blocks.headers(1, OK, OPEN), frame(DATA, END_STREAM, 1, 'octets')]);
  assert.deepEqual([call.response!.status, call.response!.upgrade, call.content], [101, 'websocket', 'octets']);
});

test('Http2Connection fails all streams when the connection is lost', () => {
  const client = createClient();
  const call = client.request(get());
  const lost = new ProxyError('upstream_reset', 'upstream', 'connection', { retry: 'idempotent' });
  client.connection.connectionLost(lost);
  assert.equal(call.failure, lost);
  assert.deepEqual([client.connection.takeOutput(), client.connection.availableStreams], [null, 0]);
});

test('Http2Stream resets with the code that fits the error', () => {
  const codeOf = (error: ProxyError) => {
    const client = createClient();
    const call = client.request(get());
    client.take();
    call.stream!.abort(error);
    assert.equal(call.failure, null);
    return client.resets()[1];
  };
  assert.equal(codeOf(new ProxyError('downstream_closed', 'downstream', 'stream')), CANCEL);
  assert.equal(codeOf(new ProxyError('upstream_timeout', 'upstream', 'stream')), CANCEL);
  assert.equal(codeOf(new ProxyError('internal', 'local', 'stream')), INTERNAL_ERROR);
});

test('Http2Connection resets a stream at frames behind its end, though the response was complete', () => {
  const client = createClient();
  const call = client.request(post(), false);
  client.receive([new Blocks().headers(1, OK), frame(DATA, 0, 1, 'x')]);
  assert.deepEqual([client.resets(), call.failure], [{ 1: STREAM_CLOSED }, null]);
});

test('Http2Connection sends each head as one frame, and cuts long ones (RFC 9113 §6.10)', () => {
  const client = createClient();
  const long = new RequestHead('GET', '/', 'a', '/', '', fields('x-long', 'y'.repeat(40_000)), 20);
  client.request(long);
  client.request(get());
  assert.deepEqual(
    client.take().map(({ type, flags, payload }) => [type, flags, payload.length <= 16384]),
    [
      [HEADERS, END_STREAM, true],
      [9, 0, true],
      [9, END_HEADERS, true],
      [HEADERS, END_STREAM | END_HEADERS, true],
    ],
  );
});

test('Http2Connection says which octets of its own settings it waits for', () => {
  const client = createClient();
  client.connection.ping();
  const [ping] = client.take();
  client.receive([frame(6, 1, 0, ping!.payload), settings()]);
  assert.equal(client.pings, 1);
});
