// Free loopback ports for the peers.

import { createServer } from 'node:net';

/**
 * Below the range that Linux gives to outgoing connections (32768–60999 by default): the load opens thousands of those,
 * and one of them must not sit on a port that a peer is about to bind.
 */
const FIRST_PORT = 20_000;
const LAST_PORT = 31_999;
const given = new Set<number>();

/**
 * Finds a port on 127.0.0.1 that nobody listens on; the same port is not given twice in one run.
 *
 * @throws {Error} when 100 random tries all fail.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT - FIRST_PORT + 1));
    if (!given.has(port) && (await canBind(port))) {
      given.add(port);
      return port;
    }
  }
  throw new Error(`cannot find a free port: 100 tries between ${FIRST_PORT} and ${LAST_PORT} were taken`);
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
