import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { RESOURCE_BYTES } from '../jobs.ts';
import { freePort } from '../machine/ports.ts';
import { Workspace } from '../machine/workspace.ts';
import { untilAnswered } from '../peers/running-peer.ts';
import { RAW_ORIGIN } from './raw-origin.ts';

test('raw-origin answers downloads and uploads in any pieces on one connection', async () => {
  const workspace = new Workspace();
  const port = await freePort();
  const args = [RAW_ORIGIN, `${port}`];
  const origin = workspace.start({ command: process.execPath, args }, workspace.folder);
  try {
    await untilAnswered(port, '/r0/small', origin, 10_000);
    const socket = connect({ port, host: '127.0.0.1' });
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString('latin1')));
    const answers = async (count: number): Promise<void> => {
      while (received.split('HTTP/1.1 200 OK').length - 1 < count) await once(socket, 'data');
    };
    socket.write('POST /r0/sink HTTP/1.1\r\nContent-Le');
    socket.write('ngth: 10\r\n\r\n01234');
    setTimeout(() => socket.write('56789'), 20);
    await answers(1);
    received = '';
    socket.write('POST /r0/sink HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd');
    await answers(1);
    received = '';
    socket.write('GET /r7/16k HTTP/1.1\r\nHost: x\r\n\r\n');
    await answers(1);
    while (received.length < RESOURCE_BYTES['16k']) await once(socket, 'data');
    assert.equal(received.split('\r\n\r\n')[1]?.length, RESOURCE_BYTES['16k']);
    socket.destroy();
  } finally {
    await workspace.close();
  }
});
