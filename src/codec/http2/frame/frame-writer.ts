import type { Output } from './output.ts';
import {
  ACK,
  CONTINUATION,
  END_HEADERS,
  FRAME_HEAD_BYTES,
  GOAWAY,
  HEADERS,
  PING,
  PREFACE,
  RST_STREAM,
  SETTINGS,
  WINDOW_UPDATE,
} from './frame-type.ts';
import { MAX_FRAME_BYTES } from '../limits.ts';

/* Frames, written straight into a connection's output. */

const SETTING_BYTES = 6;
const PING_BYTES = 8;

/** Writes the head of a frame, for which there must be room. @returns the position behind it */
export function writeFrameHead(
  bytes: Buffer,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  return writeInt32(bytes, at + 5, streamId);
}

function writeInt32(bytes: Buffer, at: number, value: number): number {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
  return at + 4;
}

/** @see RFC 9113 §3.4 */
export function writePreface(out: Output): void {
  const at = out.reserve(PREFACE.length);
  out.bytes.set(PREFACE, at);
  out.length = at + PREFACE.length;
}

/** @param settings id, value, id, value, … */
export function writeSettings(out: Output, settings: readonly number[]): void {
  const length = (settings.length >> 1) * SETTING_BYTES;
  const start = out.reserve(FRAME_HEAD_BYTES + length);
  let at = writeFrameHead(out.bytes, start, length, SETTINGS, 0, 0);
  for (let i = 0; i < settings.length; i += 2) {
    out.bytes[at] = settings[i]! >>> 8;
    out.bytes[at + 1] = settings[i]!;
    at = writeInt32(out.bytes, at + 2, settings[i + 1]!);
  }
  out.length = at;
}

export function writeSettingsAck(out: Output): void {
  const at = out.reserve(FRAME_HEAD_BYTES);
  out.length = writeFrameHead(out.bytes, at, 0, SETTINGS, ACK, 0);
}

/** @param payload eight octets at `start` */
export function writePing(out: Output, flags: number, payload: Uint8Array, start: number): void {
  const at = out.reserve(FRAME_HEAD_BYTES + PING_BYTES);
  const next = writeFrameHead(out.bytes, at, PING_BYTES, PING, flags, 0);
  for (let i = 0; i < PING_BYTES; i++) out.bytes[next + i] = payload[start + i]!;
  out.length = next + PING_BYTES;
}

export function writeRstStream(out: Output, streamId: number, code: number): void {
  const at = out.reserve(FRAME_HEAD_BYTES + 4);
  out.length = writeInt32(out.bytes, writeFrameHead(out.bytes, at, 4, RST_STREAM, 0, streamId), code);
}

export function writeWindowUpdate(out: Output, streamId: number, increment: number): void {
  const at = out.reserve(FRAME_HEAD_BYTES + 4);
  out.length = writeInt32(out.bytes, writeFrameHead(out.bytes, at, 4, WINDOW_UPDATE, 0, streamId), increment);
}

export function writeGoAway(out: Output, lastStreamId: number, code: number): void {
  const at = out.reserve(FRAME_HEAD_BYTES + 8);
  const next = writeFrameHead(out.bytes, at, 8, GOAWAY, 0, 0);
  out.length = writeInt32(out.bytes, writeInt32(out.bytes, next, lastStreamId), code);
}

/** Leaves room for the head of a HEADERS frame. @returns its position; the block is then written behind it */
export function beginHeaders(out: Output): number {
  const at = out.reserve(FRAME_HEAD_BYTES);
  out.length = at + FRAME_HEAD_BYTES;
  return at;
}

/**
 * The block behind {@link beginHeaders} is complete: writes the head in front of it, and cuts it into CONTINUATION
 * frames where it is too long for one frame (RFC 9113 §6.10).
 * @param at what {@link beginHeaders} returned
 * @param flags END_STREAM or 0
 */
export function endHeaders(out: Output, at: number, streamId: number, flags: number): void {
  const length = out.length - at - FRAME_HEAD_BYTES;
  if (length <= MAX_FRAME_BYTES) {
    writeFrameHead(out.bytes, at, length, HEADERS, flags | END_HEADERS, streamId);
    return;
  }
  const more = Math.ceil(length / MAX_FRAME_BYTES) - 1;
  out.reserve(more * FRAME_HEAD_BYTES);
  const bytes = out.bytes;
  const start = at + FRAME_HEAD_BYTES;
  // From the last piece to the first, so that none is overwritten before it has moved.
  for (let i = more; i > 0; i--) {
    const from = start + i * MAX_FRAME_BYTES;
    const to = Math.min(from + MAX_FRAME_BYTES, start + length);
    const head = from + (i - 1) * FRAME_HEAD_BYTES;
    bytes.copyWithin(head + FRAME_HEAD_BYTES, from, to);
    writeFrameHead(bytes, head, to - from, CONTINUATION, i === more ? END_HEADERS : 0, streamId);
  }
  writeFrameHead(bytes, at, MAX_FRAME_BYTES, HEADERS, flags, streamId);
  out.length += more * FRAME_HEAD_BYTES;
}
