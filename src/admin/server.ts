import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { AdminConnection } from './connection.ts';
import { answerRequest } from './pages.ts';
import type { AdminSources } from './sources.ts';

/*
 * The HTTP API of a running process, on sockets and the proxy's own codec: node:http costs 17 MB of resident memory,
 * which a sidecar would pay for a page that is asked for four times a minute.
 */

const REQUEST_TIMEOUT_MS = 10_000;
const ANSWER_TIMEOUT_MS = 30_000;

/** More than a few at a time is a mistake or an attack. */
const MAX_CONNECTIONS = 64;

/** Options of {@link createAdminServer}. */
export interface AdminServerOptions {
  readonly sources: AdminSources;
  /** IP address to bind. @defaultValue 127.0.0.1 */
  readonly host?: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Told of what is a bug in a source. @defaultValue standard error */
  readonly report?: (error: unknown) => void;
  /** Until a request is there, in ms. @defaultValue 10000 */
  readonly requestTimeoutMs?: number;
  /** From then on until its answer has left, in ms. @defaultValue 30000 */
  readonly answerTimeoutMs?: number;
}

/** The HTTP API of a running process. */
export interface AdminServer {
  /** @returns the port that was bound @throws (rejects) where it cannot be */
  listen(): Promise<{ readonly port: number }>;
  /** Ends at once what is under way. Safe to call twice. */
  close(): Promise<void>;
}

/** @returns the API, not listening yet */
export const createAdminServer = (options: AdminServerOptions): AdminServer => {
  const host = options.host ?? '127.0.0.1';
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    serve(socket, options);
  });
  server.maxConnections = MAX_CONNECTIONS;
  return {
    listen: () => listen(server, host, options.port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
};

const serve = (socket: Socket, options: AdminServerOptions): void => {
  void new AdminConnection(socket, {
    answer: (request, content) => answerRequest(options.sources, request, content, socket.localAddress ?? ''),
    report: options.report ?? reportToStandardError,
    requestTimeoutMs: options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS,
    answerTimeoutMs: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
  });
};

const reportToStandardError = (error: unknown): void => {
  process.stderr.write(`cannot answer on the admin port: ${error instanceof Error ? error.stack : String(error)}\n`);
};

const listen = (server: Server, host: string, port: number): Promise<{ readonly port: number }> =>
  new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(bindError(host, port, error));
    server.once('error', onError);
    server.listen({ host, port, exclusive: true }, () => {
      server.removeListener('error', onError);
      server.on('error', () => {}); // a failed accept (EMFILE) passes: the connection waits in the kernel
      resolve({ port: (server.address() as AddressInfo).port });
    });
  });

const bindError = (host: string, port: number, error: NodeJS.ErrnoException): Error => {
  const address = host.includes(':') ? `[${host}]` : host;
  const reason = BIND_REASONS[error.code ?? ''] ?? error.code ?? error.message;
  return new Error(`cannot bind ${address}:${port}: ${reason}`, { cause: error });
};

const BIND_REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'address in use (another process listens there; choose another with --admin-port)',
  EACCES: 'permission denied (ports below 1024 need a privilege; choose another with --admin-port)',
  EADDRNOTAVAIL: 'no such address on this machine (the API listens on 127.0.0.1 unless told otherwise)',
};
