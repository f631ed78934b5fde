import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** A backend of the test. Answers at once; what asks for `/held` is held until it is let go. */
export interface Origin {
  readonly port: number;
  /** Waits until a request for `/held` is there. */
  held(): Promise<void>;
  /** Answers everything that is held. */
  release(): void;
}

export async function startOrigin(t: TestContext): Promise<Origin> {
  const waiting: ServerResponse[] = [];
  let arrival = Promise.withResolvers<void>();
  const server = createServer((request, response) => {
    if (request.url !== '/held') return void response.end(`${request.method} ${request.url}`);
    waiting.push(response);
    arrival.resolve();
  });
  server.listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return {
    port: (server.address() as AddressInfo).port,
    held: () => arrival.promise,
    release: () => {
      arrival = Promise.withResolvers();
      for (const response of waiting.splice(0)) response.end('held');
    },
  };
}
