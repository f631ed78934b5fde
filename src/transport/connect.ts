import { connect as connectSocket } from 'node:net';
import { Connection, NOBODY, type ConnectionObserver } from './connection.ts';
import { fastPath } from './fast-path.ts';
import { READ_SOURCE, readInto } from './read.ts';
import { beginTurn, endTurn } from './turn.ts';

/** Who waits for a connection to be made. Exactly one of the two is called, once, in a turn of its own. */
export interface ConnectObserver {
  /** @returns who listens to it */
  connected(connection: Connection): ConnectionObserver;
  /** @param cause the system's code (`ECONNREFUSED`), OpenSSL's, or a reason in words */
  connectFailed(cause: string, during: 'connect' | 'handshake'): void;
}

/** A connect under way. */
export interface PendingConnect {
  /** Gives up; the observer hears nothing more. */
  cancel(): void;
}

/** Opens a TCP connection. @param address an IP address: names are resolved before. */
export const connect = (address: string, port: number, observer: ConnectObserver): PendingConnect => {
  let connection: Connection | null = null;
  let settled = false;
  const onread = fastPath.enabled ? { onread: readInto((length) => connection?.received(READ_SOURCE, length)) } : {};
  const socket = connectSocket({
    host: address,
    port,
    ...onread,
    allowHalfOpen: true,
    noDelay: true,
    autoSelectFamily: false,
  });
  const fail = (error: NodeJS.ErrnoException): void => {
    if (settled) return;
    settled = true;
    const outermost = beginTurn();
    observer.connectFailed(error.code ?? 'ECONNABORTED', 'connect');
    endTurn(outermost);
  };
  if (!fastPath.enabled) socket.on('data', (bytes: Buffer) => connection?.received(bytes, bytes.length));
  socket.once('error', fail);
  socket.once('connect', () => {
    if (settled) return;
    settled = true;
    socket.removeListener('error', fail);
    const outermost = beginTurn();
    connection = new Connection(socket, NOBODY);
    connection.observe(observer.connected(connection));
    if (!connection.paused) socket.resume();
    endTurn(outermost);
  });
  return {
    cancel: () => {
      settled = true;
      socket.destroy();
    },
  };
};

/** Connects to one endpoint, whatever is spoken below what the caller speaks. */
export type Dial = (observer: ConnectObserver) => PendingConnect;

/** Dials where it is known that it cannot be done. */
export const dialInVain =
  (cause: string, during: 'connect' | 'handshake'): Dial =>
  (observer) => {
    const soon = setImmediate(() => observer.connectFailed(cause, during));
    return { cancel: () => clearImmediate(soon) };
  };
