// What message heads and whole exchanges cost in the HTTP/2 codec: node bench/micro/codec/http2.ts
import { Http2Connection, type Http2Observer } from '#codec/http2/connection.ts';
import { encodeRequestHead, encodeResponseHead } from '#codec/http2/encoder.ts';
import { section } from '#codec/http2/field-section.ts';
import { Output } from '#codec/http2/frame/output.ts';
import { HpackDecoder } from '#codec/http2/hpack/decoder.ts';
import { HpackEncoder } from '#codec/http2/hpack/encoder.ts';
import { DEFAULT_HTTP2_LIMITS } from '#codec/http2/limits.ts';
import { readRequestHead } from '#codec/http2/request-head.ts';
import { readResponseHead } from '#codec/http2/response-head.ts';
import type { Http2Stream, StreamObserver } from '#codec/http2/stream.ts';
import { Fields } from '#http/fields.ts';
import { RequestHead, ResponseHead } from '#http/head.ts';
import { measureAll } from '../measure.ts';

// The same messages as in the benchmark of HTTP/1.1.
const REQUEST_FIELDS = (
  'user-agent|Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36|accept|application/json|' +
  'accept-encoding|gzip, deflate, br|accept-language|en-US,en;q=0.9|' +
  'cookie|session=0123456789abcdef0123456789abcdef|x-request-id|01890a5d-ac96-774b-bcce-b302099a8057'
).split('|');
const RESPONSE_FIELDS = (
  'content-type|application/json; charset=utf-8|date|Mon, 23 Nov 2026 07:00:00 GMT|cache-control|no-cache|' +
  'etag|"5d8c72a5edda8d6a"|server|node|vary|accept-encoding'
).split('|');
const BODY = Buffer.alloc(32, 'x');
const target = '/api/v1/items/42?fields=name,price';
const request = new RequestHead('GET', target, 'shop.example.com', target, '', new Fields(REQUEST_FIELDS, true), 20);
const response = new ResponseHead(200, new Fields(RESPONSE_FIELDS, true), BODY.length);

/** Encodes a head three times, so that the table holds what comes again. @returns the last block, and a decoder for it */
function settle(encode: (hpack: HpackEncoder) => void): { decoder: HpackDecoder; block: Buffer; encode: () => number } {
  const output = new Output();
  const hpack = new HpackEncoder(output);
  const decoder = new HpackDecoder(4096);
  let block = Buffer.alloc(0);
  for (let i = 0; i < 3; i++) {
    encode(hpack);
    block = Buffer.from(output.take());
    section.clear(DEFAULT_HTTP2_LIMITS);
    decoder.decode(block, 0, block.length, section);
  }
  const again = () => {
    encode(hpack);
    const octets = output.length;
    output.length = 0;
    return octets;
  };
  return { decoder, block, encode: again };
}

const requests = settle((hpack) => encodeRequestHead(hpack, request));
const responses = settle((hpack) => encodeResponseHead(hpack, response, 'GET'));

const decodeRequest = () => {
  section.clear(DEFAULT_HTTP2_LIMITS);
  requests.decoder.decode(requests.block, 0, requests.block.length, section);
  return readRequestHead(true, DEFAULT_HTTP2_LIMITS, true);
};
const decodeResponse = () => {
  section.clear(DEFAULT_HTTP2_LIMITS);
  responses.decoder.decode(responses.block, 0, responses.block.length, section);
  return readResponseHead('GET', '', false);
};

// Two connections, back to back.
let outstanding = 0;
const ignore = { output() {}, goingAway() {}, settingsReceived() {}, pinged() {}, refused() {}, failed() {} };
const silent: StreamObserver = { informational() {}, head() {}, body() {}, end() {}, failed() {}, writable() {} };
const serverObserver: Http2Observer = {
  ...ignore,
  opened(stream: Http2Stream) {
    stream.respond(response, false);
    stream.write(BODY);
    stream.end(null);
    return silent;
  },
};
const server = new Http2Connection('server', serverObserver);
const client = new Http2Connection('client', { ...ignore, opened: () => silent });
const caller: StreamObserver = { ...silent, end: () => void outstanding-- };

// What was taken stands only until a connection writes again, so it is copied, as a socket does.
const wire = Buffer.alloc(128 * 1024);
function pass(from: Http2Connection, to: Http2Connection): boolean {
  const taken = from.takeOutput();
  if (taken === null) return false;
  const octets = taken.copy(wire);
  to.receive(wire, 0, octets);
  return true;
}

function exchange(): void {
  for (let moved = true; moved;) {
    const up = pass(client, server);
    moved = pass(server, client) || up;
  }
}

const roundTrips = (count: number) => () => {
  for (let i = 0; i < count; i++) if (client.request(request, true, caller) !== null) outstanding++;
  exchange();
  if (outstanding !== 0) throw new Error(`${outstanding} requests are not answered`);
  return client.openStreams;
};
exchange();

process.stdout.write(`request ${requests.block.length} octets, response ${responses.block.length} octets\n`);
measureAll({
  'encode request head': requests.encode,
  'decode request head': decodeRequest,
  'encode response head': responses.encode,
  'decode response head': decodeResponse,
  'one hop: all four': () => requests.encode() + responses.encode() + (decodeRequest() && decodeResponse() ? 1 : 0),
  'one exchange with 32 octets, both ends': roundTrips(1),
  'sixteen exchanges at once, both ends': roundTrips(16),
});
