// Many keep-alive connections that each made one request and then stay silent.

import { connect, type Socket } from 'node:net';

/** How many are opened at once: more would overflow the accept queue of a single-threaded peer. */
const AT_ONCE = 50;

/**
 * Opens connections, makes one request on each and leaves them open.
 *
 * @returns how to close them all.
 * @throws {Error} when one cannot be opened or is answered with anything but a 200.
 */
export async function openIdleConnections(port: number, path: string, count: number): Promise<() => void> {
  const sockets: Socket[] = [];
  const close = (): void => sockets.forEach((socket) => socket.destroy());
  try {
    while (sockets.length < count) {
      const batch = Math.min(AT_ONCE, count - sockets.length);
      sockets.push(...(await Promise.all(Array.from({ length: batch }, () => openOne(port, path)))));
    }
  } catch (error) {
    close();
    throw error;
  }
  return close;
}

function openOne(port: number, path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.setTimeout(5_000, () => socket.destroy(new Error('cannot open an idle connection: no answer within 5 s')));
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('cannot open an idle connection: the peer closed it')));
    socket.once('connect', () => socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`));
    socket.once('data', (chunk) => {
      socket.setTimeout(0);
      socket.on('data', () => {});
      if (chunk.toString('latin1', 0, 12) === 'HTTP/1.1 200') resolve(socket);
      else socket.destroy(new Error(`cannot open an idle connection: ${chunk.toString('latin1', 0, 40)}`));
    });
  });
}
