import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import net, { type AddressInfo, type Socket } from 'node:net';
import { test, type TestContext } from 'node:test';
import { RequestHead, ResponseHead, UNKNOWN_LENGTH } from '#http/head.ts';
import { fields } from './testing/frames.ts';
import { Recording } from './testing/recording.ts';

/* With Node's own HTTP/2 (nghttp2) at the other end, over loopback. */

/** Joins a connection and a socket. */
function attach(recording: Recording, socket: Socket): () => void {
  const flush = () => {
    const octets = recording.takeOctets();
    if (octets.length > 0 && socket.writable) socket.write(octets);
  };
  socket.on('data', (chunk: Buffer) => {
    recording.receive(chunk);
    flush();
  });
  socket.on('error', () => {});
  flush();
  return flush;
}

async function listen(t: TestContext, server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test('Http2Connection serves nghttp2: heads, content both ways under pressure, trailers', async (t) => {
  const port = await listen(
    t,
    net.createServer((socket) => {
      const server = new Recording('server', { streamWindowBytes: 65_535, connectionWindowBytes: 100_000 });
      server.onOpened = (call) => {
        const head = new ResponseHead(200, fields('x-path', call.request!.path, 'set-cookie', 'a=b'), UNKNOWN_LENGTH);
        call.stream!.respond(head, false);
        call.onBody = () => {
          call.wantsMore = call.stream!.write(Buffer.from(call.content, 'latin1'));
          call.content = '';
        };
        call.onWritable = () => {
          call.wantsMore = true;
          call.stream!.resume();
          if (call.complete) call.stream!.end(fields('x-sum', '1'));
        };
        call.onEnd = () => call.stream!.end(fields('x-sum', '1'));
        if (call.complete) call.stream!.end(null);
      };
      attach(server, socket);
    }),
  );
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => session.destroy());
  const echo = async (path: string, content: Buffer | null) => {
    const request = session.request({
      ':path': path,
      ':method': content === null ? 'GET' : 'POST',
      cookie: 'a=1; b=2',
    });
    let trailers: unknown;
    request.on('trailers', (received) => (trailers = received['x-sum']));
    request.end(content ?? undefined);
    const [head] = (await once(request, 'response')) as [http2.IncomingHttpHeaders];
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    assert.deepEqual([head[':status'] as unknown, head['x-path']], [200, path]);
    return { content: Buffer.concat(chunks), trailers };
  };
  const large = Buffer.alloc(1_000_000, 'abcdefg');
  const answers = await Promise.all([echo('/none', null), echo('/small', Buffer.from('hi')), echo('/large', large)]);
  assert.deepEqual(
    answers.map(({ content }) => content.length),
    [0, 2, large.length],
  );
  assert.ok(answers[2].content.equals(large));
  assert.deepEqual(
    answers.map(({ trailers }) => trailers),
    [undefined, '1', '1'],
  );
  for (let i = 0; i < 50; i++) await echo(`/again/${i}`, null);
});

test('Http2Connection asks nghttp2: heads, content both ways under pressure, trailers, ping', async (t) => {
  const server = http2.createServer();
  server.on('stream', (stream: http2.ServerHttp2Stream, head: http2.IncomingHttpHeaders) => {
    stream.respond({ ':status': 201, 'x-path': String(head[':path']) }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '1' }));
    stream.pipe(stream);
  });
  const port = await listen(t, server);
  const socket = net.connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  const client = new Recording('client', { streamWindowBytes: 65_535 });
  const flush = attach(client, socket);
  const until = async (condition: () => boolean) => {
    while (!condition()) await once(socket, 'data');
  };
  await until(() => client.settingsCount > 0);
  const calls = Array.from({ length: 20 }, (_, i) => {
    const head = new RequestHead('POST', '', '127.0.0.1', `/${i}`, '?q', fields('x-n', `${i}`), 20);
    head.bodyLength = UNKNOWN_LENGTH;
    const call = client.request(head, false);
    call.stream!.write(Buffer.alloc(i * 10_000, 'x'));
    call.stream!.end(null);
    return call;
  });
  client.connection.ping();
  flush();
  await until(() => calls.every(({ complete }) => complete));
  calls.forEach((call, i) => {
    assert.deepEqual([call.response!.status, call.response!.fields.get('x-path')], [201, `/${i}?q`]);
    assert.deepEqual([call.content.length, call.trailers!.get('x-sum')], [i * 10_000, '1']);
  });
  assert.deepEqual([client.pings, client.connection.openStreams, client.failure], [1, 0, null]);
});
