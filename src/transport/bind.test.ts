import assert from 'node:assert/strict';
import { connect as dial, type Socket } from 'node:net';
import { test } from 'node:test';
import { bind, BindError, probe, type BoundSocket } from './bind.ts';

/** What is accepted is nobody's business here. */
const bindTo = (address: string, port = 0): Promise<BoundSocket> =>
  bind({ address, port, shared: false, accept: () => assert.fail('nobody connects') });

const dialTo = (port: number, host: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = dial(port, host, () => resolve(socket)).on('error', reject);
  });

test('bind that closes accepts nothing new, at once', async () => {
  for (const address of ['127.0.0.1', '']) {
    const socket = await bindTo(address);
    socket.close();
    await assert.rejects(dialTo(socket.port, '127.0.0.1'));
  }
});

test('bind says in words why it cannot, and its port is free for others when it closes', async () => {
  const first = await bindTo('127.0.0.1');
  const isTaken = (error: unknown): boolean =>
    error instanceof BindError &&
    error.code === 'EADDRINUSE' &&
    /^cannot bind 127\.0\.0\.1:\d+: address in use \(/.test(error.message);
  await assert.rejects(bindTo('127.0.0.1', first.port), isTaken);
  await assert.rejects(probe('127.0.0.1', first.port), isTaken);
  await assert.rejects(bindTo('192.0.2.1'), { code: 'EADDRNOTAVAIL' });
  const { port } = first;
  first.close();
  await probe('127.0.0.1', port);
  (await bindTo('127.0.0.1', port)).close();
});
