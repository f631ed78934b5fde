import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Fields } from '#http/fields.ts';
import { RequestHead, ResponseHead } from '#http/head.ts';
import {
  CHUNK_END,
  CONTINUE_RESPONSE,
  chunkHeader,
  encodeRequestHead,
  encodeResponseHead,
  encodeTrailers,
  responseFraming,
} from './encoder.ts';
import { readRequests, readResponses } from './testing/transcript.ts';

const request = (method = 'GET', fields: string[] = []) =>
  new RequestHead(method, '', 'a:80', '/p', '?q', new Fields(fields), 11);
const response = (status: number, bodyLength: number, fields: string[] = []) =>
  new ResponseHead(status, new Fields(fields), bodyLength);
const to11 = { close: false, requestVersion: 11, requestMethod: 'GET' } as const;

describe('encodeRequestHead', () => {
  test('begins with the request line and Host (RFC 9112 §3)', () => {
    assert.equal(
      encodeRequestHead(request('GET', ['x', 'y', 'x', ''])),
      'GET /p?q HTTP/1.1\r\nhost: a:80\r\nx: y\r\nx: \r\n\r\n',
    );
  });

  test('frames content (RFC 9112 §6.2)', () => {
    const framed = (method: string, length: number) => {
      const head = request(method);
      head.bodyLength = length;
      return encodeRequestHead(head).split('\r\n').slice(2, -2);
    };
    assert.deepEqual(framed('GET', 0), []);
    assert.deepEqual(framed('GET', 3), ['content-length: 3']);
    assert.deepEqual(framed('POST', 0), ['content-length: 0']);
    assert.deepEqual(framed('POST', -1), ['transfer-encoding: chunked']);
  });

  test('says upgrade, te and expect where the head does', () => {
    const head = request();
    head.upgrade = 'websocket';
    assert.match(encodeRequestHead(head), /\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n$/);
    head.acceptsTrailers = true;
    assert.match(encodeRequestHead(head), /\r\nte: trailers\r\nconnection: upgrade, te\r\n\r\n$/);
    head.upgrade = '';
    head.expectsContinue = true;
    assert.match(encodeRequestHead(head), /\r\nte: trailers\r\nconnection: te\r\nexpect: 100-continue\r\n\r\n$/);
  });

  test('writes asterisk and authority form (RFC 9112 §3.2)', () => {
    assert.match(encodeRequestHead(new RequestHead('OPTIONS', '', 'a', '*', '', new Fields(), 11)), /^OPTIONS \* HTTP/);
    assert.match(
      encodeRequestHead(new RequestHead('CONNECT', '', 'a:1', '', '', new Fields(), 11)),
      /^CONNECT a:1 HTTP/,
    );
  });
});

describe('encodeResponseHead', () => {
  const lines = (head: ResponseHead, encoding = {}) =>
    encodeResponseHead(head, { ...to11, ...encoding })
      .split('\r\n')
      .slice(0, -2);

  test('frames content (RFC 9112 §6.3)', () => {
    assert.deepEqual(lines(response(200, 3, ['a', 'b'])), ['HTTP/1.1 200 OK', 'a: b', 'content-length: 3']);
    assert.deepEqual(lines(response(200, 0)), ['HTTP/1.1 200 OK', 'content-length: 0']);
    assert.deepEqual(lines(response(200, -1)), ['HTTP/1.1 200 OK', 'transfer-encoding: chunked']);
    assert.deepEqual(lines(response(299, 0))[0], 'HTTP/1.1 299 ');
  });

  test('gives HTTP/1.0 what it understands', () => {
    assert.deepEqual(lines(response(200, -1), { requestVersion: 10 }), ['HTTP/1.1 200 OK', 'connection: close']);
    assert.deepEqual(lines(response(200, 1), { requestVersion: 10 }), [
      'HTTP/1.1 200 OK',
      'content-length: 1',
      'connection: keep-alive',
    ]);
  });

  test('frames nothing where there is no content, but says a declared length', () => {
    const declared = response(304, 0);
    declared.declaredLength = 7;
    assert.deepEqual(lines(declared), ['HTTP/1.1 304 Not Modified', 'content-length: 7']);
    assert.deepEqual(lines(response(204, 0)), ['HTTP/1.1 204 No Content']);
    assert.deepEqual(lines(response(200, 5), { requestMethod: 'HEAD' }), ['HTTP/1.1 200 OK', 'content-length: 5']);
    assert.deepEqual(lines(response(200, -1), { requestMethod: 'HEAD' }), ['HTTP/1.1 200 OK']);
    assert.deepEqual(lines(response(200, 0), { requestMethod: 'CONNECT' }), ['HTTP/1.1 200 OK']);
    assert.deepEqual(lines(response(103, 0, ['link', 'x']), { close: true }), ['HTTP/1.1 103 Early Hints', 'link: x']);
  });

  test('responseFraming tells the body what to do', () => {
    assert.equal(responseFraming(response(200, -1), to11), 'chunked');
    assert.equal(responseFraming(response(200, -1), { ...to11, requestVersion: 10 }), 'close');
    assert.equal(responseFraming(response(200, 0), to11), 'length');
    assert.equal(responseFraming(response(200, 9), { ...to11, requestMethod: 'HEAD' }), 'none');
  });

  test('says close and upgrade', () => {
    assert.deepEqual(lines(response(200, 0), { close: true }).at(-1), 'connection: close');
    const switched = response(101, 0);
    switched.upgrade = 'websocket';
    assert.deepEqual(lines(switched), [
      'HTTP/1.1 101 Switching Protocols',
      'connection: upgrade',
      'upgrade: websocket',
    ]);
  });

  test('never begins with a status that is none', () => {
    for (const status of [0, 99, 1000, -1, Number.NaN])
      assert.match(encodeResponseHead(response(status, 0), to11), /^HTTP\/1\.1 500 /);
  });
});

describe('encoders let nobody write lines', () => {
  const evil = ['x\r\ny: z', 'x\ny', 'x\ry', 'x\0y', 'x\u010a\u010dy', 'x\r\n\r\nGET / HTTP/1.1'];

  test('in values: what no value may hold becomes spaces (RFC 9110 §5.5)', () => {
    for (const value of evil) {
      const set = new Fields();
      set.set('a', value);
      for (const fields of [new Fields(['a', value]), set, set.clone()]) {
        const wire = encodeRequestHead(new RequestHead('GET', '', 'h', '/', '', fields, 11));
        assert.deepEqual(
          readRequests(wire).messages.map(({ head }) => head.fields.size),
          [1],
          JSON.stringify(wire),
        );
        assert.equal(encodeTrailers(fields).split('\r\n').length, 4);
        const answer = encodeResponseHead(new ResponseHead(200, fields, 0), to11);
        assert.equal(readResponses(answer).messages[0]!.head.fields.size, 1);
      }
    }
  });

  test('in names: such fields are left out', () => {
    const wire = encodeRequestHead(request('GET', ['x\r\ny', '1', 'x y', '2', 'x:y', '3', '', '4', 'X', '5']));
    assert.deepEqual(readRequests(wire).messages[0]!.head.fields.entries, ['x', '5']);
  });

  test('in what stands in the request line', () => {
    for (const text of [...evil, 'a b', 'é', '\ud800']) {
      const head = new RequestHead('GET', '', 'h', `/${text}`, `?${text}`, new Fields(), 11);
      const log = readRequests(encodeRequestHead(head));
      assert.deepEqual([log.failure, log.messages.length], [null, 1], JSON.stringify(text));
      for (const method of ['GET', 'CONNECT']) {
        const wire = encodeRequestHead(new RequestHead(method, '', `h${text}`, '/', '', new Fields(), 11));
        assert.equal(wire.split('\r\n').length, 4);
      }
      assert.equal(
        encodeRequestHead(new RequestHead(text, '', 'h', '/', '', new Fields(), 11)).split('\r\n').length,
        4,
      );
    }
  });

  test('in framing: fields of those names are left out', () => {
    const fields = ['content-length', '5', 'transfer-encoding', 'chunked', 'host', 'b', 'connection', 'close'];
    assert.equal(encodeRequestHead(request('GET', fields)), 'GET /p?q HTTP/1.1\r\nhost: a:80\r\n\r\n');
  });
});

describe('chunks', () => {
  test('are framed in hexadecimal (RFC 9112 §7.1)', () => {
    assert.equal(chunkHeader(255), 'ff\r\n');
    assert.equal(CHUNK_END, '\r\n');
    assert.equal(encodeTrailers(null), '0\r\n\r\n');
    assert.equal(encodeTrailers(new Fields(['a', 'b'])), '0\r\na: b\r\n\r\n');
    assert.match(CONTINUE_RESPONSE, /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
  });
});

/** A target is for logs; what is sent is made of path and query. */
const sentOn = ([property]: [string, unknown]) => property !== 'target';

describe('encode, then decode', () => {
  const name = fc.stringMatching(/^x-[a-z0-9_]{1,12}$/);
  const value = fc.stringMatching(/^([!-~\xa1-\xff]([ -~\xa1-\xff]{0,20}[!-~])?)?$/);
  const entries = fc.array(fc.tuple(name, value), { maxLength: 12 }).map((pairs) => pairs.flat());

  test('gives the request back', () => {
    const method = fc.constantFrom('GET', 'POST', 'DELETE', 'BREW');
    const target = fc.tuple(
      fc.webPath().map((path) => (path.startsWith('/') ? path : `/${path}`)),
      fc.webQueryParameters(),
    );
    fc.assert(
      fc.property(
        method,
        target,
        entries,
        fc.integer({ min: -1, max: 3 }),
        fc.boolean(),
        (verb, [path, query], fields, length, trailers) => {
          const head = new RequestHead(
            verb,
            '',
            'a.b:1',
            path,
            query === '' ? '' : `?${query}`,
            new Fields(fields),
            11,
          );
          head.bodyLength = length;
          head.acceptsTrailers = trailers;
          const body = length === -1 ? `${chunkHeader(2)}ab${CHUNK_END}${encodeTrailers(null)}` : 'c'.repeat(length);
          const log = readRequests(encodeRequestHead(head) + body);
          assert.equal(log.failure, null);
          assert.deepEqual(Object.entries(log.messages[0]!.head).filter(sentOn), Object.entries(head).filter(sentOn));
          assert.equal(log.messages[0]!.body, length === -1 ? 'ab' : 'c'.repeat(length));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('gives the response back', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(200, 404, 500, 204, 304),
        entries,
        fc.integer({ min: -1, max: 3 }),
        (status, fields, length) => {
          const bodiless = status === 204 || status === 304;
          const head = new ResponseHead(status, new Fields(fields), bodiless ? 0 : length);
          const body = bodiless ? '' : length === -1 ? encodeTrailers(null) : 'c'.repeat(length);
          const log = readResponses(encodeResponseHead(head, to11) + body);
          assert.equal(log.failure, null);
          assert.deepEqual(log.messages[0]!.head, head);
          assert.equal(log.messages[0]!.keepAlive, true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
