import { createServer } from 'node:net';

/** Below what Linux gives to outgoing connections, so that none of them sits on a port that is about to be bound. */
const FIRST_PORT = 10_000;
const PORT_COUNT = 10_000;

/** Finds a port on 127.0.0.1 that nobody listens on. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (await canBind(port)) return port;
  }
}

function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, () => probe.close(() => resolve(true)));
  });
}
