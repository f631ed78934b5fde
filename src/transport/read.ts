import { Socket, type OnReadOpts } from 'node:net';
import type { Arrival } from './arrival.ts';
import { Connection, NOBODY, type ConnectionObserver } from './connection.ts';

/**
 * Every connection of a thread reads into this one buffer: a read is consumed before the next begins, so nothing is
 * allocated per read and an idle connection holds no memory. 64 KiB is what one read of a busy socket returns at most.
 */
const READ_BUFFER = Buffer.allocUnsafeSlow(64 * 1024);

/** Node's `onread` option: reads go straight to a callback, past the stream machinery. */
export const readInto = (receive: (length: number) => void): OnReadOpts => ({
  buffer: READ_BUFFER,
  callback: (length: number) => {
    receive(length);
    return true;
  },
});

/** Opens an accepted connection as plain TCP. @param observe tells who listens to it */
export const openArrival = (arrival: Arrival, observe: (connection: Connection) => ConnectionObserver): void => {
  if (arrival.kind === 'handle') connectionOfHandle(arrival.handle, observe);
  else if (arrival.kind === 'socket') connectionOfSocket(arrival.socket, observe);
  else {
    const { connection, first } = arrival;
    const observer = observe(connection);
    connection.observe(observer);
    if (first.length > 0) observer.receive(first, first.length);
  }
};

/**
 * Makes a connection of an accepted handle. `handle` is an undocumented option of `net.Socket`, the only way to give
 * an accepted socket `onread` (docs/decisions/0002-socket-handles.md).
 */
const connectionOfHandle = (handle: unknown, observe: (connection: Connection) => ConnectionObserver): void => {
  let connection: Connection | null = null;
  const onread = readInto((length) => connection?.received(READ_BUFFER, length));
  const socket = new Socket({ handle, onread, allowHalfOpen: true } as ConstructorParameters<typeof Socket>[0]);
  connection = adopt(socket, observe);
};

/** Makes a connection of a socket that emits `data`: the documented way, and the fallback. */
const connectionOfSocket = (socket: Socket, observe: (connection: Connection) => ConnectionObserver): void => {
  const connection = adopt(socket, observe);
  socket.on('data', (bytes: Buffer) => connection.received(bytes, bytes.length));
};

/** Gives a connecting socket's reads to its connection. The socket must have been made with `onread` by {@link readInto}. */
export const READ_SOURCE: Buffer = READ_BUFFER;

const adopt = (socket: Socket, observe: (connection: Connection) => ConnectionObserver): Connection => {
  socket.setNoDelay(true);
  const connection = new Connection(socket, NOBODY);
  connection.observe(observe(connection));
  // Reading begins a tick later, whatever is said in between; so it does not where it was paused already.
  if (!connection.paused) socket.resume();
  return connection;
};
