import { connect as connectSocket } from 'node:net';
import { Connection, NOBODY, type ConnectionObserver } from './connection.ts';
import { READ_SOURCE, readInto } from './read.ts';
import { beginTurn, endTurn } from './turn.ts';

/** Who waits for a connection to be made. Exactly one of the two is called, once, in a turn of its own. */
export interface ConnectObserver {
  /** @returns who listens to it */
  connected(connection: Connection): ConnectionObserver;
  /** @param code the system's (`ECONNREFUSED`) or `ETIMEDOUT` */
  connectFailed(code: string): void;
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
  const onread = readInto((length) => connection?.received(READ_SOURCE, length));
  const socket = connectSocket({ host: address, port, onread, allowHalfOpen: true, noDelay: true, autoSelectFamily: false });
  const fail = (error: NodeJS.ErrnoException): void => {
    if (settled) return;
    settled = true;
    const outermost = beginTurn();
    observer.connectFailed(error.code ?? 'ECONNABORTED');
    endTurn(outermost);
  };
  socket.once('error', fail);
  socket.once('connect', () => {
    if (settled) return;
    settled = true;
    socket.removeListener('error', fail);
    const outermost = beginTurn();
    connection = new Connection(socket, NOBODY);
    connection.observe(observer.connected(connection));
    socket.resume();
    endTurn(outermost);
  });
  return {
    cancel: () => {
      settled = true;
      socket.destroy();
    },
  };
};
