import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RequestHead, ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { CANCEL } from './error-code.ts';
import { PREFACE } from './frame/frame-type.ts';
import { Blocks, fields, frame, GET, POST, settings } from './testing/frames.ts';
import { createServer, Recording, type StreamRecording } from './testing/recording.ts';

/* Two connections that talk to each other, and connections that are talked at. */

type Step =
  | { readonly kind: 'request'; readonly method: 'GET' | 'POST'; readonly bytes: number }
  | { readonly kind: 'write' | 'reply'; readonly which: number; readonly bytes: number }
  | { readonly kind: 'end' | 'finish'; readonly which: number; readonly trailers: boolean }
  | { readonly kind: 'reset' | 'abort' | 'pause' | 'resume' | 'stall' | 'unstall'; readonly which: number }
  | { readonly kind: 'pass'; readonly pieces: number };

const which = fc.nat(20);
const bytes = fc.oneof(fc.nat(100), fc.nat(100_000));
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('request'), method: fc.constantFrom('GET', 'POST'), bytes }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom('write', 'reply'), which, bytes }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('end', 'finish'), which, trailers: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('reset', 'abort'), which }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('pause', 'resume', 'stall', 'unstall'), which }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('pass'), pieces: fc.integer({ min: 1, max: 5000 }) }) },
);

/** What a test has written on a stream, to compare it with what arrives. */
class Call {
  readonly client: StreamRecording;
  server: StreamRecording | null = null;
  sent = '';
  replied = '';
  broken = false;

  constructor(client: StreamRecording) {
    this.client = client;
  }
}

class World {
  readonly client: Recording;
  readonly server: Recording;
  readonly calls: Call[] = [];
  #counter = 0;

  constructor(windowBytes: number) {
    const options = {
      streamWindowBytes: windowBytes,
      connectionWindowBytes: 70_000,
      outputBytes: 20_000,
      concurrentStreams: 5,
    };
    this.client = new Recording('client', options);
    this.server = new Recording('server', options);
    this.server.onOpened = (opened) => {
      const call = this.calls.find(({ client }) => client.stream!.id === opened.stream!.id);
      call!.server = opened;
    };
    this.pass(1 << 20);
  }

  /** Carries octets until both are silent. */
  pass(pieces: number): void {
    for (let moved = true, rounds = 0; moved; rounds++) {
      assert.ok(rounds < 20_000, 'they never fall silent');
      const up = this.client.takeOctets();
      if (up.length > 0) this.server.receive(up, [pieces]);
      const down = this.server.takeOctets();
      if (down.length > 0) this.client.receive(down, [pieces]);
      moved = up.length > 0 || down.length > 0;
    }
  }

  #text(length: number): string {
    return String.fromCharCode(97 + (this.#counter++ % 26)).repeat(length);
  }

  run(step: Step): void {
    if (step.kind === 'pass') return this.pass(step.pieces);
    if (step.kind === 'request') return this.#request(step.method, step.bytes);
    const call = this.calls[step.which % Math.max(1, this.calls.length)];
    if (call === undefined) return;
    const { client, server } = call;
    switch (step.kind) {
      case 'write':
        if (client.stream!.ending || client.stream!.closed) return;
        return this.#write(client, step.bytes, (text) => (call.sent += text));
      case 'reply':
        if (server === null || server.stream!.ending || server.stream!.closed) return;
        this.#respond(server);
        return this.#write(server, step.bytes, (text) => (call.replied += text));
      case 'end':
        return client.stream!.end(step.trailers ? fields('x-sum', '1') : null);
      case 'finish':
        if (server === null) return;
        this.#respond(server);
        return server.stream!.end(step.trailers ? fields('x-sum', '2') : null);
      case 'reset':
        call.broken = true;
        return client.stream!.reset(CANCEL);
      case 'abort':
        if (server === null) return;
        call.broken = true;
        return server.stream!.reset(CANCEL);
      case 'pause':
        client.wantsMore = false;
        return;
      case 'resume':
        client.wantsMore = true;
        return client.stream!.resume();
      case 'stall':
        if (server !== null) server.wantsMore = false;
        return;
      default:
        if (server !== null) server.wantsMore = true;
        return server?.stream!.resume();
    }
  }

  #request(method: string, length: number): void {
    const head = new RequestHead(
      method,
      '/',
      'a',
      '/',
      '',
      fields('x-n', `${this.#counter}`, 'user-agent', 'test'),
      20,
    );
    if (method === 'POST') head.bodyLength = UNKNOWN_LENGTH;
    if (this.client.connection.availableStreams === 0) return;
    const call = new Call(this.client.request(head, method === 'GET'));
    this.calls.push(call);
    if (method === 'POST') this.#write(call.client, length, (text) => (call.sent += text));
  }

  #respond(server: StreamRecording): void {
    server.stream!.respond(new ResponseHead(200, fields('server', 'test'), UNKNOWN_LENGTH), false);
  }

  #write({ stream }: StreamRecording, length: number, note: (text: string) => void): void {
    const text = this.#text(length);
    note(text);
    stream!.write(Buffer.from(text));
  }

  /** Lets everything flow and end. */
  settle(): void {
    for (const call of this.calls) {
      for (const side of [call.client, call.server]) {
        if (side === null) continue;
        side.wantsMore = true;
        side.stream!.resume();
      }
    }
    this.pass(1 << 20);
    for (const { client, server } of this.calls) {
      client.stream!.end(null);
      if (server === null) continue;
      this.#respond(server);
      server.stream!.end(null);
    }
    this.pass(1 << 20);
  }
}

test('two connections agree on every stream, whatever happens on them', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.constantFrom(300, 5000, 65_535), (steps, windowBytes) => {
      const world = new World(windowBytes);
      for (const each of steps) world.run(each);
      world.settle();
      assert.deepEqual([world.client.failure, world.server.failure], [null, null]);
      assert.deepEqual([world.client.connection.openStreams, world.server.connection.openStreams], [0, 0]);
      for (const { client, server, sent, replied, broken } of world.calls) {
        if (broken) continue;
        assert.deepEqual([client.failure, server?.failure ?? null], [null, null]);
        assert.deepEqual([client.complete, server!.complete], [true, true]);
        assert.equal(server!.content, sent);
        assert.equal(client.content, replied);
      }
    }),
    { numRuns: 150 },
  );
});

test('a connection tells the same whatever the pieces in which octets arrive', () => {
  const blocks = new Blocks();
  const octets = Buffer.concat([
    PREFACE,
    settings(4, 100, 3, 7),
    blocks.headers(1, [...POST, 'x-a', 'b'.repeat(300)], 4),
    frame(0, 8, 1, '\x05hello\0\0\0\0\0'),
    blocks.headers(3, [...GET, 'cookie', 'a=1', 'cookie', 'b=2']),
    frame(0, 0, 1, 'x'.repeat(1000)),
    frame(6, 0, 0, '12345678'),
    blocks.headers(1, ['x-sum', '1']),
    frame(3, 0, 3, '\0\0\0\x08'),
    frame(0x77, 0, 0, 'unknown'),
    blocks.headers(5, ['bad', 'x']),
  ]);
  const told = (sizes: number[]) => {
    const server = new Recording('server');
    server.take();
    server.receive(octets, sizes);
    return {
      streams: server.streams.map(({ request, content, trailers, complete, failure }) => [
        { request, trailers: trailers?.entries, content, complete, failure },
      ]),
      sent: server.take(),
      refusals: server.refusals,
    };
  };
  const whole = told([]);
  assert.equal(whole.streams.length, 2);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 60 }), (sizes) => {
      assert.deepEqual(told(sizes), whole);
    }),
  );
});

test('a connection takes any frames without throwing, and holds a bounded amount', () => {
  const frames = fc.tuple(
    fc.integer({ min: 0, max: 10 }),
    fc.constantFrom(0, 1, 4, 5, 8, 9, 0x20, 0x25, 0xff),
    fc.constantFrom(0, 1, 2, 3, 5, 7, 9),
    fc.oneof(fc.uint8Array({ maxLength: 20 }), fc.constant(new Uint8Array(new Blocks().encode(GET)))),
  );
  fc.assert(
    fc.property(fc.array(frames, { maxLength: 40 }), fc.integer({ min: 1, max: 50 }), (list, size) => {
      const server = createServer();
      server.onOpened = ({ stream }) => stream!.respond(new ResponseHead(200, fields(), -1), false);
      for (const [type, flags, streamId, payload] of list) {
        server.receive(frame(type, flags, streamId, Buffer.from(payload)), [size]);
      }
      assert.ok(server.connection.openStreams <= 100);
      assert.ok(server.takeOctets().length < 100_000);
      if (server.failure !== null) assert.equal(server.connection.openStreams, 0);
    }),
    { numRuns: 1000 },
  );
});

test('a connection takes any octets without throwing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), (octets, introduced) => {
      const server = introduced ? createServer() : new Recording('server');
      server.receive(Buffer.from(octets), [7]);
      server.take();
    }),
    { numRuns: 500 },
  );
});
