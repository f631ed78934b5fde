import assert from 'node:assert/strict';
import { connect as connectTls } from 'node:tls';
import { Duplex } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';
import { readClientHello } from './client-hello.ts';

const u8 = (value: number): Buffer => Buffer.from([value]);
const u16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);
const vector8 = (content: Buffer): Buffer => Buffer.concat([u8(content.length), content]);
const vector16 = (content: Buffer): Buffer => Buffer.concat([u16(content.length), content]);
const extension = (type: number, content: Buffer): Buffer => Buffer.concat([u16(type), vector16(content)]);
const serverName = (name: string): Buffer =>
  extension(0, vector16(Buffer.concat([u8(0), vector16(Buffer.from(name))])));
const alpn = (...names: readonly string[]): Buffer =>
  extension(16, vector16(Buffer.concat(names.map((name) => vector8(Buffer.from(name))))));
const GREASE = extension(0x1a1a, Buffer.alloc(1));

const message = (...extensions: readonly Buffer[]): Buffer => {
  const body = Buffer.concat([
    u16(0x0303),
    Buffer.alloc(32, 7),
    vector8(Buffer.alloc(32)),
    vector16(Buffer.from([0x1a, 0x1a, 0x13, 0x01])),
    vector8(u8(0)),
    ...(extensions.length === 0 ? [] : [vector16(Buffer.concat(extensions))]),
  ]);
  return Buffer.concat([u8(1), u8(0), u16(body.length), body]);
};

/** Puts a message into records that end where `cuts` says. */
const records = (content: Buffer, cuts: readonly number[] = []): Buffer => {
  const ends = [...new Set(cuts.map((cut) => 1 + (cut % (content.length - 1))))].sort((a, b) => a - b);
  const pieces = [0, ...ends].map((from, i) => content.subarray(from, ends[i] ?? content.length));
  return Buffer.concat(pieces.map((piece) => Buffer.concat([u8(22), u16(0x0301), vector16(piece)])));
};

const read = (bytes: Buffer) => readClientHello(bytes, bytes.length);

test('readClientHello finds the server name and ALPN among GREASE (RFC 8701)', () => {
  const hello = message(
    GREASE,
    alpn('h2', 'http/1.1'),
    serverName('Shop.Example.com'),
    extension(0x2a2a, Buffer.alloc(0)),
  );
  assert.deepEqual(read(records(hello)), { kind: 'hello', serverName: 'shop.example.com', alpn: ['h2', 'http/1.1'] });
});

test('readClientHello takes a ClientHello without name, and one without extensions', () => {
  assert.deepEqual(read(records(message(alpn('h2')))), { kind: 'hello', serverName: '', alpn: ['h2'] });
  assert.deepEqual(read(records(message())), { kind: 'hello', serverName: '', alpn: [] });
});

test('readClientHello finds the same however records and reads split the message (RFC 8446 §5.1)', () => {
  const hello = message(GREASE, serverName('a.example'), alpn('h2'));
  fc.assert(
    fc.property(fc.array(fc.nat(), { maxLength: 20 }), fc.nat(), (cuts, at) => {
      const bytes = records(hello, cuts);
      assert.equal(read(bytes).kind, 'hello');
      const part = readClientHello(bytes, at % bytes.length);
      assert.equal(part.kind, 'incomplete');
      if (part.kind === 'incomplete') assert.ok(part.atLeast > at % bytes.length && part.atLeast <= bytes.length);
    }),
  );
});

test('readClientHello ends on any octets', () => {
  const hello = records(message(serverName('a.example'), alpn('h2')));
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(hello.length - 1), fc.nat(255)), { maxLength: 4 }), (changes) => {
      const bytes = Buffer.from(hello);
      for (const [at, value] of changes) bytes[at] = value;
      assert.ok(['hello', 'incomplete', 'malformed'].includes(read(bytes).kind));
    }),
    { numRuns: 500 },
  );
});

test('readClientHello reads what OpenSSL sends', async () => {
  const { promise, resolve } = Promise.withResolvers<Buffer>();
  const wire = new Duplex({ read: () => {}, write: (chunk: Buffer) => resolve(chunk) });
  const socket = connectTls({ socket: wire, servername: 'shop.example.com', ALPNProtocols: ['h2'] });
  socket.on('error', () => {});
  assert.deepEqual(read(await promise), { kind: 'hello', serverName: 'shop.example.com', alpn: ['h2'] });
  socket.destroy();
});

const REFUSED: readonly (readonly [what: string, bytes: Buffer])[] = [
  ['a request in the clear', Buffer.from('GET / HTTP/1.1\r\n')],
  ['an alert', Buffer.from([21, 3, 1, 0, 2, 1, 0])],
  ['a ServerHello', records(Buffer.from([2, 0, 0, 1, 0]))],
  ['a record without content', Buffer.from([22, 3, 1, 0, 0])],
  ['a message of 16 MiB', records(Buffer.from([1, 0xff, 0xff, 0xff, 0]))],
  [
    'a message in a hundred records',
    records(
      message(serverName('a.example')),
      Array.from({ length: 99 }, (_, i) => i),
    ),
  ],
  ['two server names', records(message(serverName('a.example'), serverName('b.example')))],
  ['a name with a zero octet', records(message(serverName('a.example\0b')))],
  ['an extension that goes beyond the end', records(message(Buffer.from([0, 0, 0xff, 0xff])))],
];

for (const [what, bytes] of REFUSED) {
  test(`readClientHello refuses ${what}`, () => assert.equal(read(bytes).kind, 'malformed'));
}
