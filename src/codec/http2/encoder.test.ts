import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Fields } from '#http/fields.ts';
import { RequestHead, ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { encodeRequestHead, encodeResponseHead, encodeTrailers } from './encoder.ts';
import { section } from './field-section.ts';
import { Output } from './frame/output.ts';
import { HpackDecoder } from './hpack/decoder.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { DEFAULT_HTTP2_LIMITS } from './limits.ts';
import { readRequestHead } from './request-head.ts';
import { readResponseHead } from './response-head.ts';

/** Encodes a block. @returns its lines, `name: value` each */
function linesOf(encode: (hpack: HpackEncoder) => void): string[] {
  const output = new Output();
  encode(new HpackEncoder(output));
  const lines: string[] = [];
  const block = output.take();
  const sink = { field: (_: number, name: string, value: string) => void lines.push(`${name}: ${value}`) };
  assert.ok(new HpackDecoder(4096).decode(block, 0, block.length, sink));
  return lines;
}

function decode(encode: (hpack: HpackEncoder) => void): void {
  const output = new Output();
  encode(new HpackEncoder(output));
  const block = output.take();
  section.clear(DEFAULT_HTTP2_LIMITS);
  assert.ok(new HpackDecoder(4096).decode(block, 0, block.length, section));
}

const request = (method: string, fields = new Fields()) =>
  new RequestHead(method, '/p?q', 'a.example:80', '/p', '?q', fields, 11);

test('encodeRequestHead writes pseudo-header fields first, then what the head says', () => {
  const head = request('PUT', new Fields(['x', 'y'], true));
  Object.assign(head, { scheme: 'https', bodyLength: 7, acceptsTrailers: true, expectsContinue: true });
  assert.deepEqual(
    linesOf((hpack) => encodeRequestHead(hpack, head)),
    [
      ':method: PUT',
      ':scheme: https',
      ':authority: a.example:80',
      ':path: /p?q',
      'x: y',
      'content-length: 7',
      'te: trailers',
      'expect: 100-continue',
    ],
  );
});

test('encodeRequestHead writes CONNECT with its authority alone, and a GET that upgrades as extended CONNECT', () => {
  const tunnel = new RequestHead('CONNECT', 'db:5432', 'db:5432', '', '', new Fields(), 20);
  assert.deepEqual(
    linesOf((hpack) => encodeRequestHead(hpack, tunnel)),
    [':method: CONNECT', ':authority: db:5432'],
  );
  const chat = request('GET');
  chat.upgrade = 'websocket';
  assert.deepEqual(
    linesOf((hpack) => encodeRequestHead(hpack, chat)),
    [':method: CONNECT', ':scheme: http', ':authority: a.example:80', ':path: /p?q', ':protocol: websocket'],
  );
});

test('encodeRequestHead lets nothing that a filter put there frame or split the message', () => {
  const fields = new Fields();
  for (const name of ['content-length', 'connection', 'transfer-encoding', 'te', 'host', ':path'])
    fields.append(name, '5');
  fields.append('x-split', 'a\r\nb: c');
  fields.append('bad name', 'x');
  const head = new RequestHead('GE T', '', 'a b', '/p\r\n', '?é', fields, 11);
  assert.deepEqual(
    linesOf((hpack) => encodeRequestHead(hpack, head)),
    [':method: INVALID', ':scheme: http', ':authority: a%20b', ':path: /p%0D%0A?%C3%A9', 'x-split: a  b: c'],
  );
});

test('encodeResponseHead says the length as the method and the status allow (RFC 9110 §8.6)', () => {
  const lengthOf = (status: number, method: string, bodyLength: number, declaredLength: number) => {
    const head = new ResponseHead(status, new Fields(), bodyLength);
    head.declaredLength = declaredLength;
    return linesOf((hpack) => encodeResponseHead(hpack, head, method)).slice(1);
  };
  assert.deepEqual(lengthOf(200, 'GET', 7, -1), ['content-length: 7']);
  assert.deepEqual(lengthOf(200, 'GET', 0, -1), ['content-length: 0']);
  assert.deepEqual(lengthOf(200, 'GET', UNKNOWN_LENGTH, -1), []);
  assert.deepEqual(lengthOf(200, 'HEAD', 0, 7), ['content-length: 7']);
  assert.deepEqual(lengthOf(200, 'HEAD', 7, -1), ['content-length: 7']);
  assert.deepEqual(lengthOf(304, 'GET', 0, 7), ['content-length: 7']);
  assert.deepEqual(lengthOf(204, 'GET', 0, -1), []);
  assert.deepEqual(lengthOf(200, 'CONNECT', 0, -1), []);
  assert.deepEqual(
    linesOf((hpack) => encodeResponseHead(hpack, new ResponseHead(101, new Fields(), 0), 'CONNECT')),
    [':status: 200'],
  );
});

test('encodeTrailers writes the fields alone', () => {
  assert.deepEqual(
    linesOf((hpack) => encodeTrailers(hpack, new Fields(['grpc-status', '0', 'x-sum', '1'], true))),
    ['grpc-status: 0', 'x-sum: 1'],
  );
});

const names = fc.constantFrom('accept', 'cache-control', 'x-a', 'x-b', 'etag', 'authorization', 'user-agent');
const values = fc
  .string({ unit: fc.constantFrom('a', 'b', 'X', 'Y', ' ', '0', '9', ';', '=', 'é'), maxLength: 40 })
  .map((text) => text.trim());
const entries = fc.array(fc.tuple(names, values), { maxLength: 20 }).map((lines) => lines.flat());

test('readRequestHead reads what encodeRequestHead writes', () => {
  const methods = fc.constantFrom('GET', 'POST', 'OPTIONS', 'PATCH', 'PROPFIND');
  fc.assert(
    fc.property(entries, methods, fc.boolean(), fc.constantFrom(-1, 0, 9), (list, method, trailers, bodyLength) => {
      const head = request(method, new Fields(list, true));
      head.acceptsTrailers = trailers;
      head.bodyLength = bodyLength;
      decode((hpack) => encodeRequestHead(hpack, head));
      const read = readRequestHead(bodyLength === 0, DEFAULT_HTTP2_LIMITS, true)!;
      assert.deepEqual(
        Object.assign({}, read, { fields: read.fields.entries }),
        Object.assign({}, head, { fields: list, version: 20 }),
      );
    }),
  );
});

test('readResponseHead reads what encodeResponseHead writes', () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: 200, max: 599 }), fc.constantFrom(-1, 9), (list, status, bodyLength) => {
      const head = new ResponseHead(status, new Fields(list, true), status === 204 || status === 304 ? 0 : bodyLength);
      decode((hpack) => encodeResponseHead(hpack, head, 'GET'));
      const read = readResponseHead('GET', '', false)!;
      assert.deepEqual(
        Object.assign({}, read, { fields: read.fields.entries }),
        Object.assign({}, head, { fields: list }),
      );
    }),
  );
});
