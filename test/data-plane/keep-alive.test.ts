import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startPair, TestGateway } from './testing/gateway.ts';
import { until, type Peer } from './testing/peer.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Answers every request without content with its own path. */
const echoPaths = (server: Peer): void => {
  let text = '';
  server.socket.on('data', (chunk: Buffer) => {
    text += chunk.latin1Slice(0, chunk.length);
    for (let end = text.indexOf('\r\n\r\n'); end !== -1; end = text.indexOf('\r\n\r\n')) {
      const path = text.split(' ', 2)[1]!;
      text = text.slice(end + 4);
      server.send(`HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}`);
    }
  });
};

test('a request goes to the backend and its response comes back', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('GET /a?b=c HTTP/1.1\r\nHost: Shop.example:81\r\nAccept: x\r\n\r\n');
  const server = await origin.accept();
  const head = await server.readHead();
  assert.match(head, /^GET \/a\?b=c HTTP\/1\.1\r\nhost: shop\.example:81\r\naccept: x\r\n/);
  server.send(OK);
  const { head: answer, body } = await client.readMessage();
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.equal(body, 'ok');
  const record = await gateway.recorded(1);
  assert.equal(record.response?.status, 200);
  assert.equal(record.error, null);
  client.end();
  assert.equal(await client.readToEnd(), '');
  await gateway.atRest();
});

test('pipelined requests are answered in order, however many come in one packet (RFC 9112 §9.3.2)', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  const count = 500;
  origin.serve(echoPaths);
  client.send(Array.from({ length: count }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''));
  for (let i = 0; i < count; i++) assert.equal((await client.readMessage()).body, `/${i}`);
  assert.equal(origin.peers.length, 1, 'one at a time, on one connection');
  client.end();
  await gateway.recorded(count);
  await gateway.atRest();
});

test('a pipelined request waits for the response before it', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
  const server = await origin.accept();
  assert.match(await server.readHead(), /^GET \/1 /);
  server.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no');
  await client.read('\r\n\r\no');
  assert.equal(server.unread, '');
  server.send('k');
  assert.match(await server.readHead(), /^GET \/2 /);
  server.send(OK);
  await client.readMessage();
});

test('a client that pipelines and reads nothing is not read from for ever', async (t) => {
  const gateway = await TestGateway.start(t, {});
  const client = await gateway.dial();
  client.socket.pause();
  const batch = REQUEST.repeat(2000);
  let accepted = 0;
  for (let i = 0; i < 400 && client.socket.writableLength < 4 * batch.length; i++) {
    client.socket.write(batch);
    accepted = client.socket.bytesWritten - client.socket.writableLength;
    await new Promise((resolve) => setImmediate(resolve));
  }
  await until('the gateway stops reading', () => client.socket.writableLength > 0);
  // Answers are eight times as long as these requests: 21 MB were sent, and far less was taken.
  assert.ok(accepted < 16 * 1024 * 1024, `${accepted} octets of requests taken`);
  const answered = gateway.records.length;
  client.socket.resume();
  await until('it goes on when the client reads', () => gateway.records.length > answered);
  client.reset();
  await gateway.atRest();
});

test('the request behind an answer by the gateway itself is taken in the same turn', async (t) => {
  const gateway = await TestGateway.start(t, { backends: [{ cluster: null, weight: 1, filters: [] }] });
  const client = await gateway.dial();
  client.send(REQUEST.repeat(100));
  for (let i = 0; i < 100; i++) assert.match((await client.readMessage()).head, /^HTTP\/1\.1 500 /);
  client.end();
  await client.readToEnd();
  await gateway.recorded(100);
  await gateway.atRest();
});

const PERSISTENCE: readonly { name: string; request: string; closes: boolean; field: RegExp | null }[] = [
  { name: 'HTTP/1.1 persists', request: REQUEST, closes: false, field: null },
  {
    name: 'HTTP/1.1 with close closes',
    request: 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    closes: true,
    field: /connection: close/,
  },
  { name: 'HTTP/1.0 closes', request: 'GET / HTTP/1.0\r\n\r\n', closes: true, field: /connection: close/ },
  {
    name: 'HTTP/1.0 with keep-alive persists',
    request: 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n',
    closes: false,
    field: /connection: keep-alive/,
  },
];
for (const { name, request, closes, field } of PERSISTENCE) {
  test(`${name} (RFC 9112 §9.3)`, async (t) => {
    const { gateway, origin } = await startPair(t);
    const client = await gateway.dial();
    client.send(request);
    const server = await origin.accept();
    await server.readHead();
    server.send(OK);
    const { head } = await client.readMessage();
    if (field === null) assert.doesNotMatch(head, /connection:/);
    else assert.match(head, field);
    if (closes) assert.equal(await client.readToEnd(), '');
    else {
      client.send(request);
      await server.readHead();
      server.send(OK);
      await client.readMessage();
    }
    client.end();
    await gateway.atRest();
  });
}

test('a backend that closes behind its response is not used again', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(REQUEST);
  const first = await origin.accept();
  await first.readHead();
  first.send('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok');
  assert.doesNotMatch((await client.readMessage()).head, /connection/, 'what one hop says is not the other hop’s');
  await first.readToEnd();
  client.send(REQUEST);
  const second = await origin.accept();
  await second.readHead();
  second.send(OK);
  await client.readMessage();
});

for (const [request, response] of [
  ['HEAD / HTTP/1.1', 'HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n'],
  ['HEAD / HTTP/1.1', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n'],
  ['GET / HTTP/1.1', 'HTTP/1.1 204 No Content\r\n\r\n'],
  ['GET / HTTP/1.1', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 1000\r\n\r\n'],
] as const) {
  test(`${request.slice(0, 4).trim()} answered ${response.slice(9, 12)} has no content, and both connections live on`, async (t) => {
    const { gateway, origin } = await startPair(t);
    const client = await gateway.dial();
    client.send(`${request}\r\nHost: a\r\n\r\n`);
    const server = await origin.accept();
    await server.readHead();
    server.send(response);
    const head = await client.readHead();
    assert.equal(head.includes('content-length: 1000'), response.includes('content-length: 1000'));
    client.send(REQUEST);
    await server.readHead();
    server.send(OK);
    assert.equal((await client.readMessage()).body, 'ok');
    client.end();
    await gateway.recorded(2);
    await gateway.atRest();
  });
}

test('HTTP/1.0 gets content of unknown length up to the end of the connection', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  const server = await origin.accept();
  await server.readHead();
  server.send('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n');
  const head = await client.readHead();
  assert.match(head, /connection: close/);
  assert.doesNotMatch(head, /transfer-encoding/);
  assert.equal(await client.readToEnd(), 'ok');
  client.end();
  await gateway.atRest();
});

test('a client may close its half behind its last request and still gets the answer (RFC 9112 §9.6)', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send(REQUEST);
  client.end();
  const server = await origin.accept();
  await server.readHead();
  server.send(OK);
  assert.match(await client.readToEnd(), /connection: close[^]*ok$/);
  await gateway.atRest();
});

test('OPTIONS * is answered by the gateway itself; CONNECT and TRACE are refused', async (t) => {
  const { gateway, origin } = await startPair(t);
  const client = await gateway.dial();
  client.send('OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match(await client.readHead(), /^HTTP\/1\.1 204 /);
  client.send('TRACE / HTTP/1.1\r\nHost: a\r\n\r\n');
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 405 [^]*allow: /);
  client.send('CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n');
  assert.match((await client.readMessage()).head, /^HTTP\/1\.1 405 /);
  client.end();
  await gateway.recorded(3);
  await gateway.atRest();
  assert.equal(origin.peers.length, 0);
});
