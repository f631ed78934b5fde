import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { latin1 } from '#base/bytes.ts';
import { beginTurn, endTurn, enroll } from './turn.ts';
import { directHandleOf, type PendingWrite, type StreamHandle } from './handle.ts';
import { acquireSlab, fitsSlab, type Slab } from './slab.ts';
import type { TlsSession } from './tls-session.ts';

/** Content up to this many octets is cheaper copied into the string that is written anyway. */
const INLINE_BYTES = 4096;

/** What may gather behind one TLS write before whoever writes is to stop. */
const MAX_BACKLOG_BYTES = 64 * 1024;

/** Both ends of a connection. */
export interface ConnectionAddresses {
  readonly sourceAddress: string;
  readonly sourcePort: number;
  readonly destinationAddress: string;
  readonly destinationPort: number;
}

/** What a connection tells its user. Each call is one turn: what it writes leaves when it returns. */
export interface ConnectionObserver {
  /** Bytes came. They are overwritten by the next read of any connection. */
  receive(buffer: Buffer, length: number): void;
  /** What was written has left; more may follow. Only after {@link Connection.congested} was true. */
  drained(): void;
  /** The peer will send nothing more (FIN). */
  halfClosed(): void;
  /** The connection is gone; nothing follows. `error` is the system's code (`ECONNRESET`), or '' for an orderly end. */
  closed(error: string): void;
}

/**
 * A connected byte stream: a socket, with writes collected per turn and one word for backpressure. It knows no
 * protocol.
 */
export class Connection {
  readonly #socket: Socket;
  readonly #handle: StreamHandle | null;
  /** Whether the handle takes one write at a time, as TLS does. */
  readonly #serial: boolean;
  /** What is written next, behind the one write that is under way. */
  #backlog: (string | QueuedBytes)[] | null = null;
  #backlogBytes = 0;
  #observer: ConnectionObserver;
  /** Latin-1 text to be written at the end of the turn. */
  #text = '';
  #enrolled = false;
  #ending = false;
  #error = '';
  #closed = false;
  #paused = false;
  #proxied: ConnectionAddresses | null = null;
  /** Writes that the kernel has not taken completely. */
  #pendingWrites = 0;
  /** The kernel does not take more now: stop writing until {@link ConnectionObserver.drained}. */
  congested = false;
  bytesWritten = 0;
  /** What TLS agreed on; null for plain TCP. */
  readonly tls: TlsSession | null;

  /** @param socket connected, behind TLS with its handshake done */
  constructor(socket: Socket, observer: ConnectionObserver, tls: TlsSession | null = null) {
    const direct = directHandleOf(socket);
    this.#socket = socket;
    this.#handle = direct === null ? null : direct.handle;
    this.#serial = direct !== null && direct.serial;
    this.#observer = observer;
    this.tls = tls;
    socket.on('drain', () => this.#drained());
    socket.on('end', () => this.#halfClosed());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#error = error.code ?? error.message;
    });
    socket.on('close', () => this.#close());
  }

  get remoteAddress(): string {
    return this.#proxied === null ? plainAddress(this.#socket.remoteAddress) : this.#proxied.sourceAddress;
  }

  get remotePort(): number {
    return this.#proxied === null ? (this.#socket.remotePort ?? 0) : this.#proxied.sourcePort;
  }

  get localAddress(): string {
    return this.#proxied === null ? plainAddress(this.#socket.localAddress) : this.#proxied.destinationAddress;
  }

  get localPort(): number {
    return this.#proxied === null ? (this.#socket.localPort ?? 0) : this.#proxied.destinationPort;
  }

  /** What a proxy in front said of the connection that it passes on, or null. */
  get proxied(): ConnectionAddresses | null {
    return this.#proxied;
  }

  /** Presents the connection as the one that a trusted proxy in front passes on. */
  presentAs(addresses: ConnectionAddresses): void {
    this.#proxied = addresses;
  }

  /** Gives its socket up, to whoever speaks on it from here on; this observes nothing more. */
  detach(): Socket {
    this.#observer = NOBODY;
    this.#socket.pause();
    this.#socket.removeAllListeners('data');
    return this.#socket;
  }

  get isOpen(): boolean {
    return !this.#closed && !this.#ending && !this.#socket.destroyed;
  }

  /** Octets that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.#socket.writableLength + this.#kernelQueueBytes() + this.#backlogBytes + this.#text.length;
  }

  /** Hands the connection over, as a protocol upgrade does. */
  observe(observer: ConnectionObserver): void {
    this.#observer = observer;
  }

  /** For whoever feeds the socket's reads in: see `read.ts`. */
  received(buffer: Buffer, length: number): void {
    const outermost = beginTurn();
    this.#observer.receive(buffer, length);
    endTurn(outermost);
  }

  /** Queues text for the end of the turn. @param text characters up to U+00FF, one octet each */
  writeText(text: string): void {
    this.#text = this.#text === '' ? text : this.#text + text;
    if (!this.#enrolled) this.#enroll();
  }

  /**
   * Writes content behind what was queued. The bytes are free again when this returns.
   * @returns false when the peer or the kernel does not keep up: stop until drained
   */
  writeBytes(bytes: Uint8Array): boolean {
    if (bytes.length <= INLINE_BYTES) {
      this.writeText(latin1(bytes));
      return !this.congested && this.#text.length < INLINE_BYTES * 16;
    }
    const text = this.#text;
    this.#text = '';
    const length = text.length + bytes.length;
    if (fitsSlab(length)) {
      const slab = acquireSlab();
      const at = text === '' ? 0 : slab.buffer.latin1Write(text, 0);
      slab.buffer.set(bytes, at);
      this.#sendBytes(slab.buffer.subarray(0, length), slab);
    } else {
      if (text !== '') this.#sendText(text);
      this.#sendBytes(Buffer.from(bytes), null);
    }
    return !this.congested;
  }

  /** Sends what is queued now. */
  flush(): void {
    this.#enrolled = false;
    const text = this.#text;
    if (text !== '') {
      this.#text = '';
      this.#sendText(text);
    }
    if (this.#ending && (this.#handle === null || !this.#serial || this.#pendingWrites === 0)) this.#socket.end();
  }

  /** Whether nothing is read until {@link resume}. */
  get paused(): boolean {
    return this.#paused;
  }

  /** Reads nothing until {@link resume}. */
  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#socket.resume();
  }

  /** Sends what is queued, then FIN. Reading goes on. */
  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    if (!this.#enrolled) this.#enroll();
  }

  /** Closes at once; what was queued or is unread is lost, and the peer may see a reset. */
  destroy(): void {
    this.#text = '';
    this.#dropBacklog();
    this.#socket.destroy();
  }

  /** Keeps the process alive only for its own sake: an idle pooled connection should not. */
  unref(): void {
    this.#socket.unref();
  }

  #enroll(): void {
    this.#enrolled = true;
    enroll(this);
  }

  #sendText(text: string): void {
    if (this.#socket.destroyed) return;
    this.bytesWritten += text.length;
    if (this.#handle === null) {
      if (!this.#socket.write(text, 'latin1')) this.congested = true;
      return;
    }
    if (this.#serial && this.#pendingWrites > 0) {
      this.#postpone(text, text.length);
      return;
    }
    const result = this.#handle.writeLatin1String(null, text);
    if (result !== 0) this.#notWritten(result, null, null);
  }

  /** @param slab given back when the bytes have left */
  #sendBytes(bytes: Buffer, slab: Slab | null): void {
    if (this.#socket.destroyed) {
      slab?.release();
      return;
    }
    this.bytesWritten += bytes.length;
    if (this.#handle === null) {
      if (!this.#socket.write(bytes, slab?.release)) this.congested = true;
      return;
    }
    if (this.#serial && this.#pendingWrites > 0) {
      this.#postpone({ bytes, slab }, bytes.length);
      return;
    }
    const result = this.#handle.writeBuffer(null, bytes);
    if (result === 0) slab?.release();
    else this.#notWritten(result, bytes, slab);
  }

  /** The kernel took a write in part, or refused it. */
  #notWritten(result: number | PendingWrite, bytes: Buffer | null, slab: Slab | null): void {
    if (typeof result === 'number') {
      slab?.release();
      this.#writeFailed(result);
      return;
    }
    this.#pendingWrites++;
    // A TLS write is never done at once; what it says of congestion is what waits below it.
    if (!this.#serial || this.#kernelQueueBytes() > 0) this.congested = true;
    if (bytes !== null) result.buffer = bytes;
    result.oncomplete = slab === null ? this.#written : this.#writtenSlab(slab);
    if (typeof result.writeStatus === 'number') result.oncomplete(result.writeStatus);
  }

  readonly #written = (status: number): void => {
    this.#pendingWrites--;
    if (this.#socket.destroyed) return;
    if (status < 0) this.#writeFailed(status);
    else if (this.#backlog !== null) this.#sendBacklog();
    else if (this.#pendingWrites === 0) {
      if (this.#serial && this.#ending) this.#socket.end();
      this.#drained();
    }
  };

  #writtenSlab(slab: Slab): (status: number) => void {
    return (status) => {
      slab.release();
      this.#written(status);
    };
  }

  /** Octets that the kernel has not taken. */
  #kernelQueueBytes(): number {
    const handle = this.#handle;
    if (handle === null) return 0;
    return this.#serial ? handle._parent!.writeQueueSize : handle.writeQueueSize;
  }

  /** Keeps a write until the one under way is done. */
  #postpone(write: string | QueuedBytes, length: number): void {
    this.bytesWritten -= length; // counted when it is sent
    this.#backlogBytes += length;
    (this.#backlog ??= []).push(write);
    if (this.#backlogBytes > MAX_BACKLOG_BYTES) this.congested = true;
  }

  /** Sends what gathered behind a write: texts in one piece, since each write makes a TLS record of its own. */
  #sendBacklog(): void {
    const backlog = this.#backlog!;
    let text = '';
    while (backlog.length > 0 && typeof backlog[0] === 'string') text += backlog.shift() as string;
    const next = text === '' ? (backlog.shift() as QueuedBytes) : null;
    if (backlog.length === 0) this.#backlog = null;
    this.#backlogBytes -= next === null ? text.length : next.bytes.length;
    if (next === null) this.#sendText(text);
    else this.#sendBytes(next.bytes, next.slab);
  }

  #dropBacklog(): void {
    if (this.#backlog === null) return;
    for (const write of this.#backlog) if (typeof write !== 'string') write.slab?.release();
    this.#backlog = null;
    this.#backlogBytes = 0;
  }

  #writeFailed(status: number): void {
    this.#error = getSystemErrorName(status);
    this.#socket.destroy();
  }

  #drained(): void {
    if (!this.congested) return;
    this.congested = false;
    const outermost = beginTurn();
    this.#observer.drained();
    endTurn(outermost);
  }

  #halfClosed(): void {
    const outermost = beginTurn();
    this.#observer.halfClosed();
    endTurn(outermost);
  }

  #close(): void {
    this.#closed = true;
    this.congested = false;
    this.#dropBacklog();
    const outermost = beginTurn();
    this.#observer.closed(this.#error);
    endTurn(outermost);
  }
}

interface QueuedBytes {
  readonly bytes: Buffer;
  readonly slab: Slab | null;
}

/** An address as people write it: IPv4 that came through an IPv6 socket loses its `::ffff:`. */
const plainAddress = (address: string | undefined): string => {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') ? address.slice(7) : address;
};

/** Listens to nothing: for a connection that nobody has taken yet, or any more. */
export const NOBODY: ConnectionObserver = {
  receive: () => {},
  drained: () => {},
  halfClosed: () => {},
  closed: () => {},
};
