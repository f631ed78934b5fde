import { CONNECTION_FAULTS, type Fault } from '../fault.ts';
import { MAX_FRAME_BYTES } from '../limits.ts';
import { DATA, FRAME_HEAD_BYTES, PADDED, PREFACE } from './frame-type.ts';

/** Told what a {@link FrameReader} finds. DATA comes in pieces as it arrives; all other frames come whole. */
export interface FrameObserver {
  /** A DATA frame begins. @param length octets with its padding, which flow control counts too (RFC 9113 §6.1) */
  dataBegins(flags: number, streamId: number, length: number): void;
  /** A piece of its content lies in `buffer[start, end)`. */
  data(buffer: Buffer, start: number, end: number): void;
  /** All of it has come. @param padding octets that were no content */
  dataEnds(padding: number): void;
  /** Any other frame; its content lies in `buffer[start, end)`. */
  frame(type: number, flags: number, streamId: number, buffer: Buffer, start: number, end: number): void;
  /** The octets are no frames of HTTP/2; nothing more is read. */
  malformed(fault: Fault): void;
}

const NONE = Buffer.alloc(0);

/**
 * Cuts the octets of a connection into frames. What is not whole yet is kept, one frame at most; idle connections
 * keep nothing.
 * @see RFC 9113 §3.4, §4.1
 */
export class FrameReader {
  readonly #observer: FrameObserver;
  /** Octets of the connection preface that are still to come. */
  #prefaceLeft: number;
  #stopped = false;
  /** A frame of which not all has come. */
  #partial: Buffer = NONE;
  #partialBytes = 0;
  // Of the DATA frame that is being read:
  #inData = false;
  #paddingUnread = false;
  #contentLeft = 0;
  #paddingLeft = 0;
  #padding = 0;

  /** @param expectPreface whether the peer is a client, which introduces itself (RFC 9113 §3.4) */
  constructor(observer: FrameObserver, expectPreface: boolean) {
    this.#observer = observer;
    this.#prefaceLeft = expectPreface ? PREFACE.length : 0;
  }

  /** Reads nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#partial = NONE;
    this.#partialBytes = 0;
  }

  /** Takes all octets of `buffer[start, end)`. */
  read(buffer: Buffer, start: number, end: number): void {
    let i = this.#prefaceLeft > 0 ? this.#readPreface(buffer, start, end) : start;
    while (i < end && !this.#stopped) {
      if (this.#inData) i = this.#readData(buffer, i, end);
      else if (this.#partialBytes > 0) i = this.#continue(buffer, i, end);
      else if (end - i >= FRAME_HEAD_BYTES) i = this.#readFrame(buffer, i, end);
      else i = this.#keep(buffer, i, end, FRAME_HEAD_BYTES);
    }
  }

  #readPreface(buffer: Buffer, start: number, end: number): number {
    let i = start;
    while (i < end && this.#prefaceLeft > 0) {
      if (buffer[i++] !== PREFACE[PREFACE.length - this.#prefaceLeft--]) {
        this.#fail(CONNECTION_FAULTS.preface);
        break;
      }
    }
    return i;
  }

  /** @returns the position behind what was read, which is the head alone where the frame is DATA */
  #readFrame(buffer: Buffer, at: number, end: number): number {
    const length = lengthOf(buffer, at);
    if (length > MAX_FRAME_BYTES) return this.#fail(CONNECTION_FAULTS.frameSize, end);
    const start = at + FRAME_HEAD_BYTES;
    const type = buffer[at + 3]!;
    if (type === DATA) {
      this.#beginData(buffer[at + 4]!, streamIdOf(buffer, at), length);
      return start;
    }
    const next = start + length;
    if (next > end) return this.#keep(buffer, at, end, FRAME_HEAD_BYTES + length);
    this.#observer.frame(type, buffer[at + 4]!, streamIdOf(buffer, at), buffer, start, next);
    return next;
  }

  #keep(buffer: Buffer, start: number, end: number, wholeBytes: number): number {
    this.#partial = Buffer.allocUnsafeSlow(wholeBytes);
    this.#partialBytes = buffer.copy(this.#partial, 0, start, end);
    return end;
  }

  /** Fills the frame that was begun: first its head, which tells how long it is, then the rest. */
  #continue(buffer: Buffer, start: number, end: number): number {
    const partial = this.#partial;
    const taken = buffer.copy(partial, this.#partialBytes, start, end);
    this.#partialBytes += taken;
    if (this.#partialBytes < partial.length) return start + taken;
    if (partial.length > FRAME_HEAD_BYTES) {
      this.#partialBytes = 0;
      this.#partial = NONE;
      this.#readFrame(partial, 0, partial.length);
    } else this.#continueHead(partial);
    return start + taken;
  }

  /** The head of a frame is whole. */
  #continueHead(head: Buffer): void {
    this.#partial = NONE;
    this.#partialBytes = 0;
    const length = lengthOf(head, 0);
    if (length === 0 || head[3] === DATA || length > MAX_FRAME_BYTES) this.#readFrame(head, 0, FRAME_HEAD_BYTES);
    else this.#keep(head, 0, FRAME_HEAD_BYTES, FRAME_HEAD_BYTES + length);
  }

  #beginData(flags: number, streamId: number, length: number): void {
    this.#paddingUnread = (flags & PADDED) !== 0;
    if (this.#paddingUnread && length === 0) return void this.#fail(CONNECTION_FAULTS.frameSize);
    this.#inData = true;
    this.#contentLeft = length;
    this.#padding = this.#paddingLeft = 0;
    this.#observer.dataBegins(flags, streamId, length);
    if (length === 0) this.#endData();
  }

  #readData(buffer: Buffer, start: number, end: number): number {
    let i = this.#paddingUnread ? this.#readPadding(buffer, start) : start;
    if (this.#contentLeft > 0) {
      const stop = Math.min(end, i + this.#contentLeft);
      if (stop > i) {
        this.#contentLeft -= stop - i;
        this.#observer.data(buffer, i, stop);
        i = stop;
      }
    }
    if (this.#contentLeft === 0) {
      const skipped = Math.min(end - i, this.#paddingLeft);
      this.#paddingLeft -= skipped;
      i += skipped;
      if (this.#paddingLeft === 0) this.#endData();
    }
    return i;
  }

  /** @see RFC 9113 §6.1 */
  #readPadding(buffer: Buffer, at: number): number {
    const padding = buffer[at]!;
    this.#paddingUnread = false;
    this.#contentLeft--;
    if (padding > this.#contentLeft) this.#fail(CONNECTION_FAULTS.padding);
    else this.#contentLeft -= padding;
    this.#paddingLeft = padding;
    this.#padding = padding + 1;
    return at + 1;
  }

  #endData(): void {
    this.#inData = false;
    if (!this.#stopped) this.#observer.dataEnds(this.#padding);
  }

  #fail(fault: Fault, next = 0): number {
    this.stop();
    this.#observer.malformed(fault);
    return next;
  }
}

function lengthOf(buffer: Uint8Array, at: number): number {
  return (buffer[at]! << 16) | (buffer[at + 1]! << 8) | buffer[at + 2]!;
}

/** The highest bit is reserved and ignored (RFC 9113 §4.1). */
function streamIdOf(buffer: Uint8Array, at: number): number {
  return ((buffer[at + 5]! & 0x7f) << 24) | (buffer[at + 6]! << 16) | (buffer[at + 7]! << 8) | buffer[at + 8]!;
}
