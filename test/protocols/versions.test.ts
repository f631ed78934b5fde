import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { COMBINATIONS, send, startPair, type Serve } from './testing/pairs.ts';

/* What HTTP means does not depend on who speaks which version of it on either side. */

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

const serve: Serve = (request, response) => {
  switch (request.url) {
    case '/empty':
      response.writeHead(204, { 'x-seen': request.method! });
      response.end();
      break;
    case '/unchanged':
      response.writeHead(304, { etag: '"1"' });
      response.end();
      break;
    case '/hints':
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.end('late');
      break;
    case '/sized':
      response.writeHead(200, { 'content-length': '5' });
      response.end(request.method === 'HEAD' ? undefined : 'sized');
      break;
    case '/trailers':
      response.writeHead(200, { trailer: 'x-sum' });
      response.write('body');
      response.addTrailers({ 'x-sum': '42' });
      response.end();
      break;
    default:
      echo(request, response);
  }
};

const echo: Serve = (request, response) => {
  response.writeHead(200, {
    'x-authority': request.headers[':authority'] ?? request.headers.host,
    'x-method': request.method!,
  });
  request.on('data', (chunk: Buffer) => {
    if (!response.write(chunk)) request.pause();
  });
  response.on('drain', () => request.resume());
  request.on('end', () => {
    response.addTrailers({ 'x-echoed': String(request.trailers['x-sent'] ?? '') });
    response.end();
  });
};

for (const [client, server] of COMBINATIONS) {
  const name = `${client} to ${server}:`;

  test(`${name} a request comes back with its method, authority and content`, async (t) => {
    const { gateway } = await startPair(t, server, serve);
    const got = await send(t, client, gateway.port, {
      method: 'POST',
      path: '/echo?a=1',
      headers: { 'x-a': 'b' },
      content: Buffer.from('hello'),
    });
    assert.deepEqual([got.status, got.content.toString(), got.headers['x-method']], [200, 'hello', 'POST']);
    assert.equal(
      got.headers['x-authority'],
      client === 'http1' ? 'localhost:' + gateway.port : '127.0.0.1:' + gateway.port,
    );
    const record = await gateway.recorded(1);
    assert.deepEqual(
      [record.requestBytes, record.responseBytes, record.request.version],
      [5, 5, client === 'http1' ? 11 : 20],
    );
    await gateway.atRest();
  });

  test(`${name} answers without content have none (RFC 9110 §6.4.1)`, async (t) => {
    const { gateway } = await startPair(t, server, serve);
    const head = await send(t, client, gateway.port, { method: 'HEAD', path: '/sized' });
    assert.deepEqual([head.status, head.headers['content-length'], head.content.length], [200, '5', 0]);
    const empty = await send(t, client, gateway.port, { path: '/empty' });
    assert.deepEqual([empty.status, empty.headers['x-seen'], empty.content.length], [204, 'GET', 0]);
    const unchanged = await send(t, client, gateway.port, { path: '/unchanged' });
    assert.deepEqual([unchanged.status, unchanged.headers.etag], [304, '"1"']);
    await gateway.recorded(3);
    await gateway.atRest();
  });

  test(`${name} interim answers pass (RFC 9110 §15.2)`, async (t) => {
    const { gateway } = await startPair(t, server, serve);
    const got = await send(t, client, gateway.port, { path: '/hints' });
    assert.deepEqual([got.status, got.content.toString(), got.interim], [200, 'late', [103]]);
    await gateway.atRest();
  });

  test(`${name} trailers pass both ways (RFC 9110 §6.5)`, async (t) => {
    const { gateway } = await startPair(t, server, serve);
    const response = await send(t, client, gateway.port, { path: '/trailers', headers: { te: 'trailers' } });
    assert.deepEqual([response.content.toString(), response.trailers['x-sum']], ['body', '42']);
    const echoed = await send(t, client, gateway.port, {
      method: 'POST',
      content: Buffer.from('x'),
      trailers: { 'x-sent': 'yes' },
    });
    assert.deepEqual([echoed.content.toString(), echoed.trailers['x-echoed']], ['x', 'yes']);
    await gateway.atRest();
  });

  test(`${name} large contents pass whole, both ways at once`, async (t) => {
    const { gateway } = await startPair(t, server, serve);
    const content = randomBytes(5_000_000);
    const got = await send(t, client, gateway.port, { method: 'PUT', content });
    assert.equal(sha256(got.content), sha256(content));
    const record = await gateway.recorded(1);
    assert.deepEqual([record.requestBytes, record.responseBytes], [content.length, content.length]);
    await gateway.atRest();
  });
}
