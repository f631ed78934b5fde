import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { status } from '@grpc/grpc-js';
import type { FilterSpec } from '#model/snapshot/http-route.ts';
import { TestGateway } from '../data-plane/testing/gateway.ts';
import { startEcho, type EchoHandlers } from './testing/echo-service.ts';

/* gRPC-Web clients made by hand and in a browser, in front of a server of grpc-js. */

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser'].find((path) => existsSync(path));

const CORS: FilterSpec = {
  type: 'CORS',
  allowOrigins: ['*'],
  allowCredentials: false,
  allowMethods: ['POST'],
  allowHeaders: ['content-type', 'x-grpc-web'],
  exposeHeaders: [],
  maxAgeSeconds: 5,
};

const start = async (t: TestContext, handlers: EchoHandlers = {}, filters: FilterSpec[] = []): Promise<TestGateway> => {
  const port = await startEcho(t, handlers);
  return TestGateway.start(t, { filters, clusters: [{ protocol: 'http2', endpoints: [{ port }] }] });
};

const frame = (message: string): Buffer => {
  const bytes = Buffer.from(message);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
};

/** @returns messages as text; that of the trailers begins with an exclamation mark */
const unframe = (content: Buffer): string[] => {
  const messages: string[] = [];
  for (let at = 0; at < content.length;) {
    const length = content.readUInt32BE(at + 1);
    const text = content.subarray(at + 5, at + 5 + length).toString();
    messages.push(content[at] === 0x80 ? `!${text}` : text);
    at += 5 + length;
  }
  return messages;
};

/** Pieces of base64, each with its own padding. */
const decodeText = (text: string): Buffer =>
  Buffer.concat(text.match(/.{4}/gs)!.map((group) => Buffer.from(group, 'base64')));

const post = (
  gateway: TestGateway,
  method: string,
  type: string,
  content: Buffer | string,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(`http://127.0.0.1:${gateway.port}/test.Echo/${method}`, {
    method: 'POST',
    headers: { 'content-type': type, 'x-grpc-web': '1', ...headers },
    body: content,
  });

test('a unary call in the binary form gets its message, then its trailers as a frame', async (t) => {
  const gateway = await start(t);
  const response = await post(gateway, 'Unary', 'application/grpc-web+proto', frame('hello'));
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'application/grpc-web+proto']);
  const [message, trailers] = unframe(Buffer.from(await response.arrayBuffer()));
  assert.equal(message, 'hello');
  assert.match(trailers!, /^!grpc-status: 0\r\n/);
  const record = await gateway.recorded(1);
  assert.deepEqual([record.grpc, record.responseTrailers?.first('grpc-status')], ['grpc-web', '0']);
});

test('a unary call in the text form, in pieces with padding of their own, is decoded and encoded', async (t) => {
  const gateway = await start(t);
  const sent = frame('hello');
  const pieces = [sent.subarray(0, 1), sent.subarray(1, 5), sent.subarray(5)].map((piece) => piece.toString('base64'));
  const response = await post(gateway, 'Unary', 'application/grpc-web-text', pieces.join(''));
  assert.match(response.headers.get('content-type')!, /^application\/grpc-web-text/);
  const [message, trailers] = unframe(decodeText(await response.text()));
  assert.deepEqual([message, trailers!.startsWith('!grpc-status: 0')], ['hello', true]);
});

test('text that is no base64 is refused as a gRPC status', async (t) => {
  const gateway = await start(t);
  const response = await post(gateway, 'Unary', 'application/grpc-web-text', 'AAAA????');
  assert.deepEqual([response.status, response.headers.get('grpc-status')], [200, '3']);
  await response.arrayBuffer();
  assert.equal((await gateway.recorded(1)).error?.code, 'bad_request');
});

test('each message of a stream arrives before the next is sent', async (t) => {
  let next = (): void => {};
  const gateway = await start(t, {
    serverStream: (call) => {
      let sent = 0;
      next = () => (sent < 5 ? void call.write(Buffer.from(`message ${sent++}`)) : call.end());
      next();
    },
  });
  for (const type of ['application/grpc-web', 'application/grpc-web-text']) {
    const text = type.endsWith('text');
    const response = await post(gateway, 'ServerStream', type, text ? frame('x').toString('base64') : frame('x'));
    const reader = response.body!.getReader();
    for (let i = 0; i < 5; i++) {
      const { value } = await reader.read();
      const bytes = text ? decodeText(Buffer.from(value).toString()) : Buffer.from(value);
      assert.deepEqual(unframe(bytes), [`message ${i}`]);
      next();
    }
    let rest = Buffer.alloc(0);
    for (let part = await reader.read(); !part.done; part = await reader.read())
      rest = Buffer.concat([rest, part.value]);
    assert.match(unframe(text ? decodeText(rest.toString()) : rest)[0]!, /^!grpc-status: 0/);
  }
});

test('a status without a message stands in the head, where pages of allowed origins may read it', async (t) => {
  const gateway = await start(
    t,
    { unary: (_, callback) => callback({ code: status.PERMISSION_DENIED, details: 'no' }) },
    [CORS],
  );
  const response = await post(gateway, 'Unary', 'application/grpc-web', frame('x'), { origin: 'https://page.example' });
  const content = Buffer.from(await response.arrayBuffer());
  const told = response.headers.get('grpc-status') ?? /grpc-status: (\d+)/.exec(unframe(content).join())?.[1];
  assert.equal(told, String(status.PERMISSION_DENIED));
  assert.match(response.headers.get('access-control-expose-headers')!, /grpc-status/);
});

test('a page in Chromium calls across origins', { skip: CHROMIUM === undefined && 'no Chromium here' }, async (t) => {
  const gateway = await start(t, {}, [CORS]);
  const pages = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
  await new Promise<void>((resolve) => pages.listen(0, '127.0.0.1', resolve));
  t.after(() => pages.close());
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox'] });
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`http://127.0.0.1:${(pages.address() as AddressInfo).port}/`);
  const script = `fetch('http://127.0.0.1:${gateway.port}/test.Echo/Unary', {
    method: 'POST', headers: { 'content-type': 'application/grpc-web+proto', 'x-grpc-web': '1' },
    body: new Uint8Array(${JSON.stringify([...frame('from a page')])}),
  }).then(async (response) => [...new Uint8Array(await response.arrayBuffer())])`;
  const content = Buffer.from(await page.evaluate(script));
  const [message, trailers] = unframe(content);
  assert.deepEqual([message, trailers!.startsWith('!grpc-status: 0')], ['from a page', true]);
});
