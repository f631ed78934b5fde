import { test } from 'node:test';
import { assertRefused, post, SMUGGLED } from '../testing/refusal.ts';

// CL.TE and TE.CL: one recipient frames by Content-Length, the other by Transfer-Encoding (RFC 9112 §11.2).

test('RequestDecoder refuses CL.TE in either order (RFC 9112 §6.3)', () => {
  assertRefused(post('Content-Length: 38\r\nTransfer-Encoding: chunked\r\n') + `0\r\n\r\n${SMUGGLED}`);
  assertRefused(post('Transfer-Encoding: chunked\r\nContent-Length: 38\r\n') + `0\r\n\r\n${SMUGGLED}`);
});

test('RequestDecoder refuses TE.CL with the request hidden in a chunk', () => {
  assertRefused(post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n') + `21\r\n${SMUGGLED}\r\n0\r\n\r\n`);
});

test('RequestDecoder refuses both framings even where they agree, or the length is 0', () => {
  assertRefused(post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n') + '0\r\n\r\n');
  assertRefused(post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n') + '0\r\n\r\n');
});

test('RequestDecoder refuses chunks in HTTP/1.0, which older recipients read as length 0 (RFC 9112 §6.1)', () => {
  assertRefused(
    `POST / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SMUGGLED}`,
  );
});
