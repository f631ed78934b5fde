import type { Fields } from '#http/fields.ts';
import type { RequestHead, ResponseHead } from '#http/head.ts';
import { encodeRequestHead, encodeResponseHead, encodeTrailers } from './encoder.ts';
import { DATA, END_STREAM, FRAME_HEAD_BYTES } from './frame/frame-type.ts';
import { beginHeaders, endHeaders, writeFrameHead, writeRstStream, writeWindowUpdate } from './frame/frame-writer.ts';
import { Output } from './frame/output.ts';
import { DEFAULT_TABLE_BYTES } from './hpack/dynamic-table.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { type Http2Limits, MAX_FRAME_BYTES } from './limits.ts';
import type { SendingStream } from './sending-stream.ts';
import { DEFAULT_WINDOW_BYTES, MAX_WINDOW_BYTES } from './settings.ts';

/** Octets up to which a loop beats the call that copies them. */
const SHORT_COPY = 32;

/**
 * The sending half of a connection: its output, its window, and the streams that wait for either.
 *
 * Heads go out at once. Content does while windows and output have room and nobody waits; else it waits in its stream,
 * and streams take turns with a frame each. So a peer that does not read makes this side hold one write per stream.
 */
export class Sender {
  readonly output: Output = new Output();
  readonly hpack: HpackEncoder;
  readonly #wake: { output(): void };
  readonly #outputBytes: number;
  readonly #headerTableBytes: number;
  /** Octets that the peer takes now on all streams together. */
  #window = DEFAULT_WINDOW_BYTES;
  /** Whether somebody has been told that there is output. It is so from the start: the preface. */
  #woken = true;
  /** How often output was taken: tells whether a frame is still there. */
  #outputNumber = 0;
  #firstQueued: SendingStream | null = null;
  #lastQueued: SendingStream | null = null;
  /** Frames in the output that the peer has caused without anything useful. */
  controlFrames = 0;
  /** DATA frames sent so far. */
  dataFrames = 0;

  constructor(wake: { output(): void }, limits: Http2Limits) {
    this.#wake = wake;
    this.#outputBytes = limits.outputBytes;
    this.#headerTableBytes = limits.headerTableBytes;
    this.hpack = new HpackEncoder(this.output);
    this.allowTable(DEFAULT_TABLE_BYTES);
  }

  /** @param peerBytes what the peer allows */
  allowTable(peerBytes: number): void {
    this.hpack.resize(Math.min(peerBytes, this.#headerTableBytes));
  }

  /** Must be called behind everything that was written into the output. */
  signal(): void {
    if (this.#woken) return;
    this.#woken = true;
    this.#wake.output();
  }

  /** @returns what is to be sent now, or null; stands only until any connection of this thread writes again */
  take(): Buffer | null {
    this.#sendWaiting();
    this.#woken = false;
    if (this.output.length === 0) return null;
    this.#outputNumber++;
    this.controlFrames = 0;
    const taken = this.output.take();
    if (this.#firstQueued !== null && this.#window > 0) this.signal();
    return taken;
  }

  // ── heads ──

  request(stream: SendingStream, head: RequestHead, complete: boolean): void {
    const at = beginHeaders(this.output);
    encodeRequestHead(this.hpack, head);
    this.#endHead(stream, at, complete);
  }

  /** @param method of the request that it answers */
  response(stream: SendingStream, head: ResponseHead, method: string, complete: boolean): void {
    const at = beginHeaders(this.output);
    encodeResponseHead(this.hpack, head, method);
    this.#endHead(stream, at, complete);
  }

  #endHead(stream: SendingStream, at: number, complete: boolean): void {
    endHeaders(this.output, at, stream.id, complete ? END_STREAM : 0);
    this.#noteFrame(stream, at);
    this.signal();
    if (complete) stream.endSent();
  }

  // ── content ──

  /** Takes all of the chunk: sends what may be sent, and copies the rest. @returns false when something waits */
  write(stream: SendingStream, chunk: Uint8Array): boolean {
    const length = chunk.length;
    if (stream.pending !== null) {
      stream.pending = Buffer.concat([stream.pending.subarray(stream.pendingAt), chunk]);
      stream.pendingAt = 0;
      return false;
    }
    let at = 0;
    if (this.#firstQueued === null) {
      while (at < length) {
        const octets = this.#sendable(stream, length - at);
        if (octets <= 0) break;
        this.#writeData(stream, chunk, at, octets, 0);
        at += octets;
      }
    }
    if (at > 0) this.signal();
    if (at === length) return true;
    stream.pending = Buffer.from(chunk.subarray(at));
    stream.pendingAt = 0;
    this.enqueue(stream);
    return false;
  }

  /** Ends the stream, on which nothing waits: on its last frame where that is still here, else with one more. */
  finish(stream: SendingStream): void {
    const trailers = stream.trailers;
    if (trailers !== null && trailers.size > 0) {
      this.#writeTrailers(stream, trailers);
    } else if (stream.lastFrameOutput === this.#outputNumber) {
      const flags = stream.lastFrameAt + 4;
      this.output.bytes[flags] = this.output.bytes[flags]! | END_STREAM;
    } else {
      const at = this.output.reserve(FRAME_HEAD_BYTES);
      this.output.length = writeFrameHead(this.output.bytes, at, 0, DATA, END_STREAM, stream.id);
    }
    this.signal();
    stream.endSent();
  }

  #writeTrailers(stream: SendingStream, trailers: Fields): void {
    const at = beginHeaders(this.output);
    encodeTrailers(this.hpack, trailers);
    endHeaders(this.output, at, stream.id, END_STREAM);
  }

  // ── windows ──

  /** The peer takes more on the connection. @returns false where that is more than a window may be */
  open(increment: number): boolean {
    this.#window += increment;
    if (this.#firstQueued !== null) this.signal();
    return this.#window <= MAX_WINDOW_BYTES;
  }

  /** The peer takes more (or less) on a stream. @returns false where that is more than a window may be */
  openStream(stream: SendingStream, increment: number): boolean {
    stream.sendWindow += increment;
    if (stream.pending !== null) this.enqueue(stream);
    return stream.sendWindow <= MAX_WINDOW_BYTES;
  }

  /** Has a stream take its turn, unless its own window is closed. */
  enqueue(stream: SendingStream): void {
    if (stream.queued || stream.sendWindow <= 0) return;
    stream.queued = true;
    if (this.#lastQueued === null) this.#firstQueued = stream;
    else this.#lastQueued.nextQueued = stream;
    this.#lastQueued = stream;
    this.signal();
  }

  // ── frames of the connection ──

  reset(streamId: number, code: number): void {
    writeRstStream(this.output, streamId, code);
    this.controlFrames++;
    this.signal();
  }

  windowUpdate(streamId: number, increment: number): void {
    writeWindowUpdate(this.output, streamId, increment);
    this.signal();
  }

  /** One frame of each stream in turn, until nothing waits or nothing more may be sent. */
  #sendWaiting(): void {
    for (let stream = this.#firstQueued; stream !== null; stream = this.#firstQueued) {
      if (stream.closed || stream.pending === null) this.#dequeue(stream);
      else if (stream.sendWindow <= 0) this.#dequeue(stream);
      else if (!this.#sendPending(stream, stream.pending)) return;
    }
  }

  /** @returns false where the connection can send nothing more */
  #sendPending(stream: SendingStream, pending: Uint8Array): boolean {
    const left = pending.length - stream.pendingAt;
    const octets = this.#sendable(stream, left);
    if (octets <= 0) return false;
    this.#dequeue(stream);
    this.#writeData(stream, pending, stream.pendingAt, octets, 0);
    if (octets < left) {
      stream.pendingAt += octets;
      this.enqueue(stream);
    } else {
      stream.pending = null;
      if (stream.ending) this.finish(stream);
      else stream.drained();
    }
    return true;
  }

  #dequeue(stream: SendingStream): void {
    this.#firstQueued = stream.nextQueued;
    if (this.#firstQueued === null) this.#lastQueued = null;
    stream.nextQueued = null;
    stream.queued = false;
  }

  /** How many octets of `wanted` may go into the next frame. */
  #sendable(stream: SendingStream, wanted: number): number {
    const room = this.#outputBytes - this.output.length - FRAME_HEAD_BYTES;
    return Math.min(wanted, MAX_FRAME_BYTES, stream.sendWindow, this.#window, room);
  }

  #writeData(stream: SendingStream, chunk: Uint8Array, from: number, octets: number, flags: number): void {
    const out = this.output;
    const at = out.reserve(FRAME_HEAD_BYTES + octets);
    const bytes = out.bytes;
    const start = writeFrameHead(bytes, at, octets, DATA, flags, stream.id);
    if (octets <= SHORT_COPY) for (let i = 0; i < octets; i++) bytes[start + i] = chunk[from + i]!;
    else bytes.set(octets === chunk.length ? chunk : chunk.subarray(from, from + octets), start);
    out.length = start + octets;
    stream.sendWindow -= octets;
    this.#window -= octets;
    this.dataFrames++;
    this.#noteFrame(stream, at);
  }

  #noteFrame(stream: SendingStream, at: number): void {
    stream.lastFrameAt = at;
    stream.lastFrameOutput = this.#outputNumber;
  }
}
