import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { until } from '../data-plane/testing/peer.ts';
import { openTunnel } from './testing/client.ts';
import { startMesh } from './testing/sidecars.ts';

const run = promisify(execFile);

test("Node's fetch with a proxy in its environment reaches a service", async (context) => {
  const { outbound, at } = await startMesh(
    context,
    (incoming, response) => void response.end(`you asked for ${incoming.url}`),
  );
  const program = `
    for (const path of ['/a', '/b']) console.log(await (await fetch('http://catalog' + path)).text());
    const posted = await fetch('http://catalog.shop/c', { method: 'POST', body: 'x'.repeat(300000) });
    console.log(await posted.text());`;
  const env = { ...process.env, NODE_USE_ENV_PROXY: '1', HTTP_PROXY: `http://127.0.0.1:${outbound.proxyPort}` };
  const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { env, timeout: 10_000 });
  assert.equal(stdout, 'you asked for /a\nyou asked for /b\nyou asked for /c\n');
  await until('all are recorded', () => at.exchanges.length === 3);
  assert.ok(at.exchanges.every(({ hop }) => hop!.service!.name === 'catalog'));
});

test('curl reaches a service through the proxy, also with a tunnel', async (context) => {
  const { outbound } = await startMesh(context);
  const proxy = ['--silent', '--proxy', `http://127.0.0.1:${outbound.proxyPort}`];
  assert.equal((await run('curl', [...proxy, 'http://catalog/'])).stdout, 'hello');
  assert.equal(
    (await run('curl', [...proxy, '--proxytunnel', 'http://catalog/', 'http://catalog/'])).stdout,
    'hellohello',
  );
});

test('requests inside of a tunnel are routed by what the tunnel is for', async (context) => {
  const { outbound, inbound } = await startMesh(
    context,
    (incoming, response) => void response.end(incoming.headers.host),
  );
  const socket = await openTunnel(outbound.proxyPort, 'catalog:80');
  assert.ok(typeof socket !== 'number', 'refused');
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => (text += piece));
  socket.write('GET / HTTP/1.1\r\nhost: elsewhere.example\r\n\r\n'.repeat(3));
  await until('three answers', () => text.split('elsewhere.example').length === 4);
  socket.end();
  await until('the tunnel ends', () => socket.closed || socket.readableEnded);
  await until('no session of the client is left', () => outbound.activity.sessions === 0);
  await inbound.drain();
});
