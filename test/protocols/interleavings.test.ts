import fc from 'fast-check';
import assert from 'node:assert/strict';
import { constants, type ServerHttp2Stream } from 'node:http2';
import { test } from 'node:test';
import { TestGateway } from '../data-plane/testing/gateway.ts';
import { Http2Caller, Http2Origin, type Call } from './testing/http2-peers.ts';

/*
 * Clients and backends of HTTP/2 that do anything at any time, on streams that share connections. Whatever they do, in the
 * end nothing may be under way, and every exchange must have been recorded once.
 */

const CLIENT_ACTS = ['content', 'content', 'end', 'reset', 'pause', 'resume', 'leave', 'close'] as const;
const SERVER_ACTS = [
  'head',
  'part',
  'part',
  'large',
  'end',
  'end',
  'refuse',
  'reset',
  'hint',
  'pause',
  'resume',
  'goaway',
  'die',
] as const;

const which = fc.nat({ max: 7 });
const step = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('call' as const),
      which,
      kind: fc.constantFrom('get', 'post', 'grpc', 'webSocket'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('client' as const), which, act: fc.constantFrom(...CLIENT_ACTS) }),
  },
  {
    weight: 7,
    arbitrary: fc.record({ type: fc.constant('server' as const), which, act: fc.constantFrom(...SERVER_ACTS) }),
  },
  { weight: 4, arbitrary: fc.constant({ type: 'turn' } as const) },
);

const HEADERS = {
  get: { ':path': '/' },
  post: { ':path': '/', ':method': 'POST' },
  grpc: {
    ':path': '/a.B/C',
    ':method': 'POST',
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': '2S',
  },
  webSocket: { ':path': '/', ':method': 'CONNECT', ':protocol': 'websocket', ':scheme': 'http' },
} as const;

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

const actAsClient = (caller: Http2Caller, { stream }: Call, act: (typeof CLIENT_ACTS)[number]): void => {
  if (act === 'leave') caller.session.destroy();
  else if (act === 'close') caller.session.close();
  else if (act === 'pause') stream.pause();
  else if (act === 'resume') stream.resume();
  else if (act === 'reset') stream.close(constants.NGHTTP2_CANCEL);
  else if (stream.writable && act === 'content') stream.write(Buffer.alloc(1000));
  else if (stream.writable) stream.end();
};

const actAsServer = (stream: ServerHttp2Stream, act: (typeof SERVER_ACTS)[number]): void => {
  if (act === 'goaway') stream.session?.close();
  else if (act === 'die') stream.session?.destroy();
  if (stream.destroyed || stream.closed) return;
  if (act === 'refuse') stream.close(constants.NGHTTP2_REFUSED_STREAM);
  else if (act === 'reset') stream.destroy(new Error('reset'));
  else if (act === 'pause') stream.pause();
  else if (act === 'resume') stream.resume();
  else if (act === 'hint' && !stream.headersSent) stream.additionalHeaders({ ':status': 103 });
  else {
    if (!stream.headersSent) stream.respond({ ':status': 200 });
    if (!stream.writable) return;
    if (act === 'part') stream.write('part');
    else if (act === 'large') stream.write(Buffer.alloc(400_000));
    else if (act === 'end') stream.end();
  }
};

test('whatever the peers do, in the end nothing is under way and every exchange was recorded once', async (t) => {
  const origin = await Http2Origin.start(t, (stream) => void stream.resume(), {
    settings: { enableConnectProtocol: true, maxConcurrentStreams: 5 },
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      const endpoints = [{ port: origin.port }];
      const gateway = await TestGateway.start(t, {
        timeouts: { requestMs: 0 },
        clusters: [{ protocol: 'http2', endpoints }],
      });
      const callers = [0, 1].map(() => new Http2Caller(t, gateway.port));
      await Promise.all(
        callers.map(({ session }) => new Promise((resolve) => session.once('remoteSettings', resolve))),
      );
      const calls: { readonly caller: Http2Caller; readonly call: Call }[] = [];
      const first = origin.streams.length;
      for (const one of steps) {
        if (one.type === 'turn') await turn();
        else if (one.type === 'call') {
          const caller = callers[one.which % 2]!;
          if (caller.session.closed || caller.session.destroyed) continue;
          calls.push({
            caller,
            call: caller.call(HEADERS[one.kind], one.kind === 'get' ? '' : null),
          });
        } else if (one.type === 'client') {
          const chosen = calls[one.which];
          if (chosen !== undefined) actAsClient(chosen.caller, chosen.call, one.act);
        } else {
          const stream = origin.streams[first + one.which];
          if (stream !== undefined) actAsServer(stream, one.act);
        }
      }
      await turn();
      for (const caller of callers) caller.session.destroy();
      await gateway.atRest();
      assert.equal(gateway.load.requests, 0);
      gateway.gateway.destroy();
    }),
    { numRuns: Number(process.env['INTERLEAVINGS'] ?? 60) },
  );
});
