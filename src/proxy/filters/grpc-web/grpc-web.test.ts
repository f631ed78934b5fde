import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Base64Decoder, encodeBase64 } from '#codec/grpc/base64.ts';
import type { ProxyError } from '#errors/proxy-error.ts';
import type { BodySink } from '#http/body.ts';
import { Fields } from '#http/fields.ts';
import { RequestHead, ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { Exchange, type DownstreamStream } from '../../exchange/exchange.ts';
import { RequestBody } from '../../exchange/request-body.ts';
import { createTestExchange } from '../testing/exchange.ts';
import { translateGrpcWeb } from './grpc-web.ts';

/** Takes content; a downstream stream and a sink towards a backend alike. */
class Taken implements DownstreamStream {
  readonly chunks: Buffer[] = [];
  trailers: Fields | null | undefined;
  failure: ProxyError | null = null;

  write(chunk: Uint8Array): boolean {
    this.chunks.push(Buffer.from(chunk));
    return true;
  }

  end(trailers: Fields | null): void {
    this.trailers = trailers;
  }

  abort(error: ProxyError): void {
    this.failure = error;
  }

  inform(): void {}

  respond(): void {}

  get content(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

const createExchange = (mediaType: string, downstream: DownstreamStream, bodyLength = 100): Exchange => {
  const request = new RequestHead(
    'POST',
    '/a.B/C',
    'a',
    '/a.B/C',
    '',
    new Fields(['content-type', mediaType, 'x-grpc-web', '1']),
    11,
  );
  request.bodyLength = bodyLength;
  const exchange = new Exchange(request, createTestExchange().peer, downstream, 'a', 0);
  exchange.requestBody = new RequestBody({ pause: () => {}, resume: () => {} });
  return exchange;
};

const refuseNothing = (): void => assert.fail('refused');

/** Writes `content` in pieces that end where `cuts` say. */
const writeIn = (sink: BodySink, content: Buffer, cuts: readonly number[]): void => {
  let at = 0;
  for (const cut of [...cuts, content.length]) {
    sink.write(content.subarray(at, at + cut));
    at += cut;
  }
};

const cuts = fc.array(fc.nat(9), { maxLength: 20 });

test('translateGrpcWeb makes a gRPC request of it', () => {
  const exchange = createExchange('application/grpc-web-text+proto', new Taken());
  translateGrpcWeb(exchange, refuseNothing);
  assert.deepEqual(exchange.request.fields.entries, ['content-type', 'application/grpc+proto']);
  assert.deepEqual([exchange.request.acceptsTrailers, exchange.request.bodyLength], [true, UNKNOWN_LENGTH]);
  const binary = createExchange('application/grpc-web', new Taken());
  translateGrpcWeb(binary, refuseNothing);
  assert.equal(binary.request.bodyLength, 100);
});

test('text of a request reaches the backend decoded, wherever it is split', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), cuts, (content, at) => {
      const exchange = createExchange('application/grpc-web-text', new Taken());
      translateGrpcWeb(exchange, refuseNothing);
      const backend = new Taken();
      exchange.requestBody!.connect(backend);
      writeIn(exchange.requestBody!, encodeBase64(content), at);
      exchange.requestBody!.end(null);
      assert.deepEqual(backend.content, Buffer.from(content));
      assert.equal(backend.trailers, null);
    }),
  );
});

for (const text of ['AAA', 'AA=A', '!']) {
  test(`text that ends or goes on as ${text} is refused, once`, () => {
    const refusals: ProxyError[] = [];
    const exchange = createExchange('application/grpc-web-text', new Taken());
    translateGrpcWeb(exchange, (error) => refusals.push(error));
    const backend = new Taken();
    exchange.requestBody!.connect(backend);
    exchange.requestBody!.write(Buffer.from(text));
    exchange.requestBody!.write(Buffer.from(text));
    exchange.requestBody!.end(null);
    assert.deepEqual(
      refusals.map(({ code }) => code),
      ['bad_request'],
    );
    assert.equal(backend.trailers, undefined);
  });
}

for (const mediaType of ['application/grpc-web', 'application/grpc-web-text']) {
  test(`a response of gRPC becomes one of ${mediaType}, wherever it is split`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), cuts, (content, at) => {
        const client = new Taken();
        const exchange = createExchange(mediaType, client);
        translateGrpcWeb(exchange, refuseNothing);
        const head = new ResponseHead(200, new Fields(['content-type', 'application/grpc']), UNKNOWN_LENGTH);
        exchange.translation!.translate(head, false);
        assert.equal(head.fields.first('content-type'), mediaType);
        writeIn(exchange.responseSink, Buffer.from(content), at);
        exchange.responseSink.end(new Fields(['grpc-status', '0']));
        const got = mediaType.endsWith('text') ? new Base64Decoder().decode(client.content) : client.content;
        const trailers = '\x80\x00\x00\x00\x10grpc-status: 0\r\n';
        assert.deepEqual(got, Buffer.concat([content, Buffer.from(trailers, 'latin1')]));
        assert.equal(client.trailers, null);
        assert.equal(exchange.responseTrailers?.first('grpc-status'), '0');
      }),
    );
  });
}

test('a response that is no gRPC passes as it is', () => {
  const client = new Taken();
  const exchange = createExchange('application/grpc-web-text', client);
  translateGrpcWeb(exchange, refuseNothing);
  const head = new ResponseHead(503, new Fields(['content-type', 'text/html']), 4);
  exchange.translation!.translate(head, false);
  exchange.responseSink.write(Buffer.from('down'));
  exchange.responseSink.end(null);
  assert.deepEqual([head.bodyLength, client.content.toString()], [4, 'down']);
});

test('the status of a call is exposed where CORS lets a page read the response, and only there', () => {
  const exchange = createExchange('application/grpc-web', new Taken());
  translateGrpcWeb(exchange, refuseNothing);
  const expose = (fields: string[]): string | undefined => {
    const head = new ResponseHead(200, new Fields(fields), 0);
    exchange.translation!.expose(head);
    return head.fields.get('access-control-expose-headers');
  };
  assert.equal(expose([]), undefined);
  assert.match(expose(['access-control-allow-origin', '*'])!, /^grpc-status, grpc-message/);
  assert.match(
    expose(['access-control-allow-origin', '*', 'access-control-expose-headers', 'x-a'])!,
    /^x-a, grpc-status/,
  );
  assert.equal(expose(['access-control-allow-origin', '*', 'access-control-expose-headers', '*']), '*');
});
