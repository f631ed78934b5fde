import { createServer, type Server } from 'node:net';
import type { Arrival } from './arrival.ts';
import { fastPath } from './fast-path.ts';

/** Connections that the kernel may hold ready; a burst of clients beyond it sees slow connects. */
const BACKLOG = 4096;

export interface BindOptions {
  /** IP address, or '' for all of the machine, IPv6 and IPv4. */
  readonly address: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Whether other threads bind the same port and the kernel spreads connections (SO_REUSEPORT). */
  readonly shared: boolean;
  /** Called for each accepted connection, which is to be opened in this call. */
  readonly accept: (arrival: Arrival) => void;
}

/** A bound, accepting socket. */
export interface BoundSocket {
  readonly port: number;
  /** Accepts nothing new, at once; connections that exist live on. */
  close(): void;
}

/** Why a bind failed, in words for whoever chose the address. */
export class BindError extends Error {
  readonly code: string;

  constructor(address: string, port: number, code: string) {
    super(`cannot bind ${address === '' ? '*' : address}:${port}: ${BIND_REASONS[code] ?? code}`);
    this.code = code;
  }
}

const BIND_REASONS: Record<string, string> = {
  EADDRINUSE: 'address in use (another process listens there; stop it or choose another port)',
  EACCES: 'permission denied (ports below 1024 need root or CAP_NET_BIND_SERVICE; choose a higher port)',
  EADDRNOTAVAIL: 'no such address on this machine (check spec.addresses of the Gateway)',
};

/** @throws {BindError} (rejects) where the system refuses */
export const bind = async (options: BindOptions): Promise<BoundSocket> => {
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: false });
  await listen(server, options);
  takeHandles(server, options.accept);
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: () => server.close(),
  };
};

/** Fails where somebody else holds the port, which a shared bind would not notice. */
export const probe = async (address: string, port: number): Promise<void> => {
  const server = createServer();
  await listen(server, { address, port, shared: false, accept: () => {} });
  await new Promise((resolve) => server.close(resolve));
};

const listen = async (server: Server, options: BindOptions): Promise<void> => {
  const host = options.address === '' ? '::' : options.address;
  try {
    await listenOn(server, host, options);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    // A machine without IPv6 has no `::`.
    if (options.address === '' && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL')) {
      return listen(server, { ...options, address: '0.0.0.0' });
    }
    throw new BindError(options.address, options.port, code);
  }
};

const listenOn = (server: Server, host: string, options: BindOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port: options.port, backlog: BACKLOG, reusePort: options.shared, exclusive: true }, () => {
      server.removeListener('error', reject);
      server.on('error', () => {}); // accept failures (EMFILE) pass: the kernel keeps the connection waiting
      resolve();
    });
  });

/** What this module needs to know of Node's inner server handle. */
interface ServerHandle {
  onconnection?: (status: number, handle: object | undefined) => void;
}

/**
 * Accepts raw handles where this Node offers them, so that a connection gets one socket, made for `onread`; else
 * falls back to Node's own sockets (docs/decisions/0002-socket-handles.md).
 */
const takeHandles = (server: Server, accept: BindOptions['accept']): void => {
  const handle = (server as unknown as { _handle?: ServerHandle })._handle;
  if (typeof handle?.onconnection !== 'function' || !fastPath.enabled) {
    server.on('connection', (socket) => accept({ kind: 'socket', socket }));
    return;
  }
  handle.onconnection = (status, accepted) => {
    if (status === 0 && accepted !== undefined) accept({ kind: 'handle', handle: accepted });
  };
};
