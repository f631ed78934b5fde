// TLS clients: full handshakes one after the other, and connections that stay open.

import { connect, type TLSSocket } from 'node:tls';

/** How many are opened at once. */
const AT_ONCE = 32;

/** Makes `count` full handshakes (no session is taken up) and closes each. */
export async function makeHandshakes(port: number, count: number): Promise<void> {
  let left = count;
  const one = async (): Promise<void> => {
    while (left-- > 0) (await openOne(port)).destroy();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

/** Opens `count` connections, makes one request on each and leaves them open. @returns how to close them all */
export async function openIdleTls(port: number, path: string, count: number): Promise<() => void> {
  const sockets: TLSSocket[] = [];
  const one = async (): Promise<void> => {
    while (sockets.length < count) {
      const place = sockets.push(undefined as never) - 1;
      const socket = await openOne(port);
      sockets[place] = socket;
      await request(socket, path);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return () => sockets.forEach((socket) => socket.destroy());
}

function openOne(port: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    // The certificate is made for this run alone; the bench measures the server.
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => resolve(socket));
    socket.once('error', reject);
  });
}

function request(socket: TLSSocket, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('close', () => reject(new Error('cannot keep a TLS connection open: the peer closed it')));
    socket.once('data', () => {
      socket.on('data', () => {});
      resolve();
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  });
}
