// What one message head costs in the HTTP/1.1 codec: node bench/micro/codec/http1.ts
import { encodeRequestHead, encodeResponseHead } from '#codec/http1/encoder.ts';
import { RequestDecoder } from '#codec/http1/request-decoder.ts';
import { ResponseDecoder } from '#codec/http1/response-decoder.ts';
import { normalizePath } from '#http/path.ts';
import type { RequestHead, ResponseHead } from '#http/head.ts';
import { measureAll } from '../measure.ts';

// A browser's request and its answer: eight fields each, as they are in front of an API.
const REQUEST = Buffer.from(
  'GET /api/v1/items/42?fields=name,price HTTP/1.1\r\nHost: shop.example.com\r\n' +
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: application/json\r\n' +
    'Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.9\r\nConnection: keep-alive\r\n' +
    'Cookie: session=0123456789abcdef0123456789abcdef\r\nX-Request-Id: 01890a5d-ac96-774b-bcce-b302099a8057\r\n\r\n',
);
const RESPONSE = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 32\r\n' +
    'Date: Mon, 23 Nov 2026 07:00:00 GMT\r\nCache-Control: no-cache\r\nETag: "5d8c72a5edda8d6a"\r\nServer: node\r\n' +
    `Vary: accept-encoding\r\nConnection: keep-alive\r\n\r\n${'x'.repeat(32)}`,
);
const CHUNKED = Buffer.from(
  `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${`400\r\n${'x'.repeat(1024)}\r\n`.repeat(16)}0\r\n\r\n`,
);

let request!: RequestHead;
let response!: ResponseHead;
const requests = new RequestDecoder({ head: (head) => void (request = head), body() {}, end() {} });
const chunked = new RequestDecoder({ head() {}, body() {}, end() {} });
const responses = new ResponseDecoder({
  informational() {},
  head: (head) => void (response = head),
  body() {},
  end() {},
});
const out = Buffer.alloc(4096);
const encoding = { close: false, requestVersion: 11, requestMethod: 'GET' } as const;

const decodeRequest = () => {
  const taken = requests.decode(REQUEST, 0, REQUEST.length);
  requests.next();
  return taken;
};
const decodeResponse = () => {
  responses.expect('GET', false);
  return responses.decode(RESPONSE, 0, RESPONSE.length);
};
decodeRequest();
decodeResponse();

measureAll({
  'decode request head': decodeRequest,
  'decode response with 32 octets': decodeResponse,
  'decode 16 chunks of 1 KiB': () => {
    const taken = chunked.decode(CHUNKED, 0, CHUNKED.length);
    chunked.next();
    return taken;
  },
  'normalize a normal path': () => normalizePath(request.path),
  'encode request head': () => encodeRequestHead(request),
  'encode request head into a buffer': () => out.latin1Write(encodeRequestHead(request)),
  'encode response head': () => encodeResponseHead(response, encoding),
  'encode response head into a buffer': () => out.latin1Write(encodeResponseHead(response, encoding)),
  'one hop: all four': () =>
    decodeRequest() +
    out.latin1Write(encodeRequestHead(request)) +
    decodeResponse() +
    out.latin1Write(encodeResponseHead(response, encoding)),
});
