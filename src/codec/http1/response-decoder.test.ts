import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ResponseDecoder } from './response-decoder.ts';
import { readResponses } from './testing/transcript.ts';

type Options = Parameters<typeof readResponses>[1];

const one = (wire: string, options: Options = {}) => {
  const log = readResponses(wire, options);
  assert.equal(log.failure, null, `${log.failure?.cause}`);
  assert.equal(log.messages.length, 1);
  return { ...log.messages[0]!, rest: log.rest };
};
const causeOf = (wire: string, options: Options = {}) => {
  const { failure } = readResponses(wire, options);
  if (failure === null) return null;
  assert.equal(failure.origin, 'upstream');
  assert.equal(failure.scope, 'connection');
  return failure.code === 'upstream_protocol_error' ? failure.cause : failure.code;
};

describe('ResponseDecoder reads heads', () => {
  test('gives status and fields, and no reason (RFC 9112 §4)', () => {
    const { head } = one('HTTP/1.1 404 Nothing here\r\nServer: x\r\nContent-Length: 0\r\n\r\n');
    assert.equal(head.status, 404);
    assert.deepEqual(head.fields.entries, ['server', 'x']);
  });

  test('takes a status line without reason, with its space or without', () => {
    for (const line of ['HTTP/1.1 200 ', 'HTTP/1.1 200'])
      assert.equal(one(`${line}\r\nContent-Length: 0\r\n\r\n`).head.status, 200);
  });

  test('refuses malformed status lines', () => {
    for (const line of [
      'HTTP/1.1 20 OK',
      'HTTP/1.1 2000 OK',
      'HTTP/1.1 099 X',
      'HTTP/1.1  200 OK',
      'HTTP/1.1 -20 X',
      'HTTP/1.1 200\tOK',
      'HTTP/2 200 OK',
      'ICY 200 OK',
      'HTTP/1.1 200 O\x01K',
    ]) {
      assert.notEqual(causeOf(`${line}\r\nContent-Length: 0\r\n\r\n`), null, line);
    }
    assert.notEqual(causeOf('\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'), null);
  });

  test('tells another protocol from its first octets', () => {
    for (const wire of ['SSH-2.0', '\x15\x03\x01']) {
      for (const sizes of [[], [1]]) assert.notEqual(causeOf(wire, { sizes }), 'upstream_reset', wire);
    }
    assert.notEqual(causeOf('HTTQ'), 'upstream_reset');
    assert.equal(causeOf('HTTP/'), 'upstream_reset');
  });

  test('tells keepAlive and its time (RFC 9112 §9.3)', () => {
    const keepAlive = (version: string, lines: string) =>
      one(`${version} 200 OK\r\nContent-Length: 0\r\n${lines}\r\n`).keepAlive;
    assert.equal(keepAlive('HTTP/1.1', ''), true);
    assert.equal(keepAlive('HTTP/1.1', 'Connection: close\r\n'), false);
    assert.equal(keepAlive('HTTP/1.0', ''), false);
    assert.equal(keepAlive('HTTP/1.0', 'Connection: keep-alive\r\n'), true);
    assert.equal(one('HTTP/1.1 200 OK\r\n\r\nx').keepAlive, false);

    const timeOf = (value: string) => {
      const decoder = new ResponseDecoder({ informational() {}, head() {}, body() {}, end() {} });
      const wire = Buffer.from(`HTTP/1.1 204 No Content\r\nKeep-Alive: ${value}\r\n\r\n`);
      decoder.expect('GET', false);
      decoder.decode(wire, 0, wire.length);
      return decoder.keepAliveTimeoutMs;
    };
    assert.deepEqual(['timeout=5', 'max=9, Timeout=12', 'timeout=', 'x', ''].map(timeOf), [5000, 12000, -1, -1, -1]);
  });

  test('refuses fields as it does in requests', () => {
    for (const lines of [
      'A : b\r\n',
      ' A: b\r\n',
      'A: b\r\n c\r\n',
      'A: b\0\r\n',
      'A: b\n',
      'A\r\n',
      'Connection: content-length\r\n',
    ]) {
      assert.notEqual(causeOf(`HTTP/1.1 200 OK\r\n${lines}Content-Length: 0\r\n\r\n`), null, lines);
    }
  });
});

describe('ResponseDecoder reads framing (RFC 9112 §6.3)', () => {
  test('counts the octets of Content-Length and leaves what follows', () => {
    const { body, rest, head } = one('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1');
    assert.equal(head.bodyLength, 5);
    assert.deepEqual([body, rest], ['hello', 'HTTP/1.1']);
  });

  test('reads chunks and trailers', () => {
    const { body, trailers } = one(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\ngrpc-status: 0\r\n\r\n',
    );
    assert.equal(body, 'ab');
    assert.deepEqual(trailers?.entries, ['grpc-status', '0']);
  });

  test('reads until the connection ends where no framing is given', () => {
    const { body, complete, head } = one('HTTP/1.1 200 OK\r\n\r\nhello', { sizes: [3] });
    assert.equal(head.bodyLength, -1);
    assert.deepEqual([body, complete], ['hello', true]);
  });

  test('HEAD, 204 and 304 have no content; a length is only declared', () => {
    const answer = (status: number, method: string) =>
      one(`HTTP/1.1 ${status} X\r\nContent-Length: 9\r\n\r\nREST`, { method });
    for (const message of [answer(200, 'HEAD'), answer(304, 'GET')]) {
      assert.deepEqual([message.head.bodyLength, message.head.declaredLength, message.rest], [0, 9, 'REST']);
    }
    assert.equal(one('HTTP/1.1 204 X\r\n\r\nREST').rest, 'REST');
    assert.equal(one('HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\nREST', { method: 'HEAD' }).rest, 'REST');
  });

  test('refuses ambiguous and impossible framing', () => {
    const status = 'HTTP/1.1 200 OK\r\n';
    for (const head of [
      `${status}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n`,
      `${status}Content-Length: 1\r\nContent-Length: 1\r\n`,
      `${status}Content-Length: 1, 1\r\n`,
      `${status}Content-Length: +1\r\n`,
      `${status}Transfer-Encoding: gzip\r\n`,
      `${status}Transfer-Encoding: chunked, chunked\r\n`,
      'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n',
      'HTTP/1.1 204 X\r\nContent-Length: 1\r\n',
      'HTTP/1.1 204 X\r\nTransfer-Encoding: chunked\r\n',
      'HTTP/1.1 103 X\r\nContent-Length: 1\r\n',
    ])
      assert.notEqual(causeOf(`${head}\r\n1\r\nx\r\n0\r\n\r\n`), null, head);
  });

  test('finish fails whatever is not whole', () => {
    for (const wire of [
      '',
      'HTTP/1.1 2',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n',
      'HTTP/1.1 103 X\r\n\r\n',
    ]) {
      assert.equal(causeOf(wire), 'upstream_reset', wire);
    }
  });
});

describe('ResponseDecoder reads interim answers and switches', () => {
  test('informational answers come before the final one (RFC 9110 §15.2)', () => {
    const wire =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
    for (const sizes of [[], [1]]) {
      const log = readResponses(wire, { sizes });
      assert.deepEqual(
        log.informational.map(({ status }) => status),
        [100, 103],
      );
      assert.equal(log.messages[0]?.head.status, 200);
    }
  });

  test('101 that was offered makes a tunnel and leaves the rest (RFC 9110 §7.8)', () => {
    const wire = 'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\n\x81\x00';
    const log = readResponses(wire, { upgrade: true });
    assert.equal(log.failure, null);
    assert.equal(log.messages[0]!.head.upgrade, 'websocket');
    assert.equal(log.messages[0]!.complete, false);
    assert.equal(log.rest, '\x81\x00');
  });

  test('101 that was not offered, or names no protocol, fails', () => {
    const lines = 'Connection: upgrade\r\nUpgrade: websocket\r\n';
    assert.notEqual(causeOf(`HTTP/1.1 101 X\r\n${lines}\r\n`), null);
    assert.notEqual(causeOf('HTTP/1.1 101 X\r\nConnection: upgrade\r\n\r\n', { upgrade: true }), null);
    assert.notEqual(causeOf('HTTP/1.1 101 X\r\nUpgrade: websocket\r\n\r\n', { upgrade: true }), null);
    assert.notEqual(causeOf(`HTTP/1.0 101 X\r\n${lines}\r\n`, { upgrade: true }), null);
  });

  test('2xx to CONNECT makes a tunnel whatever its framing fields say (RFC 9110 §9.3.6)', () => {
    const log = readResponses('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nREST', {
      method: 'CONNECT',
    });
    assert.deepEqual([log.failure, log.rest, log.messages[0]!.head.bodyLength], [null, 'REST', 0]);
    assert.equal(one('HTTP/1.1 403 X\r\nContent-Length: 1\r\n\r\nx', { method: 'CONNECT' }).body, 'x');
  });

  test('octets that answer nothing are not taken', () => {
    const decoder = new ResponseDecoder({ informational() {}, head() {}, body() {}, end() {} });
    const wire = Buffer.from('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    assert.equal(decoder.decode(wire, 0, wire.length), 0);
    decoder.expect('GET', false);
    assert.equal(decoder.decode(wire, 0, wire.length), wire.length);
    assert.equal(decoder.decode(wire, 0, wire.length), 0);
    assert.equal(decoder.finish(), true);
  });
});

describe('ResponseDecoder, for all inputs', () => {
  const WIRES = [
    'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4;a\r\nabcd\r\n0\r\nX: y\r\n\r\n',
    'HTTP/1.0 200 OK\r\nServer: x\r\n\r\nabcd',
  ];

  test('says the same however the octets are split', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...WIRES),
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 }),
        (wire, sizes) => {
          assert.deepEqual(readResponses(wire, { sizes }), readResponses(wire));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('never throws, and fails or not however mutated octets are split', () => {
    const mutation = fc.tuple(
      fc.nat(120),
      fc.constantFrom('', ' ', '\r', '\n', '\r\n', '\0', ':', ';', '0', '\xe9'),
      fc.nat(3),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...WIRES),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 1, max: 9 }),
        (wire, mutations, size) => {
          for (const [at, text, cut] of mutations) wire = wire.slice(0, at) + text + wire.slice(at + cut);
          const whole = readResponses(wire);
          const split = readResponses(wire, { sizes: [size] });
          assert.equal(split.failure === null, whole.failure === null);
          // Content before a fault may come in other pieces, but never differs.
          assert.deepEqual(split.messages, whole.messages);
        },
      ),
      { numRuns: 800 },
    );
  });
});
