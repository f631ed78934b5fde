import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ERROR_TABLE, type ErrorCode } from '#errors/error-table.ts';
import { ProxyError } from '#errors/proxy-error.ts';
import { Fields } from '#http/fields.ts';
import { RequestHead } from '#http/head.ts';
import { isFieldValue } from '#http/token.ts';
import type { Answer } from './answer.ts';
import { createAnswerHead, renderError } from './answer-renderer.ts';

const CODES = Object.keys(ERROR_TABLE) as ErrorCode[];
const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

const render = (code: ErrorCode, fields: string[] = [], detail = '', requestId = 'id-1'): Answer => {
  const request = new RequestHead('GET', '/', 'example.com', '/', '', new Fields(fields), 11);
  return renderError(new ProxyError(code, 'upstream', 'stream', { detail, cause: 'ECONNREFUSED 10.0.0.9:80' }), {
    request,
    requestId,
  });
};

test('renderError writes problem details for every code, never its cause (RFC 9457)', () => {
  for (const code of CODES) {
    const { status, fields, body } = render(code, ['traceparent', TRACEPARENT]);
    const { title, detail } = ERROR_TABLE[code];
    assert.equal(status, ERROR_TABLE[code].status);
    assert.equal(fields.get('content-type'), 'application/problem+json');
    assert.equal(fields.get('cache-control'), 'no-store');
    assert.deepEqual(JSON.parse(body!), {
      type: `https://selvage.dev/errors/${code}`,
      title,
      status,
      detail,
      code,
      trace: { requestId: 'id-1', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' },
    });
  }
});

test('renderError tells a detail of the occurrence where there is one', () => {
  assert.equal(JSON.parse(render('bad_path', [], 'dot segments').body!).detail, 'dot segments');
});

test('renderError names the policy that refused, to programs and to people', () => {
  const error = new ProxyError('access_denied', 'local', 'stream', { policy: 'AuthorizationPolicy/shop/staff' });
  const ask = (accept: string) => {
    const request = new RequestHead('GET', '/', 'example.com', '/', '', new Fields(['accept', accept]), 11);
    return renderError(error, { request, requestId: 'id-1' });
  };
  assert.equal(JSON.parse(ask('*/*').body!).policy, 'AuthorizationPolicy/shop/staff');
  assert.match(ask('text/plain').body!, /^policy: AuthorizationPolicy\/shop\/staff$/m);
  assert.equal('policy' in JSON.parse(render('bad_path').body!), false);
});

for (const traceparent of ['', 'garbage', TRACEPARENT.toUpperCase(), TRACEPARENT.slice(0, 40)]) {
  test(`renderError leaves the trace id out when traceparent is '${traceparent}'`, () => {
    assert.deepEqual(JSON.parse(render('internal', ['traceparent', traceparent]).body!).trace, { requestId: 'id-1' });
  });
}

test('renderError says when to come back where the table does, and what is allowed with 405', () => {
  assert.equal(render('no_healthy_upstream').fields.get('retry-after'), '1');
  assert.equal(render('upstream_timeout').fields.get('retry-after'), undefined);
  assert.equal(render('method_not_supported').fields.get('allow'), 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS');
  assert.equal(render('route_not_found').fields.get('allow'), undefined);
});

const TYPES: readonly (readonly [accept: string, type: string])[] = [
  ['*/*', 'application/problem+json'],
  ['application/json', 'application/problem+json'],
  ['application/json, text/plain, */*', 'application/problem+json'],
  ['application/json;q=0.4, text/plain;q=0.5', 'text/plain; charset=utf-8'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 'text/html; charset=utf-8'],
  ['text/plain', 'text/plain; charset=utf-8'],
  ['image/png', 'application/problem+json'],
];

for (const [accept, type] of TYPES) {
  test(`renderError answers in ${type} to whoever accepts ${accept}`, () => {
    const { fields, body } = render('route_not_found', ['accept', accept]);
    assert.equal(fields.get('content-type'), type);
    assert.match(body!, /No route/);
    assert.match(body!, /route_not_found/);
    assert.match(body!, /id-1/);
  });
}

test('renderError escapes what is not its own in HTML', () => {
  const body = render('bad_path', ['accept', 'text/html'], `<script>"&'`, '"><img>').body!;
  assert.match(body, /&lt;script&gt;&quot;&amp;&#39;/);
  assert.match(body, /&quot;&gt;&lt;img&gt;/);
  assert.doesNotMatch(body, /<script|<img/);
});

const GRPC_TYPES: readonly (readonly [request: string, answer: string])[] = [
  ['application/grpc', 'application/grpc'],
  ['application/grpc+proto', 'application/grpc'],
  ['application/grpc-web+proto', 'application/grpc-web'],
  ['application/grpc-web-text', 'application/grpc-web-text'],
];

for (const [request, answer] of GRPC_TYPES) {
  test(`renderError answers ${request} with a gRPC status and nothing else`, () => {
    const rendered = render('upstream_timeout', ['content-type', request, 'accept', 'text/html'], '100% späť\n');
    assert.equal(rendered.status, 200);
    assert.equal(rendered.body, null);
    assert.deepEqual(rendered.fields.entries, [
      'content-type',
      answer,
      'grpc-status',
      '4',
      'grpc-message',
      '100%25 sp%C3%A4%C5%A5%0A',
    ]);
  });
}

test('renderError answers no other type as gRPC', () => {
  for (const type of ['application/grpcx', 'application/json', 'text/application/grpc']) {
    assert.equal(render('upstream_timeout', ['content-type', type]).status, 504);
  }
});

test('renderError makes a valid gRPC message of any detail', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (detail) => {
      const message = render('bad_request', ['content-type', 'application/grpc'], detail).fields.get('grpc-message')!;
      assert.ok(isFieldValue(message) && /^[ -~]*$/.test(message));
      if (detail !== '') assert.equal(decodeURIComponent(message), detail.toWellFormed());
    }),
  );
});

test('createAnswerHead tells the length in octets, and to HEAD without content (RFC 9110 §9.3.2)', () => {
  const answer: Answer = { status: 404, fields: new Fields(['x', 'y']), body: 'größe' };
  const toGet = createAnswerHead(answer, 'GET');
  assert.deepEqual([toGet.status, toGet.bodyLength, toGet.declaredLength, toGet.fields], [404, 7, -1, answer.fields]);
  const toHead = createAnswerHead(answer, 'HEAD');
  assert.deepEqual([toHead.bodyLength, toHead.declaredLength], [0, 7]);
  const empty = createAnswerHead({ ...answer, body: null }, 'GET');
  assert.deepEqual([empty.bodyLength, empty.declaredLength], [0, -1]);
});

test('every field that renderError makes is valid', () => {
  for (const code of CODES) {
    for (const value of render(code).fields.entries) assert.ok(isFieldValue(value), value);
  }
});
