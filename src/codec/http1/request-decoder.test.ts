import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DEFAULT_HTTP1_LIMITS } from './limits.ts';
import { RequestDecoder } from './request-decoder.ts';
import { readRequests } from './testing/transcript.ts';

const one = (wire: string) => {
  const log = readRequests(wire);
  assert.equal(log.failure, null, `${log.failure?.cause}`);
  assert.equal(log.messages.length, 1);
  return log.messages[0]!;
};
const get = (lines: string, target = '/') => one(`GET ${target} HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);
const post = (lines: string, body: string) => one(`POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`);
const codeOf = (wire: string) => readRequests(wire).failure?.code;
const codeOfGet = (lines: string) => codeOf(`GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`);

describe('RequestDecoder reads heads', () => {
  test('gives method, path, query, authority and fields (RFC 9112 §3)', () => {
    const { head, complete } = one(
      'GET /a/b?c=d?e HTTP/1.1\r\nHost: Shop.Example:8080\r\nX-Thing: One \r\nx-thing:two\r\n\r\n',
    );
    assert.equal(head.method, 'GET');
    assert.equal(head.target, '/a/b?c=d?e');
    assert.equal(head.path, '/a/b');
    assert.equal(head.query, '?c=d?e');
    assert.equal(head.authority, 'shop.example:8080');
    assert.equal(head.version, 11);
    assert.deepEqual(head.fields.entries, ['x-thing', 'One', 'x-thing', 'two']);
    assert.equal(complete, true);
  });

  test('keeps empty values, inner white space and obs-text (RFC 9110 §5.5)', () => {
    assert.deepEqual(get('A:\r\nB: \t x  y\t \r\nC: \xe9\r\n').head.fields.entries, [
      'a',
      '',
      'b',
      'x  y',
      'c',
      '\xe9',
    ]);
  });

  test('takes any token as method, in its case (RFC 9110 §9.1)', () => {
    for (const method of ['get', 'PURGE', 'M-SEARCH', 'X_y!'])
      assert.equal(one(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`).head.method, method);
  });

  test('lets one empty line pass in front of a request, and no more (RFC 9112 §2.2)', () => {
    assert.equal(one('\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n').complete, true);
    assert.equal(codeOf('\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'), 'bad_request');
    assert.equal(codeOf('\nGET / HTTP/1.1\r\nHost: a\r\n\r\n'), 'bad_request');
  });

  test('removes what belongs to the connection (RFC 9110 §7.6.1)', () => {
    const { head } = get(
      'Connection: X-One, close\r\nX-One: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\n' +
        'TE: trailers\r\nHTTP2-Settings: AAMAAABkAAQ\r\nX-Two: 2\r\nConnection: ,x-three,\r\nX-Three: 3\r\n',
    );
    assert.deepEqual(head.fields.entries, ['x-two', '2']);
    assert.equal(head.acceptsTrailers, true);
  });

  test('finds trailers among other codings in TE, and nothing in HTTP/1.0 (RFC 9110 §10.1.4)', () => {
    assert.equal(get('TE: gzip;q=0.5, Trailers\r\n').head.acceptsTrailers, true);
    assert.equal(get('TE: gzip\r\n').head.acceptsTrailers, false);
    assert.equal(one('GET / HTTP/1.0\r\nTE: trailers\r\n\r\n').head.acceptsTrailers, false);
  });

  test('shares the strings of known names', () => {
    const names = get('USER-AGENT: a\r\naccept: b\r\nX-Forwarded-For: c\r\n').head.fields.entries.filter(
      (_, i) => i % 2 === 0,
    );
    assert.deepEqual(names, ['user-agent', 'accept', 'x-forwarded-for']);
  });
});

describe('RequestDecoder reads targets (RFC 9112 §3.2)', () => {
  test('absolute form overrides Host', () => {
    const { head } = get('', 'HTTPS://Other.example:444/p?q');
    assert.equal(head.authority, 'other.example:444');
    assert.equal(head.scheme, 'https');
    assert.equal(head.path, '/p');
    assert.equal(head.query, '?q');
  });

  test('absolute form without path is the root, or the server for OPTIONS (§3.2.1, §3.2.4)', () => {
    assert.equal(get('', 'http://b').head.path, '/');
    assert.equal(get('', 'http://b?q').head.query, '?q');
    assert.equal(one('OPTIONS http://b HTTP/1.1\r\nHost: a\r\n\r\n').head.path, '*');
    assert.equal(one('OPTIONS http://b?q HTTP/1.1\r\nHost: a\r\n\r\n').head.path, '/');
  });

  test('absolute form still needs a valid Host (§3.2)', () => {
    assert.equal(codeOf('GET http://b/ HTTP/1.1\r\n\r\n'), 'bad_request');
    assert.equal(codeOf('GET http://b/ HTTP/1.1\r\nHost: a b\r\n\r\n'), 'bad_request');
  });

  test('refuses other schemes, userinfo and empty authorities', () => {
    for (const target of ['ftp://b/', 'http://u@b/', 'http:///x', 'http:/x', 'x', 'http://b:99999/', '//']) {
      const expected = target === '//' ? undefined : 'bad_request';
      assert.equal(codeOf(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`), expected, target);
    }
  });

  test('asterisk form is for OPTIONS alone', () => {
    assert.equal(one('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n').head.path, '*');
    assert.equal(codeOf('GET * HTTP/1.1\r\nHost: a\r\n\r\n'), 'bad_request');
  });

  test('authority form is for CONNECT alone, with a port', () => {
    const { head } = one('CONNECT [::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n');
    assert.equal(head.authority, '[::1]:443');
    assert.equal(head.path, '');
    for (const target of ['b', '/', 'b:', 'http://b:1/'])
      assert.equal(codeOf(`CONNECT ${target} HTTP/1.1\r\nHost: a\r\n\r\n`), 'bad_request');
    assert.equal(codeOf('GET b:443 HTTP/1.1\r\nHost: a\r\n\r\n'), 'bad_request');
  });

  test('refuses what is not visible ASCII, and fragments', () => {
    for (const target of ['/#f', '/\x00', '/\x7f', '/\xc3\xa9', '/\xc0\xaf', '/a\tb', '']) {
      assert.equal(codeOf(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`), 'bad_request', JSON.stringify(target));
    }
  });
});

describe('RequestDecoder reads framing (RFC 9112 §6)', () => {
  test('counts the octets of Content-Length', () => {
    const { head, body } = post('Content-Length: 5\r\n', 'hello');
    assert.equal(head.bodyLength, 5);
    assert.equal(body, 'hello');
    assert.equal(head.fields.size, 0);
  });

  test('reads chunks, their extensions and trailers (§7.1)', () => {
    const message = post(
      'Transfer-Encoding: Chunked\r\n',
      '5;a;b=c;d="e;\\"f"\r\nhello\r\n00A\r\n0123456789\r\n0;x\r\nX-Sum: 1\r\nAge: 3\r\n\r\n',
    );
    assert.equal(message.head.bodyLength, -1);
    assert.equal(message.body, 'hello0123456789');
    assert.deepEqual(message.trailers?.entries, ['x-sum', '1']);
  });

  test('has no content without framing', () => {
    const log = readRequests('POST / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    assert.deepEqual(
      log.messages.map(({ head }) => head.path),
      ['/', '/2'],
    );
  });

  test('stops behind each message and keeps what follows', () => {
    const decoder = new RequestDecoder({ head() {}, body() {}, end() {} });
    const wire = Buffer.from('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET');
    assert.equal(decoder.idle, true);
    assert.equal(decoder.decode(wire, 0, wire.length), wire.length - 3);
    assert.equal(decoder.complete, true);
    assert.equal(decoder.idle, false);
    assert.equal(decoder.decode(wire, wire.length - 3, wire.length), 0);
    decoder.next();
    assert.equal(decoder.idle, true);
    assert.equal(decoder.decode(wire, wire.length - 3, wire.length), 3);
    assert.equal(decoder.idle, false);
    assert.equal(decoder.finish(), false);
    assert.equal(decoder.failure?.code, 'downstream_closed');
  });

  test('gives no trailers of an earlier message', () => {
    const chunked = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-T: 1\r\n\r\n';
    const log = readRequests(`${chunked}GET / HTTP/1.1\r\nHost: a\r\n\r\n`);
    assert.deepEqual(
      log.messages.map(({ trailers }) => trailers?.entries),
      [['x-t', '1'], undefined],
    );
  });
});

describe('RequestDecoder reads what the client wants of the connection', () => {
  test('keepAlive follows version and Connection (RFC 9112 §9.3)', () => {
    assert.equal(get('').keepAlive, true);
    assert.equal(get('Connection: Close\r\n').keepAlive, false);
    assert.equal(get('Connection: keep-alive, close\r\n').keepAlive, false);
    assert.equal(one('GET / HTTP/1.0\r\n\r\n').keepAlive, false);
    assert.equal(one('GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n').keepAlive, true);
    assert.equal(one('GET / HTTP/1.0\r\nProxy-Connection: keep-alive\r\n\r\n').keepAlive, false);
  });

  test('upgrade needs Connection, HTTP/1.1 and no content, and is never h2c (RFC 9110 §7.8)', () => {
    const offer = 'Upgrade: WebSocket\r\n';
    assert.equal(get(`Connection: Upgrade\r\n${offer}`).head.upgrade, 'websocket');
    assert.equal(get(`Connection: Upgrade\r\nUpgrade: h2c, foo/2\r\n`).head.upgrade, 'foo/2');
    assert.equal(get(offer).head.upgrade, '');
    assert.equal(get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n').head.upgrade, '');
    assert.equal(one(`GET / HTTP/1.0\r\nConnection: Upgrade\r\n${offer}\r\n`).head.upgrade, '');
    assert.equal(post(`Connection: Upgrade\r\n${offer}Content-Length: 1\r\n`, 'x').head.upgrade, '');
    assert.equal(get(`Connection: Upgrade\r\nUpgrade: a b\r\n`).head.upgrade, '');
  });

  test('expectsContinue for content in HTTP/1.1; other expectations fail (RFC 9110 §10.1.1)', () => {
    assert.equal(post('Expect: 100-Continue\r\nContent-Length: 1\r\n', 'x').head.expectsContinue, true);
    assert.equal(get('Expect: 100-continue\r\n').head.expectsContinue, false);
    assert.equal(
      one('POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx').head.expectsContinue,
      false,
    );
    assert.equal(codeOfGet('Expect: 200-ok\r\n'), 'expectation_failed');
  });
});

describe('RequestDecoder refuses', () => {
  const cases: Readonly<Record<string, readonly [wire: string, code: string]>> = {
    'two spaces in the request line': ['GET  / HTTP/1.1\r\nHost: a\r\n\r\n', 'bad_request'],
    'a space at the end of the request line': ['GET / HTTP/1.1 \r\nHost: a\r\n\r\n', 'bad_request'],
    'a tab in the request line': ['GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n', 'bad_request'],
    'no version': ['GET /\r\n', 'bad_request'],
    'a version in lower case': ['GET / http/1.1\r\nHost: a\r\n\r\n', 'bad_request'],
    'HTTP/2.0': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 'version_not_supported'],
    'HTTP/1.2': ['GET / HTTP/1.2\r\nHost: a\r\n\r\n', 'version_not_supported'],
    'HTTP/1.10': ['GET / HTTP/1.10\r\nHost: a\r\n\r\n', 'bad_request'],
    'an empty field name': ['GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n', 'bad_request'],
    'no Host': ['GET / HTTP/1.1\r\n\r\n', 'bad_request'],
    'an empty Host': ['GET / HTTP/1.1\r\nHost: \r\n\r\n', 'bad_request'],
    'a Host with a bad port': ['GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n', 'bad_request'],
    'two Hosts in HTTP/1.0': ['GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n', 'bad_request'],
    'content of CONNECT': ['CONNECT a:1 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n', 'bad_request'],
    'content of TRACE': ['TRACE / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', 'bad_request'],
    'an unknown coding': [
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n',
      'coding_not_supported',
    ],
    'a length above 2^53-1': [
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9007199254740993\r\n\r\n',
      'content_too_large',
    ],
    'a Connection that is no list': ['GET / HTTP/1.1\r\nHost: a\r\nConnection: a b\r\n\r\n', 'bad_request'],
  };
  for (const [name, [wire, code]] of Object.entries(cases)) {
    test(name, () => {
      const log = readRequests(wire);
      assert.equal(log.failure?.code, code);
      assert.equal(log.failure?.origin, 'downstream');
      assert.equal(log.failure?.scope, 'connection');
      assert.equal(log.messages.length, 0);
    });
  }

  test('a broken line end as soon as it comes, not when the head is whole', () => {
    for (const wire of [
      'GET / HTTP/1.1\n',
      'GET / HTTP/1.1\r\nHost: a\n',
      'GET / HTTP/1.1\r\nHost: a\rX',
      'GET / HTTP/1.1\r\nA: b\r\n\rX',
    ]) {
      for (const sizes of [[], [1]]) assert.equal(readRequests(wire, sizes).failure?.code, 'bad_request', wire);
    }
  });

  test('control characters and non-ASCII in names', () => {
    for (const c of ['\x00', '\x01', '\x1f', '\x7f', '\x80', '\xff', '(', '"', '/', '[', ' ', '\t']) {
      assert.equal(codeOfGet(`A${c}B: c\r\n`), 'bad_request', JSON.stringify(c));
    }
  });

  test('control characters in values', () => {
    for (const c of ['\x00', '\x01', '\x08', '\x0b', '\x1f', '\x7f'])
      assert.equal(codeOfGet(`A: b${c}c\r\n`), 'bad_request', JSON.stringify(c));
  });

  test('all that follows a failure', () => {
    const decoder = new RequestDecoder({ head() {}, body() {}, end() {} });
    const wire = Buffer.from('\n');
    decoder.decode(wire, 0, 1);
    assert.notEqual(decoder.failure, null);
    assert.equal(decoder.decode(wire, 0, 1), 0);
    decoder.next();
    assert.equal(decoder.decode(wire, 0, 1), 0);
    assert.equal(decoder.finish(), false);
  });
});

describe('RequestDecoder keeps to its limits', () => {
  const codeWith = (wire: string, limits: object, sizes: number[] = []) =>
    readRequests(wire, sizes, { ...DEFAULT_HTTP1_LIMITS, ...limits }).failure?.code;
  const head = (lines: string) => `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`;

  test('of a head, to the octet', () => {
    const wire = head('A: 1234\r\n');
    for (const sizes of [[], [1]]) {
      assert.equal(codeWith(wire, { fieldBytes: wire.length }, sizes), undefined);
      assert.equal(codeWith(wire, { fieldBytes: wire.length - 1 }, sizes), 'fields_too_large');
    }
  });

  test('of field lines, to the line', () => {
    assert.equal(codeWith(head('A: b\r\nC: d\r\n'), { fieldCount: 3 }), undefined);
    assert.equal(codeWith(head('A: b\r\nC: d\r\n'), { fieldCount: 2 }), 'fields_too_large');
    assert.equal(codeWith(head('a: b\r\n'.repeat(150)), { fieldCount: 200 }), undefined);
  });

  test('of target and method, to the octet', () => {
    assert.equal(codeWith('GET /123 HTTP/1.1\r\nHost: a\r\n\r\n', { targetBytes: 4 }), undefined);
    assert.equal(codeWith('GET /1234 HTTP/1.1\r\nHost: a\r\n\r\n', { targetBytes: 4 }), 'target_too_long');
    assert.equal(codeWith('GETS / HTTP/1.1\r\nHost: a\r\n\r\n', { methodBytes: 3 }), 'bad_request');
  });

  test('of a method or target that never ends, long before that of the head', () => {
    assert.equal(codeOf('A'.repeat(33)), 'bad_request');
    assert.equal(codeOf(`GET /${'a'.repeat(16384)}`), 'target_too_long');
    assert.equal(readRequests('A'.repeat(4096), [1]).failure?.code, 'bad_request');
  });

  test('of trailers and chunk extensions', () => {
    const wire = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    for (const sizes of [[], [1]]) {
      assert.equal(
        codeWith(`${wire}0\r\nA: ${'b'.repeat(100)}\r\n\r\n`, { fieldBytes: 99 }, sizes),
        'fields_too_large',
      );
      assert.equal(codeWith(`${wire}0\r\nA: b\r\nA: b\r\nA: b\r\n\r\n`, { fieldCount: 2 }, sizes), 'fields_too_large');
      assert.equal(
        codeWith(`${wire}1;a=b\r\nx\r\n1;a=b\r\nx\r\n0\r\n\r\n`, { chunkExtensionBytes: 7 }, sizes),
        'bad_request',
      );
      assert.equal(
        codeWith(`${wire}1;a=b\r\nx\r\n1;a=b\r\nx\r\n0\r\n\r\n`, { chunkExtensionBytes: 8 }, sizes),
        undefined,
      );
    }
  });
});

const MESSAGES = [
  'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /x?y HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nX: y\r\n\r\n1234567',
  'PUT /z HTTP/1.1\r\nHost: b:1\r\nTransfer-Encoding: chunked\r\n\r\n3;e="v"\r\nabc\r\n1\r\n\n\r\n0\r\nX-T: u\r\n\r\n',
  'PUT /w HTTP/1.1\r\nHost: b:1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  '\r\nOPTIONS * HTTP/1.1\r\nHost: c\r\nConnection: x\r\nX: 1\r\n\r\n',
];

describe('RequestDecoder, for all inputs', () => {
  test('says the same however the octets are split', () => {
    const parts = fc.array(fc.constantFrom(...MESSAGES), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(
        parts,
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 30 }),
        (messages, sizes) => {
          const wire = messages.join('');
          assert.deepEqual(readRequests(wire, sizes), readRequests(wire));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('never throws, and fails or not however mutated octets are split', () => {
    const mutation = fc.tuple(
      fc.nat(400),
      fc.constantFrom('', ' ', '\r', '\n', '\r\n', '\0', ':', ',', ';', '0', 'é', 'chunked'),
      fc.nat(3),
    );
    fc.assert(
      fc.property(
        fc.array(mutation, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 9 }),
        (mutations, size) => {
          let wire = MESSAGES.join('');
          for (const [at, text, cut] of mutations) wire = wire.slice(0, at) + text + wire.slice(at + cut);
          const whole = readRequests(wire);
          const split = readRequests(wire, [size]);
          assert.deepEqual(split.messages, whole.messages);
          assert.equal(split.failure === null, whole.failure === null);
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('never throws at random octets', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 1, max: 50 }), (octets, size) => {
        const log = readRequests(Buffer.from(octets), [size]);
        assert.ok(log.messages.length === 0 || log.messages[0]!.head.method.length > 0);
      }),
      { numRuns: 500 },
    );
  });

  test('costs no more than linear time octet by octet', () => {
    const wire = `GET / HTTP/1.1\r\nHost: a\r\n${`A: ${'b'.repeat(600)}\r\n`.repeat(98)}\r\n`;
    const started = process.cpuUsage();
    assert.equal(readRequests(wire, [1]).failure, null);
    const spent = process.cpuUsage(started);
    // 59 KB one by one: rescans of all that came before take more than a second.
    assert.ok(spent.user + spent.system < 400_000, `${spent.user} µs`);
  });
});
