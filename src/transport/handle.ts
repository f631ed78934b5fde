import type { Socket } from 'node:net';
import { fastPath } from './fast-path.ts';

/**
 * The part of Node's inner stream handle that lets a write go to the system without passing the stream machinery:
 * undocumented, and worth about a tenth of what a proxied request costs (docs/decisions/0002-socket-handles.md).
 * Whoever uses it falls back to `socket.write` where {@link directHandleOf} finds anything unexpected.
 */
export interface StreamHandle {
  /** Octets that wait for the kernel. */
  readonly writeQueueSize: number;
  writeLatin1String(request: null, text: string): WriteResult;
  writeBuffer(request: null, bytes: Uint8Array): WriteResult;
  /** Of a TLS handle: the TCP handle below it, where what is encrypted waits for the kernel. */
  readonly _parent?: { readonly writeQueueSize: number };
}

/**
 * A handle that takes writes directly. TLS takes one write at a time: it says that a write is done only later, even
 * where the kernel has all of it, and ends the process where another is begun before.
 */
export interface DirectHandle {
  readonly handle: StreamHandle;
  /** Whether a write must be done before the next begins. */
  readonly serial: boolean;
}

/** 0: all is with the kernel, nothing is kept. Negative: an errno. An object: the rest is under way. */
export type WriteResult = number | PendingWrite;

/** A write that the kernel took in part. The handle keeps it until it calls `oncomplete`. */
export interface PendingWrite {
  oncomplete: (status: number) => void;
  /** Keeps the memory of what is written alive. */
  buffer?: Uint8Array;
  /** Set where the write was done before anybody could listen. */
  writeStatus?: number | null;
}

/**
 * Whether this Node's own sockets write as {@link StreamHandle} says. Older ones pass a request object, which nothing
 * exports, and end the process where it is missing: so nobody guesses, the first write is watched.
 */
let direct: boolean | undefined;

/** @returns the socket's handle where writes may go to it directly, else null */
export const directHandleOf = (socket: Socket): DirectHandle | null => {
  const handle = (socket as unknown as { _handle?: Partial<StreamHandle> | null })._handle;
  if (handle === undefined || handle === null || direct === false || !fastPath.enabled) return null;
  const kind: unknown = Object.getPrototypeOf(handle)?.constructor?.name;
  const serial = kind === 'TLSWrap';
  if (kind !== 'TCP' && (!serial || typeof handle._parent?.writeQueueSize !== 'number')) return null;
  if (typeof handle.writeLatin1String !== 'function' || typeof handle.writeBuffer !== 'function') return null;
  if (direct === undefined) watchFirstWrite(handle as StreamHandle);
  return direct === true ? { handle: handle as StreamHandle, serial } : null;
};

/** Lets the next text that the socket itself writes tell how its writes are made. */
const watchFirstWrite = (handle: StreamHandle): void => {
  const original = handle.writeLatin1String.bind(handle);
  const watched: { writeLatin1String?: StreamHandle['writeLatin1String'] } = handle;
  watched.writeLatin1String = (request, text) => {
    delete watched.writeLatin1String; // the prototype's shows again
    const result = original(request, text);
    direct ??= request === null && (typeof result === 'number' || typeof result === 'object');
    return result;
  };
};
