import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Http2Connection, type Http2Observer, type Http2Options } from '#codec/http2/connection.ts';
import type { Http2Stream, StreamObserver } from '#codec/http2/stream.ts';
import { Fields } from '#http/fields.ts';
import { ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import type { GrpcStatus } from './grpc-status.ts';
import { type GrpcObserver, GrpcStream, refuseCall } from './grpc-stream.ts';

/** What one end of a call was told. */
class Ear implements GrpcObserver {
  readonly messages: string[] = [];
  writables = 0;
  readonly ends: GrpcStatus[] = [];

  received(message: Uint8Array): void {
    this.messages.push(Buffer.from(message).toString('latin1'));
  }

  writable(): void {
    this.writables++;
  }

  ended(status: GrpcStatus): void {
    this.ends.push(status);
  }
}

const QUIET = { output() {}, goingAway() {}, settingsReceived() {}, pinged() {}, refused() {}, failed() {} };

/** Both ends of a call over HTTP/2. @param answer what the server does with the stream; by default it takes the call */
function createCall(answer?: (stream: Http2Stream) => void, limitBytes = 1000, options: Partial<Http2Options> = {}) {
  const server = { ear: new Ear(), call: null as GrpcStream | null };
  const client = { ear: new Ear(), call: null as GrpcStream | null, stream: null as Http2Stream | null };
  const accept = (stream: Http2Stream): StreamObserver => {
    if (answer === undefined) {
      return GrpcStream.accept(stream, limitBytes, (call) => {
        server.call = call;
        return server.ear;
      });
    }
    stream.observer = DEAF;
    answer(stream);
    return DEAF;
  };
  const observer: Http2Observer = { ...QUIET, opened: accept };
  const ends = [
    new Http2Connection('client', observer, options),
    new Http2Connection('server', observer, options),
  ] as const;
  /** Carries octets to and fro until nothing moves. */
  const exchange = (): void => {
    for (let moved = true; moved;) {
      moved = false;
      for (const [i, end] of ends.entries()) {
        const output = end.takeOutput();
        if (output === null) continue;
        const octets = Buffer.from(output);
        ends[1 - i]!.receive(octets, 0, octets.length);
        moved = true;
      }
    }
  };
  // To do on it what a client's call does not.
  const observed = {
    get availableStreams() {
      return ends[0].availableStreams;
    },
    request: (...args: Parameters<Http2Connection['request']>) => (client.stream = ends[0].request(...args)),
  } as unknown as Http2Connection;
  client.call = GrpcStream.call(observed, 'control', '/x.Y/Z', limitBytes, () => client.ear);
  exchange();
  return { client, server, exchange, connections: ends };
}

const DEAF: StreamObserver = { informational() {}, head() {}, body() {}, end() {}, failed() {}, writable() {} };
const text = (value: string): Buffer => Buffer.from(value, 'latin1');

test('GrpcStream carries messages both ways, in parts or whole', () => {
  const { client, server, exchange } = createCall();
  client.call!.send([text('a')]);
  client.call!.send([text('b'), text(''), text('c')]);
  server.call!.send([]);
  server.call!.send([text('d')]);
  exchange();
  assert.deepEqual(server.ear.messages, ['a', 'bc']);
  assert.deepEqual(client.ear.messages, ['', 'd']);
});

test('GrpcStream tells a client how a server ends the call, and both ends no more', () => {
  const { client, server, exchange, connections } = createCall();
  server.call!.send([text('last')]);
  server.call!.close({ code: 7, message: 'not of this mesh: ü' });
  exchange();
  assert.deepEqual(client.ear.messages, ['last']);
  assert.deepEqual(client.ear.ends, [{ code: 7, message: 'not of this mesh: ü' }]);
  assert.deepEqual(server.ear.ends, []);
  assert.deepEqual(
    connections.map(({ idle }) => idle),
    [true, true],
  );
  client.call!.send([text('late')]);
  client.call!.close({ code: 1, message: '' });
  exchange();
  assert.deepEqual(server.ear.messages, []);
});

test('GrpcStream tells a server that a client has cancelled, or gone', () => {
  const cancelled = createCall();
  cancelled.client.call!.close({ code: 1, message: '' });
  cancelled.exchange();
  assert.deepEqual(cancelled.server.ear.ends, [{ code: 1, message: 'reset by the peer: CANCEL' }]);
  assert.deepEqual(cancelled.client.ear.ends, []);
});

test('GrpcStream says of answers that are not of gRPC what they are', () => {
  const answers: [string, (stream: Http2Stream) => void, GrpcStatus][] = [
    [
      'a proxy in between that has no backend',
      (stream) =>
        stream.respond(new ResponseHead(503, new Fields(['content-type', 'text/html']), UNKNOWN_LENGTH), false),
      { code: 14, message: 'no gRPC answer: HTTP status 503' },
    ],
    [
      'a server of another protocol',
      (stream) =>
        stream.respond(new ResponseHead(200, new Fields(['content-type', 'text/html']), UNKNOWN_LENGTH), false),
      { code: 2, message: 'no gRPC answer: HTTP status 200' },
    ],
    [
      'nothing but a status of HTTP',
      (stream) => stream.respond(new ResponseHead(404, new Fields(), 0), true),
      { code: 12, message: 'the answer has no grpc-status' },
    ],
    ['a refusal', (stream) => refuseCall(stream, { code: 12, message: 'no' }), { code: 12, message: 'no' }],
    ['a reset', (stream) => stream.reset(7), { code: 14, message: 'reset by the peer: REFUSED_STREAM' }],
    [
      'an end without a status',
      (stream) => {
        stream.respond(new ResponseHead(200, new Fields(['content-type', 'application/grpc']), UNKNOWN_LENGTH), false);
        stream.end(null);
      },
      { code: 2, message: 'the answer has no grpc-status' },
    ],
    [
      'an end within a message',
      (stream) => {
        stream.respond(
          new ResponseHead(200, new Fields(['content-type', 'application/grpc+proto']), UNKNOWN_LENGTH),
          false,
        );
        stream.write(Buffer.from([0, 0, 0, 0, 9, 1]));
        stream.end(new Fields(['grpc-status', '0']));
      },
      { code: 13, message: 'the stream ends within a message' },
    ],
  ];
  for (const [name, answer, status] of answers) {
    const { client } = createCall(answer);
    assert.deepEqual(client.ear.ends, [status], name);
  }
});

test('GrpcStream ends a call on a message that is too large, with the reason to the peer', () => {
  const { client, server, exchange } = createCall(undefined, 10);
  client.call!.send([text('0123456789')]);
  client.call!.send([text('0123456789a'), text('b')]);
  exchange();
  const status = { code: 8, message: 'message has 12 octets, 10 are allowed' };
  assert.deepEqual(server.ear, Object.assign(new Ear(), { messages: ['0123456789'], ends: [status] }));
  assert.deepEqual(client.ear.ends, [status]);
});

test('GrpcStream keeps what the peer does not take, tells when it was taken, and copies little of it', () => {
  const streamWindowBytes = 65_535;
  const { client, server, exchange } = createCall(undefined, 1e7, { streamWindowBytes });
  client.call!.pause();
  const part = Buffer.alloc(10_000, 'x');
  const parts = Array.from({ length: 100 }, () => part);
  assert.equal(server.call!.send(parts), false);
  exchange();
  assert.deepEqual([client.ear.messages.length, server.ear.writables], [0, 0]);
  client.call!.resume();
  exchange();
  assert.deepEqual([client.ear.messages[0]?.length, server.ear.writables], [1_000_000, 1]);
});

test('GrpcStream answers a client that has closed its half, where the server knows of it', () => {
  const { client, server, exchange, connections } = createCall();
  let halfClosed = 0;
  Object.assign(server.ear, { halfClosed: () => void halfClosed++ });
  client.call!.send([text('all')]);
  client.stream!.end(null);
  exchange();
  assert.deepEqual([server.ear.messages, halfClosed, server.ear.ends], [['all'], 1, []]);
  server.call!.send([text('one')]);
  exchange();
  server.call!.send([text('two')]);
  server.call!.close({ code: 0, message: '' });
  exchange();
  assert.deepEqual(client.ear.messages, ['one', 'two']);
  assert.deepEqual(client.ear.ends, [{ code: 0, message: '' }]);
  assert.deepEqual(
    connections.map(({ idle }) => idle),
    [true, true],
  );
});

test('GrpcStream refuses a client that closes its half within a message', () => {
  const { client, server, exchange } = createCall();
  Object.assign(server.ear, { halfClosed: () => assert.fail('it is not whole') });
  client.stream!.write(Buffer.from([0, 0, 0, 0, 9, 1]));
  client.stream!.end(null);
  exchange();
  assert.deepEqual(client.ear.ends, [{ code: 13, message: 'the stream ends within a message' }]);
});
